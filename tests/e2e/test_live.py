"""Open screens show what another person changes."""

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import create_project, create_user, sign_in_by_call
from tests.e2e.test_journey import NewPage

pytestmark = pytest.mark.e2e


def test_an_invitation_reaches_the_open_screens_of_who_is_invited(new_page: NewPage, admin: tuple[str, str]) -> None:
    """The list, the notification menu, the dashboard and the project page change while somebody looks at them."""
    guest, other = new_page(), new_page()
    lena = create_user(guest, "lena", "Lena Live")
    sign_in_by_call(guest, "lena", path="/projects")
    expect(guest.get_by_text("No projects yet").or_(guest.get_by_text("Nothing here yet")).first).to_be_visible()
    sign_in_by_call(other, "lena", path="/notifications")
    expect(guest.get_by_role("status").filter(has_text="Connected")).to_be_visible()

    create_project(guest, "Shared Plan", lena)
    row = guest.locator("tbody tr").filter(has_text="Shared Plan")
    expect(row).to_be_visible()
    expect(guest.get_by_role("button", name="Notifications, 1 unread")).to_be_visible()
    expect(other.locator("main").get_by_text("Ada Admin added you to Shared Plan as")).to_be_visible()

    other.locator("main").get_by_role("button", name="Ada Admin added you to Shared Plan").click()
    expect(other.get_by_role("heading", level=1, name="Shared Plan")).to_be_visible()
    expect(guest.get_by_role("button", name="Notifications", exact=True)).to_be_visible()


def test_who_edits_is_seen_and_what_they_save_appears_without_a_reload(
    new_page: NewPage, admin: tuple[str, str]
) -> None:
    boss, guest = new_page(), new_page()
    watched = create_project(boss, "Watched", create_user(boss, "kaya", "Kaya Live"))
    sign_in_by_call(boss, *admin, path=watched)
    expect(boss.get_by_role("heading", level=1, name="Watched")).to_be_visible()
    sign_in_by_call(guest, "kaya", path=watched)
    expect(boss.get_by_text("Kaya Live is here")).to_be_visible()
    expect(guest.get_by_text("Ada Admin is here")).to_be_visible()

    boss.get_by_role("button", name="Edit").click()
    expect(guest.get_by_text("Ada Admin is editing")).to_be_visible()
    dialog = boss.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("Watched closely")
    dialog.get_by_role("button", name="Save").click()
    expect(guest.get_by_role("heading", level=1, name="Watched closely")).to_be_visible()
    expect(guest.get_by_text("Ada Admin is here")).to_be_visible()
    guest.close()
    expect(boss.get_by_text("Kaya Live is here")).to_be_hidden()

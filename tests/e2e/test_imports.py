"""An import in a real browser: uploaded, previewed, started, and its error file downloaded."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import sign_in_by_call
from tests.e2e.test_journey import NewPage

pytestmark = pytest.mark.e2e


def test_a_file_becomes_users_and_an_error_file(new_page: NewPage, admin: tuple[str, str], tmp_path: Path) -> None:
    page, file = new_page(), tmp_path / "people.csv"
    sign_in_by_call(page, *admin, path="/users")
    page.get_by_role("button", name="Import CSV").click()
    dialog = page.get_by_role("dialog")
    file.write_text("name\nIda\n")
    dialog.get_by_label("CSV file").set_input_files(file)
    dialog.get_by_role("button", name="Upload").click()
    expect(dialog.get_by_role("alert").filter(has_text='Unknown column "name"')).to_be_visible()
    file.write_text("username,email,full_name\nidaimport,ida@example.com,Ida Import\nx,nobody,\n")
    dialog.get_by_label("CSV file").set_input_files(file)
    dialog.get_by_role("button", name="Upload").click()
    expect(page.get_by_text("1 new, 1 with errors")).to_be_visible()
    page.get_by_role("button", name="Import 1 row").press("Enter")
    expect(page.get_by_text("Finished")).to_be_visible()
    expect(page.get_by_role("heading", name="Result").locator(":focus")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Error file").click()
    assert "email: Enter an email address" in download.value.path().read_text()
    page.get_by_role("link", name="View users").click()
    expect(page.get_by_role("cell", name="idaimport", exact=True)).to_be_visible()

"""Administrators erase a person on their page, by typing the username."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import create_user, sign_in_by_call
from tests.e2e.test_journey import NewPage

pytestmark = pytest.mark.e2e


def test_a_person_is_erased(new_page: NewPage, admin: tuple[str, str]) -> None:
    boss = new_page()
    sign_in_by_call(boss, *admin, path=f"/users/{create_user(boss, 'fleeting', 'Flo Eating')}")
    boss.get_by_role("button", name="Erase account").click()
    dialog = boss.get_by_role("alertdialog")
    expect(dialog).to_contain_text("Erase the account of fleeting?")
    dialog.get_by_label("Type fleeting to confirm").fill("fleeting")
    dialog.get_by_role("button", name="Erase account").click()
    expect(boss).to_have_url(re.compile("/users/?$"))
    expect(boss.get_by_text("Account erased")).to_be_visible()
    expect(boss.locator("tbody").get_by_text("Flo Eating")).to_have_count(0)

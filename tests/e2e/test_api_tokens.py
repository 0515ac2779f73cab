"""API tokens in a real browser: shown once, used, rotated, revoked, and listed for administrators."""

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import Console, sign_in
from tests.e2e.test_journey import NewPage, create_project

pytestmark = pytest.mark.e2e


def status_with(console: Console, token: str) -> int:
    return httpx.get(f"{console.url}/api/v1/projects", headers={"Authorization": f"Bearer {token}"}).status_code


def shown_token(page: Page) -> str:
    field = page.get_by_label("Token", exact=True)
    expect(field).not_to_have_value("")
    token = field.input_value()
    page.get_by_role("button", name="Done").click()
    expect(field).to_be_hidden()
    return token


def choose(page: Page, name: str, action: str) -> Locator:
    page.get_by_role("button", name=f"Actions for {name}").first.click()
    page.get_by_role("menuitem", name=action).click()
    return page.get_by_role("alertdialog")


def test_tokens_of_a_person_and_of_a_project(new_page: NewPage, admin: tuple[str, str], console: Console) -> None:
    page = new_page()
    sign_in(page, *admin, path="/settings?tab=tokens")
    page.get_by_role("button", name="New token").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Laptop")
    dialog.get_by_label("Allowed networks").fill("nowhere")
    dialog.get_by_role("button", name="Create token").click()
    expect(dialog.get_by_text("characters that are not allowed")).to_be_visible()
    dialog.get_by_label("Allowed networks").fill("127.0.0.1, ::1")
    dialog.get_by_role("button", name="Create token").click()
    expect(dialog).to_be_hidden()
    first = shown_token(page)
    assert status_with(console, first) == 200
    expect(page.get_by_role("row", name="Laptop")).to_contain_text("Active")

    choose(page, "Laptop", "Rotate").get_by_role("button", name="Rotate token").click()
    second = shown_token(page)
    assert [status_with(console, token) for token in (first, second)] == [200, 200]
    expect(page.get_by_text("Replaced")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Replaced")).to_be_visible()
    assert not [token for token in (first, second) if token in page.content()]

    page.goto("/projects")
    create_project(page, "Token Project")
    page.get_by_role("link", name="Token Project").first.click()
    page.get_by_role("navigation", name="Sections").get_by_role("link", name="Settings").click()
    page.get_by_role("button", name="New token").click()
    dialog.get_by_label("Name").fill("CI")
    dialog.get_by_role("button", name="Create token").click()
    third = shown_token(page)
    assert status_with(console, third) == 200
    expect(page.get_by_role("row", name="CI")).to_contain_text("Deployer, Deploy")

    page.goto("/admin/tokens")
    expect(page.get_by_role("row", name="Token Project")).to_contain_text("CI")
    choose(page, "CI", "Revoke").get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("CI revoked")).to_be_visible()
    assert [status_with(console, token) for token in (second, third)] == [200, 401]

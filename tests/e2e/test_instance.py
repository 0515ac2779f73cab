"""The instance settings in a real browser: name, logo, what the environment sets, the history."""

import base64
import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import sign_in_by_call
from tests.e2e.test_journey import NewPage

pytestmark = pytest.mark.e2e
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPj/HwADBwIAMCbHYQAAAABJRU5ErkJggg=="
)


def test_an_administrator_gives_the_console_a_name_and_a_logo(new_page: NewPage, admin: tuple[str, str]) -> None:
    page = new_page()
    sign_in_by_call(page, *admin)
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Instance settings").click()
    expect(page.get_by_role("heading", name="Instance settings", level=1)).to_be_visible()
    expect(page.get_by_text("Set by STATUS_PUBLIC in the environment.")).to_be_visible()
    name = page.get_by_label("Name", exact=True)
    name.fill("Acme Console")
    page.get_by_label("Default time zone").fill("Mars")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Enter a time zone, such as Europe/Berlin or UTC.")).to_be_visible()
    page.get_by_label("Default time zone").fill("Europe/Berlin")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Instance settings saved")).to_be_visible()
    expect(page).to_have_title(re.compile(r"^(\(\d+\+?\) )?Instance settings · Acme Console$"))

    page.get_by_role("button", name="Upload logo").click()
    dialog = page.get_by_role("dialog")
    image = dialog.get_by_label("Image")
    image.set_input_files({"name": "logo.svg", "mimeType": "image/svg+xml", "buffer": b"<svg/>"})
    dialog.get_by_role("button", name="Upload", exact=True).click()
    expect(dialog.get_by_text("Use a PNG or WebP image.")).to_be_visible()
    image.set_input_files({"name": "logo.png", "mimeType": "image/png", "buffer": PNG})
    dialog.get_by_role("button", name="Upload", exact=True).click()
    expect(page.get_by_text("Logo saved")).to_be_visible()
    stranger = new_page()
    stranger.goto("/login")
    expect(stranger).to_have_title("Sign in · Acme Console")
    src = stranger.locator(".brand img").get_attribute("src") or ""
    assert src.startswith("/api/v1/instance/logo?v=")
    assert stranger.request.get(src).headers["content-type"] == "image/webp"

    page.get_by_role("navigation", name="Sections").get_by_role("link", name="History").click()
    expect(page.get_by_text("Ada Admin changed the settings of Acme Console").first).to_be_visible()
    page.get_by_role("navigation", name="Sections").get_by_role("link", name="Settings").click()
    page.get_by_role("button", name="Remove").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Remove logo").click()
    expect(page.get_by_text("Logo removed")).to_be_visible()
    name.fill("TCA InfraForge")
    page.get_by_role("button", name="Save").click()
    expect(page).to_have_title(re.compile(r"^(\(\d+\+?\) )?Instance settings · TCA InfraForge$"))

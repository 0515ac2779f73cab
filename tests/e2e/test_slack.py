"""Slack in the settings of a project in a real browser: connected, tested, broken, removed."""

import json

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Receiver, create_project, sign_in_by_call
from tests.e2e.test_journey import NewPage

pytestmark = pytest.mark.e2e


def test_a_project_is_connected_to_slack_and_removed(
    new_page: NewPage, admin: tuple[str, str], receiver: Receiver
) -> None:
    page = new_page()
    sign_in_by_call(page, *admin, path=create_project(page, "Slack Project"))
    page.get_by_role("navigation", name="Sections").get_by_role("link", name="Settings").click()
    page.get_by_role("button", name="Connect Slack").click()
    dialog = page.get_by_role("dialog")
    url = dialog.get_by_label("Webhook URL")
    url.fill("https://example.com/services/x")
    dialog.get_by_role("button", name="Connect").click()
    expect(dialog.get_by_text("Enter the URL of a Slack incoming webhook")).to_be_visible()
    url.fill(f"{receiver.url}/services/canary-of-slack")
    dialog.get_by_label("Freezes").check()
    dialog.get_by_role("button", name="Connect").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_text("Deployments, Approvals, Health, Freezes")).to_be_visible()
    expect(page.get_by_text("None yet").last).to_be_visible()
    assert "canary-of-slack" not in page.content()

    page.get_by_role("button", name="Send test message").click()
    expect(page.get_by_text("None yet")).to_have_count(1)  # without a reload; the other is GitHub's repository
    assert "messages about Slack Project arrive here" in json.loads(receiver.got[-1][1])["text"]
    receiver.code = 404
    try:
        page.get_by_role("button", name="Send test message").click()
        expect(page.get_by_role("alert").filter(has_text="The last message failed")).to_contain_text("answered 404")
    finally:
        receiver.code = 200

    page.reload()
    panel = page.locator(".panel").filter(has_text="Send test message")
    panel.get_by_role("button", name="Remove").click()
    confirmation = page.get_by_role("alertdialog")
    confirmation.get_by_role("button", name="Cancel").click()
    expect(confirmation).to_be_hidden()
    panel.get_by_role("button", name="Remove").click()
    confirmation.get_by_role("button", name="Remove Slack").click()
    expect(page.get_by_role("button", name="Connect Slack")).to_be_visible()

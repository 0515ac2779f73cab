"""A webhook in a real browser: its secret is shown once, deliveries verify, and the log is live."""

import re

import pytest
from playwright.sync_api import expect
from standardwebhooks.webhooks import Webhook

from tests.e2e.conftest import Receiver, create_project, sign_in_by_call
from tests.e2e.test_journey import NewPage

pytestmark = pytest.mark.e2e


def test_a_webhook_from_its_making_to_its_end(new_page: NewPage, admin: tuple[str, str], receiver: Receiver) -> None:
    page = new_page()
    sign_in_by_call(page, *admin, path=create_project(page, "Hooked Project"))
    page.get_by_role("link", name="Webhooks", exact=True).last.click()
    page.get_by_role("button", name="New webhook").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("URL").fill("http://169.254.169.254/latest")
    dialog.get_by_role("button", name="Create").click()
    expect(dialog.get_by_text("not on the public Internet")).to_be_visible()
    dialog.get_by_label("URL").fill(f"{receiver.url}/in")
    dialog.get_by_label("Events", exact=True).select_option("chosen")
    dialog.get_by_label("Project updated").check()
    dialog.get_by_role("button", name="Create").click()
    expect(dialog).to_be_hidden()
    secret = page.get_by_label("Secret", exact=True)
    expect(secret).not_to_have_value("")
    key = secret.input_value()
    page.get_by_role("button", name="Copy").click()
    page.get_by_role("button", name="Done").click()
    expect(secret).to_be_hidden()

    page.get_by_role("link", name=f"{receiver.url}/in").click()
    expect(page.get_by_text("No deliveries yet")).to_be_visible()
    page.get_by_role("button", name="Send test").click()
    line = page.get_by_role("row", name="Ping Delivered 1")
    expect(line).to_be_visible()  # without a reload: the log is live
    line.get_by_role("button", name="Ping").click()
    expect(page.get_by_text('"type": "ping"')).to_be_visible()
    expect(page.get_by_text("text/plain")).to_be_visible()
    expect(page.get_by_text("inner words")).to_be_hidden()
    headers, body = receiver.got[-1]
    assert Webhook(key).verify(body, headers)["type"] == "ping"
    page.get_by_role("button", name="Redeliver").click()
    expect(page.get_by_role("row", name="Ping Delivered 2")).to_be_visible()
    page.get_by_role("button", name="Attempt", exact=True).click()
    expect(page.get_by_role("columnheader", name="Attempt")).to_have_attribute("aria-sort", "ascending")
    expect(page.get_by_role("row", name="Ping Delivered").first).to_contain_text(re.compile("^PingDelivered1"))
    expect(page.get_by_text('"type": "ping"')).to_be_visible()  # what is open stays open
    assert receiver.got[-1][0]["webhook-id"] == headers["webhook-id"]

    page.reload()
    expect(page.get_by_role("row", name="Ping Delivered 1")).to_be_visible()
    assert key not in page.content()
    page.get_by_role("button", name="Disable").click()
    expect(page.get_by_role("button", name="Enable")).to_be_visible()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No webhooks yet")).to_be_visible()

"""API tokens: in a real browser, and in the quick start of a pipeline."""

import os
import re
import subprocess
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import ROOT, Console, create_project, sign_in_by_call, visit
from tests.e2e.test_journey import NewPage

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
    sign_in_by_call(page, *admin, path="/settings?tab=tokens")
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

    visit(page, create_project(page, "Token Project"))
    page.get_by_role("navigation", name="Sections").get_by_role("link", name="Settings").click()
    page.get_by_role("button", name="New token").click()
    dialog.get_by_label("Name").fill("CI")
    dialog.get_by_role("button", name="Create token").click()
    third = shown_token(page)
    assert status_with(console, third) == 200
    expect(page.get_by_role("row", name="CI")).to_contain_text("Deployer, Deploy")

    visit(page, "/admin/tokens")
    row, expiry = page.get_by_role("row", name="Token Project"), re.compile(r"in \d+ days")
    expect(row).to_contain_text("CI")
    expect(row).to_contain_text(expiry)
    choose(page, "CI", "Revoke").get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("CI revoked")).to_be_visible()
    visit(page, "/admin/tokens?state=revoked")
    expect(row).to_contain_text("Revoked")
    expect(row).not_to_contain_text(expiry)
    assert [status_with(console, token) for token in (second, third)] == [200, 401]


def test_the_quick_start_leads_to_a_deployment(console: Console, admin: tuple[str, str], tmp_path: Path) -> None:
    """The lines of the page, as they are. pip takes what is installed already, and no network."""
    first, *blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / "quick-start.md").read_text(), re.DOTALL)
    assert first == "make run\n"
    assert f'"username": "{admin[0]}", "password": "{admin[1]}"' in blocks[0]
    script = "".join(blocks).replace("http://localhost:8000", console.url)
    offline = {"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0", "PIP_TARGET": str(tmp_path)}
    env = offline | {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(tmp_path)}
    command = ["bash", "-euo", "pipefail", "-c", script]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "Copying files\nRestarting\n" in done.stdout
    assert "ledger   production   1.4.2" in done.stdout
    found = re.search(r"^tca: Deployment \d+: 1\.4\.2 to production, (http\S+)$", done.stderr, re.MULTILINE)
    assert found is not None
    number = found[1].rsplit("/", 1)[-1]
    login = httpx.post(f"{console.url}/api/auth/login", json={"username": admin[0], "password": admin[1]}).json()
    header = {"Authorization": f"Bearer {login['access_token']}"}
    lines = httpx.get(f"{console.url}/api/v1/deployments/{number}/logs", headers=header).json()
    assert [line["line"] for line in lines] == ["Copying files", "Restarting"]

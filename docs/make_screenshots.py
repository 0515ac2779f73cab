"""Makes the pictures in docs/screenshots from demo data: `.venv/bin/python docs/make_screenshots.py [NAME ...]`.

Runs a console of its own, with its own DATA_DIR in a temporary folder and a free port, and ends it. Chromium comes from
CHROMIUM or /usr/bin/chromium.
"""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "screenshots"
OWNER = "diegomartin"  # of the project Ledger; all people of the demo have one password
DESKTOP, PHONE = (1280, 720), (390, 844)
MAX_BYTES = 150_000
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
expect.set_options(timeout=15_000)


@dataclass(frozen=True)
class Console:
    """A running console with demo data, and an administrator of it."""

    url: str
    username: str
    password: str


@contextmanager
def demo_console(data_dir: Path) -> Iterator[Console]:
    """Fill a new database and serve it while the block runs."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = _settings(data_dir, port)
    command = [sys.executable, "-m", "tca_app"]
    done = subprocess.run([*command, "demo"], cwd=ROOT, env=settings, capture_output=True, text=True, check=False)
    found = re.search(r"Sign in as (\S+) .*password is (\S+)", done.stdout)
    if found is None:
        sys.exit(f"the demo data could not be made:\n{done.stdout}{done.stderr}")
    serving = subprocess.Popen(
        [*command, "serve"], cwd=ROOT, env=settings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        _wait_until_ready(serving)
        yield Console(f"http://localhost:{port}", found[1], found[2])
    finally:
        serving.terminate()
        serving.communicate(timeout=30)


def _settings(data_dir: Path, port: int) -> dict[str, str]:
    """Only what this run needs, and the rest empty: a `.env` that names a real database must not be filled."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "TMPDIR", "LANG")}
    kept |= {name: value for name, value in os.environ.items() if name.startswith(("NPM_", "npm_", "NODE_"))}
    empty = dict.fromkeys(("DATABASE_URL", "REDIS_URL", "PUBLIC_URL", "ALLOWED_HOSTS", "ALLOWED_ORIGINS"), "")
    own = {"DATA_DIR": str(data_dir), "HOST": "127.0.0.1", "PORT": str(port), "ENVIRONMENT": "development"}
    return kept | empty | own | {"LOG_LEVEL": "ERROR", "FIRST_SUPERUSER_USERNAME": "", "STATUS_PUBLIC": "true"}


def _wait_until_ready(serving: subprocess.Popen[str]) -> None:
    said = []
    for line in serving.stdout or ():
        said.append(line)
        if " is ready: " in line:
            return
    sys.exit("the console did not start:\n" + "".join(said))


def sign_in(browser: Browser, console: Console) -> Any:
    """The cookies of one sign-in, for all pictures: a session each would meet the rate limit."""
    context = browser.new_context(base_url=console.url)
    page = context.new_page()
    page.goto("/login")
    page.get_by_label("Username or email").fill(console.username)
    page.get_by_label("Password", exact=True).fill(console.password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/dashboard")
    kept = context.storage_state()
    context.close()
    return kept


def _show_login(page: Page) -> None:
    page.goto("/login")
    expect(page.get_by_role("button", name="Sign in")).to_be_enabled()


def _show_dashboard(page: Page) -> None:
    page.goto("/dashboard")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator(".day-bars").first).to_be_visible()


def _show_users(page: Page) -> None:
    page.goto("/users?q=lo")
    expect(page.get_by_role("link", name="Diego López")).to_be_visible()


def _show_projects(page: Page) -> None:
    page.goto("/projects")
    expect(page.get_by_role("row").nth(20)).to_be_attached()


def _show_project(page: Page) -> None:
    page.goto("/projects?q=ledger")
    page.get_by_role("link", name="Ledger").click()
    expect(page.get_by_role("heading", level=1, name="Ledger")).to_be_visible()


def _show_deployments(page: Page) -> None:
    page.goto("/deployments")
    expect(page.get_by_role("row").nth(12)).to_be_attached()


def _show_activity(page: Page) -> None:
    page.goto("/activity")
    expect(page.locator(".feed > li").nth(10)).to_be_attached()


def _show_status(page: Page) -> None:
    page.goto("/status")
    expect(page.get_by_role("img", name=re.compile("^The last 90 days")).first).to_be_visible()


def _show_where(page: Page) -> None:
    page.goto("/projects?show=where")
    expect(page.get_by_role("row").nth(12)).to_be_attached()


def _show_deployment(page: Page) -> None:
    page.goto("/deployments?status=failed")
    page.locator("tbody tr a").first.click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_text("Failed:").first).to_be_visible()


def _show_conflict(owner: Any, page: Page) -> None:
    """Two people edit one project; the second sees what the first has saved. `owner`: cookies of the other one."""
    page.goto("/projects?q=ledger")
    browser = page.context.browser
    if browser is None:  # only of a browser that keeps one profile
        raise RuntimeError("this browser opens no second profile")
    other = browser.new_page(storage_state=owner, locale="en-GB")
    dialogs = []
    for tab in (page, other):
        tab.goto(page.url)
        tab.get_by_role("button", name="Actions for Ledger").click()
        tab.get_by_role("menuitem", name="Edit").click()
        dialogs.append(tab.get_by_role("dialog"))
    field = dialogs[1].get_by_label("Description")
    field.fill("Bookings and balances, closed " + ("every hour." if "night" in field.input_value() else "every night."))
    dialogs[1].get_by_role("button", name="Save").click()
    expect(dialogs[1]).to_be_hidden()
    dialogs[0].get_by_label("Description").fill("All bookings of the group.")
    dialogs[0].get_by_role("button", name="Save").click()
    expect(dialogs[0]).to_contain_text("saved this while you were editing")
    other.close()


def _show_api(page: Page) -> None:
    page.goto("/docs")
    expect(page.locator(".opblock").nth(8)).to_be_attached()


def _show_public(page: Page) -> None:
    page.goto("/status/public")
    expect(page.get_by_role("heading", level=1)).to_be_visible()


SHOWS: dict[str, Callable[[Page], None]] = {
    "login": _show_login,
    "dashboard": _show_dashboard,
    "users": _show_users,
    "projects": _show_projects,
    "project": _show_project,
    "deployments": _show_deployments,
    "activity": _show_activity,
    "status": _show_status,
    "where": _show_where,
    "deployment": _show_deployment,
    "api": _show_api,
    "public": _show_public,
}
NAMES = (*SHOWS, "conflict")  # the last one changes a row
PICTURES = [(f"{name}-{scheme}", name, scheme, DESKTOP) for name in NAMES for scheme in ("light", "dark")]
PICTURES.append(("dashboard-phone", "dashboard", "light", PHONE))


def take(
    browser: Browser,
    url: str,
    signed_in: Any,
    picture: tuple[str, str, str, tuple[int, int]],
    shows: dict[str, Callable[[Page], None]],
) -> None:
    """One picture, in a browser profile of its own."""
    name, show, scheme, (width, height) = picture
    context = browser.new_context(
        base_url=url,
        storage_state=None if show == "login" else signed_in,
        color_scheme=scheme,  # type: ignore[arg-type]
        viewport={"width": width, "height": height},
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="Europe/Berlin",
    )
    page = context.new_page()
    shows[show](page)
    page.mouse.move(0, height - 1)
    page.wait_for_timeout(700)  # charts and menus come to rest
    path = FOLDER / f"{name}.png"
    shot = page.screenshot(animations="disabled", caret="hide")
    with Image.open(BytesIO(shot)) as image:
        # Of the ways to choose 256 colours, the one that keeps the small coloured areas.
        few = image.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        few.save(path, optimize=True)
    context.close()
    size = path.stat().st_size
    sys.stdout.write(f"{path.relative_to(ROOT)} {size // 1000} kB{' TOO LARGE' if size > MAX_BYTES else ''}\n")


def main() -> None:
    """All pictures, or those whose names are given."""
    wanted = sys.argv[1:]
    FOLDER.mkdir(exist_ok=True)
    program = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    with ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory(prefix="tca-pictures-"))
        console = stack.enter_context(demo_console(Path(folder)))
        started = stack.enter_context(sync_playwright())
        browser = stack.enter_context(started.chromium.launch(executable_path=program, args=list(QUIET)))
        signed_in, owner = sign_in(browser, console), sign_in(browser, replace(console, username=OWNER))
        shows: dict[str, Callable[[Page], None]] = {**SHOWS, "conflict": partial(_show_conflict, owner)}
        for picture in PICTURES:
            if not wanted or picture[0] in wanted:
                take(browser, console.url, signed_in, picture, shows)


if __name__ == "__main__":
    main()

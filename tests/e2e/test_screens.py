"""Ten screens look as they did, at five widths and in the dark: compared with the pictures in the folder `screens`.

A change that is meant: `UPDATE_SCREENS=1 python -m pytest tests/e2e/test_screens.py`, then look at the new pictures.
"""

import os
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Literal

import pytest
from PIL import Image, ImageChops
from playwright.sync_api import Browser, Page, expect

from tca_app.ui import routes
from tests.e2e.axe import WIDTHS, violations
from tests.e2e.conftest import (
    PASSWORD,
    Console,
    create,
    create_project,
    create_user,
    running_console,
    sign_in_by_call,
)

pytestmark = pytest.mark.e2e
PICTURES = Path(__file__).with_name("screens")
HEIGHT = 900
SCALE = 2  # compared at half the size, which forgives other smoothing of letters
SAME = 40  # of 255: a difference in one colour that is none
MOST = 0.004  # the part of the pixels that may differ
TWO_FRAMES = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"
# What changes from run to run has a fixed size or is not shown: times, days and measurements.
STEADY = """
  time { display: inline-block; width: 88px; height: 1em; overflow: hidden; visibility: hidden; }
  .num, .measured, .day-bars, .day-bars *, .spark, .uptime, .toasts, .version, [data-steady=off] { visibility: hidden; }
"""


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[tuple[Console, Page]]:
    """A console that nobody has set up, and a page of it."""
    with (
        running_console(tmp_path_factory.mktemp("screens"), {}) as console,
        browser.new_context(base_url=console.url) as context,
    ):
        yield console, context.new_page()


@pytest.fixture(scope="module")
def shown(empty: tuple[Console, Page]) -> tuple[Console, dict[str, str]]:
    """A console with the same few rows each time, and the URL of each screen."""
    console, page = empty
    page.goto(console.setup_link)
    for label, text in (("Email", "ada@example.com"), ("Username", "ada"), ("Full name", "Ada Admin")):
        page.get_by_label(label).fill(text)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Create").click()
    page.wait_for_url("**/dashboard**")
    return console, _fill(page)


def _fill(page: Page) -> dict[str, str]:
    people = [create_user(page, name.lower(), f"{name} Example") for name in ("Bola", "Chidi", "Dana")]
    projects = [create_project(page, name, people[0]) for name in ("Billing", "Ledger", "Search")]
    deployments = [
        create(page, f"{project.strip('/')}/deployments", environment=environment, version=version)["id"]
        for project, environment, version in (
            (projects[0], "staging", "1.2.0"),
            (projects[1], "production", "3.1.0"),
            (projects[0], "production", "1.1.0"),
        )
    ]
    return {
        "login": "/login",
        "dashboard": "/dashboard",
        "projects": "/projects",
        "project": projects[0],
        "deployments": "/deployments",
        "deployment": f"/deployments/{deployments[2]}",
        "users": "/users",
        "activity": "/activity",
        "settings": "/settings",
    }


def _deploy(page: Page) -> None:
    """Newest versions and drift for the environments. The other screens are photographed before."""
    projects = {name: create_project(page, name) for name in ("Gateway", "Payments")}
    for project, environment, version in (
        ("Gateway", "production", "2.0.0"),
        ("Gateway", "staging", "2.1.0"),
        ("Gateway", "development", "2.2.0"),
        ("Payments", "production", "5.4.0"),
        ("Payments", "staging", "5.4.0"),
    ):
        path = f"{projects[project].strip('/')}/deployments"
        create(page, path, environment=environment, version=version, status="succeeded")


def _looks() -> Iterator[tuple[int, Literal["light", "dark"]]]:
    yield from ((width, "light") for width in WIDTHS)
    yield 1280, "dark"


def _settle(page: Page) -> None:
    """Until the page has its data, its font and its pictures."""
    expect(page.locator("main, [role=main], form").first).to_be_visible()
    expect(page.locator(".progress[data-busy=true], .skeleton, .boot")).to_have_count(0)
    page.evaluate("document.fonts.ready.then(() => true)")
    page.mouse.move(0, HEIGHT - 1)


def difference(new: Image.Image, old: Image.Image) -> float:
    """Returns the part of the pixels that differ, from 0 to 1."""
    if new.size != old.size:
        return 1.0
    half = (new.width // SCALE, new.height // SCALE)
    bands = ImageChops.difference(new.convert("RGB").resize(half), old.convert("RGB").resize(half)).split()
    worst = ImageChops.lighter(ImageChops.lighter(bands[0], bands[1]), bands[2])
    return sum(worst.histogram()[SAME:]) / (half[0] * half[1])


def _compare(shot: bytes, name: str, folder: Path) -> str:
    """Returns what is wrong, or an empty string. Writes the picture anew when that is asked for."""
    kept = PICTURES / f"{name}.png"
    with Image.open(BytesIO(shot)) as taken:
        new = taken.convert("RGB").quantize(64, dither=Image.Dither.NONE)
    if os.environ.get("UPDATE_SCREENS"):
        PICTURES.mkdir(exist_ok=True)
        new.save(kept, optimize=True)
        return ""
    if not kept.is_file():
        return f"{name}: no picture in {PICTURES.name}"
    with Image.open(kept) as old:
        part = difference(new, old)
    if part <= MOST:
        return ""
    new.save(folder / f"{name}.png")
    return f"{name}: {part:.1%} of the pixels differ, see {folder / name}.png"


def _photograph(page: Page, screen: str, url: str, folder: Path) -> list[str]:
    page.goto(url)
    _settle(page)
    page.add_style_tag(content=STEADY)
    faults = []
    for width, scheme in _looks():
        page.set_viewport_size({"width": width, "height": HEIGHT})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.evaluate(TWO_FRAMES)
        shot = page.screenshot(animations="disabled", caret="hide")
        faults.append(_compare(shot, f"{screen}-{width}-{scheme}", folder))
    return [fault for fault in faults if fault]


def test_the_set_up_page_is_accessible(empty: tuple[Console, Page]) -> None:
    """Before anybody is there; the other pages are those of test_accessibility.py."""
    console, page = empty
    assert violations(page, console.setup_link) == []


def test_ten_screens_look_as_they_did(browser: Browser, shown: tuple[Console, dict[str, str]], tmp_path: Path) -> None:
    console, urls = shown
    options = {"base_url": console.url, "locale": "en-GB", "timezone_id": "Europe/Berlin", "bypass_csp": True}
    with browser.new_context(**options) as context:  # type: ignore[arg-type]
        page = context.new_page()
        faults = _photograph(page, "login", urls.pop("login"), tmp_path)
        sign_in_by_call(page, "ada")
        for screen, url in urls.items():
            faults += _photograph(page, screen, url, tmp_path)
        _deploy(page)
        faults += _photograph(page, "environments", routes.ENVIRONMENTS, tmp_path)
    assert faults == []


def test_a_changed_screen_is_noticed() -> None:
    white = Image.new("RGB", (400, 400), "white")
    badge = white.copy()
    badge.paste("#c62828", (20, 20, 80, 40))
    assert difference(badge, white) > MOST
    assert difference(white.copy(), white) == 0
    assert difference(white.resize((400, 380)), white) == 1

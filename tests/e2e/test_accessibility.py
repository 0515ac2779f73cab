"""On every page axe-core finds nothing, each stop of the Tab key shows the focus, and nothing scrolls sideways."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, expect

from tca_app.tca_app import PAGES
from tests.e2e.conftest import create, create_project, create_user, sign_in_by_call
from tests.e2e.focus import stops_without_focus
from tests.e2e.test_journey import NewPage
from tests.e2e.test_screens import WIDTHS

pytestmark = pytest.mark.e2e
LONG_NAME = "Wolfeschlegelsteinhausenbergerdorff" * 2  # one word, as the longest names are
FILE = "dXNlcm5hbWUsZW1haWwKYW5hLGFuYUBleGFtcGxlLmNvbQp4LG5vYm9keQo="  # a user, and a row with errors
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
# Colours are looked at once for each scheme; everything else once for each layout. Only the rule about the orientation
# of a screen needs the style sheet parsed (`preload`): it is the same for all layouts.
RUN = """([rules, preload]) => axe.run(document, {resultTypes: ['violations'], rules, preload})
  .then(found => found.violations)"""
COLOURS = {"color-contrast": {"enabled": True}}
NO_COLOURS = {"color-contrast": {"enabled": False}}
ONLY_COLOURS = """() => axe.run(document, {runOnly: ['color-contrast'], preload: false})
  .then(found => found.violations)"""
TABS = "[...document.querySelectorAll('nav.tabs a')].map(link => link.getAttribute('href'))"
SIDEWAYS = "document.documentElement.scrollWidth - innerWidth"
LEADS_ELSEWHERE = ("/setup", "/add-second-factor", "/change-password")  # for people in that state only


def paths(user: int, project: str, deployment: int, incident: int, file: int) -> Iterator[str]:
    """One URL for each page of the console, by the registry."""
    values = {"[person_id]": str(user), "[project_id]": project.rsplit("/", 1)[-1], "[deployment_id]": str(deployment)}
    values |= {"[incident_id]": str(incident), "[file_id]": str(file)}
    for entry in PAGES:
        path = entry.route
        for name, value in values.items():
            path = path.replace(name, value)
        if path not in LEADS_ELSEWHERE:
            yield path
    yield "/status/public"
    yield "/nowhere"


def violations(page: Page, path: str) -> list[str]:
    """Opens the page and returns what is wrong with it, a line for each element or width."""
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.set_viewport_size(DESKTOP)
    page.goto(path)
    if path != "/status/public":
        expect(page.locator("main, [role=main]").first).to_be_visible()
        expect(page.locator(".progress[data-busy=true]")).to_have_count(0)
    bare = {"light": stops_without_focus(page)}
    page.evaluate(AXE_SCRIPT)
    found = {"light": page.evaluate(RUN, [COLOURS, False])}
    page.emulate_media(color_scheme="dark")
    found["dark"] = page.evaluate(ONLY_COLOURS)
    bare["dark"] = stops_without_focus(page)
    page.set_viewport_size(PHONE)
    found["phone"] = page.evaluate(RUN, [NO_COLOURS, True])
    wide = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": DESKTOP["height"]})
        if (more := page.evaluate(SIDEWAYS)) > 0:
            wide.append(f"{path} {width}: {more} px wider than the window")
    return (
        wide
        + [
            f"{path} {look}: {fault['id']}: {node['html'][:160]}"
            for look, faults in found.items()
            for fault in faults
            for node in fault["nodes"]
        ]
        + [f"{path} {look}: no focus: {stop}" for look, stops in bare.items() for stop in stops]
    )


def test_every_page_is_accessible_and_fits_the_window(new_page: NewPage, admin: tuple[str, str]) -> None:
    page = new_page(kept=False)
    user = create_user(page, "axel", LONG_NAME)
    project = create_project(page, LONG_NAME, user)
    deployment = create(page, f"{project.strip('/')}/deployments", environment="production", version="3.1.0")["id"]
    incident = create(page, "incidents", title="Checkout is slow", message="We are looking into it.")["id"]
    file = create(page, "imports", kind="users", content=FILE, dry_run=True)["id"]

    found, seen, waiting = [], set(), list(paths(user, project, deployment, incident, file))
    assert len(waiting) > 20
    for public in ("/login", "/forgot-password", "/reset-password", "/confirm-email", "/accept-invitation"):
        assert public in waiting
        waiting.remove(public)
        found += violations(page, public)
    sign_in_by_call(page, *admin)
    while waiting:
        path = waiting.pop(0)
        if path not in seen:
            seen.add(path)
            found += violations(page, path)
            waiting += [tab for tab in page.evaluate(TABS) if tab not in seen]
    assert found == []


def test_the_whole_of_a_cut_text_is_shown_on_hover(new_page: NewPage, admin: tuple[str, str]) -> None:
    page = new_page(kept=False)
    name = f"{LONG_NAME}hover"
    project = create_project(page, name)
    page.set_viewport_size(PHONE)
    sign_in_by_call(page, *admin, path=project)
    crumb = page.get_by_label("Breadcrumb").get_by_text(name)
    assert crumb.get_attribute("title") is None
    crumb.hover()
    expect(crumb).to_have_attribute("title", name)
    page.get_by_role("heading", level=1).hover()
    expect(crumb).not_to_have_attribute("title", name)

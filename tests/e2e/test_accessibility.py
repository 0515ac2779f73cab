"""On every page axe-core finds nothing, each stop of the Tab key shows the focus, and nothing scrolls sideways."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyotp
import pytest
from playwright.sync_api import Page, expect

from tca_app.tca_app import PAGES
from tca_app.ui import routes
from tests.e2e.axe import DESKTOP, OVERLAY, PHONE, look, violations, violations_of_overlay
from tests.e2e.conftest import (
    PASSWORD,
    bearer,
    begin_session,
    create,
    create_administrator,
    create_project,
    create_user,
    sign_in_by_call,
)
from tests.e2e.test_journey import NewPage

pytestmark = pytest.mark.e2e
LONG_NAME = "Wolfeschlegelsteinhausenbergerdorff" * 2  # one word, as the longest names are
FILE = "dXNlcm5hbWUsZW1haWwKYW5hLGFuYUBleGFtcGxlLmNvbQp4LG5vYm9keQo="  # a user, and a row with errors
TABS = "[...document.querySelectorAll('nav.tabs a')].map(link => link.getAttribute('href'))"
PUBLIC = ("/login", "/forgot-password", "/reset-password", "/confirm-email", "/accept-invitation")
OF_THE_SERVER = (routes.PUBLIC_STATUS, routes.GUIDE, f"{routes.GUIDE}/deployments")
# For people in that state only: they have tests of their own; that of the set-up page is in test_screens.py.
LEADS_ELSEWHERE = (routes.SETUP, routes.ADD_SECOND_FACTOR, routes.CHANGE_PASSWORD)
NOWHERE = "/nowhere"
LOADED = {routes.HOME, NOWHERE}
# What shows that an API reference is there, and the rules that its library breaks by markup which no setting of it and
# no style can mend: headings leave out a level, buttons have links inside, and the items of a menu are in plain lists.
REFERENCES = {
    "/docs#/projects/create_project": (".opblock-body pre.example", r"heading-order|nested-interactive"),
    "/redoc": (".redoc-wrap h1", r"heading-order|list|aria-required-parent"),
}
DESCRIBED = "/api/v1/projects"
# A button for each kind of dialog, popover and menu, by the page on which it is.
OPENERS = {
    "/dashboard": ("Search and commands", "Notifications", "Help", "Account", "Customize"),
    "/projects": ("New project", "Status filter", "Display options", "Saved views"),
    "/users": ("Invite", "Import CSV"),
    "{project}?tab=members": ("Add member",),
    "{project}?tab=deployments": ("New deployment",),
    "{project}?tab=settings": ("Freeze", "Trust CI jobs", "Transfer", "Archive"),
    "/status": ("Plan maintenance",),
}


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
    yield NOWHERE


def of_overlays(page: Page, path: str, names: tuple[str, ...]) -> list[str]:
    """Opens one after the other on the page that is open."""
    page.set_viewport_size(DESKTOP)
    look(page, "light")
    found, overlay = [], page.locator(OVERLAY)
    for name in names:
        page.get_by_role("button", name=re.compile(f"^{name}")).first.press("Enter")
        expect(overlay.first, f"{name} on {path}").to_be_visible()
        found += violations_of_overlay(page, f"{name} on {path}")
        page.keyboard.press("Escape")
        expect(overlay, f"{name} on {path}").to_have_count(0)
    return found


def test_every_page_is_accessible_and_fits_the_window(new_page: NewPage, admin: tuple[str, str]) -> None:
    page = new_page(kept=False)
    user = create_user(page, "axel", LONG_NAME)
    project = create_project(page, LONG_NAME, user)
    deployment = create(page, f"{project.strip('/')}/deployments", environment="production", version="3.1.0")["id"]
    incident = create(page, "incidents", title="Checkout is slow", message="We are looking into it.")["id"]
    file = create(page, "imports", kind="users", content=FILE, dry_run=True)["id"]
    openers = {path.format(project=project): names for path, names in OPENERS.items()}

    found, seen, waiting = [], set(), list(paths(user, project, deployment, incident, file))
    assert len(waiting) > 20
    for public in PUBLIC:
        assert public in waiting
        waiting.remove(public)
        found += violations(page, public)
    sign_in_by_call(page, *admin)
    while waiting:
        path = waiting.pop(0)
        if path not in seen:
            seen.add(path)
            found += violations(page, path, load=path in LOADED)
            waiting += [tab for tab in page.evaluate(TABS) if tab not in seen]
            found += of_overlays(page, path, openers.pop(path, ()))
    for path in OF_THE_SERVER:
        found += violations(page, path)
    assert found == []
    assert openers == {}


def few_operations(document: dict[str, Any]) -> dict[str, Any]:
    """The OpenAPI document with one path, few responses and their schemas: all of it would take axe-core minutes."""
    operations = document["paths"][DESCRIBED]
    for operation in operations.values():
        responses = operation["responses"]
        operation["responses"] = {code: responses[code] for code in ("200", "201", "422") if code in responses}
    schemas, text = document["components"]["schemas"], json.dumps(operations)
    kept: dict[str, Any] = {}
    while names := set(re.findall(r"#/components/schemas/([^\"]+)", text)) - kept.keys():
        kept |= {name: schemas[name] for name in names}
        text = json.dumps([schemas[name] for name in names])
    return document | {"paths": {DESCRIBED: operations}, "components": document["components"] | {"schemas": kept}}


def test_the_api_references_are_accessible(new_page: NewPage, admin: tuple[str, str]) -> None:
    # ReDoc asks for a logo from elsewhere, which the security policy refuses, and a page of the tests would report.
    page = new_page(kept=False, bypass_csp=True)
    page.route("https://**", lambda route: route.abort())
    document = few_operations(page.request.get("/openapi.json").json())
    page.route("**/openapi.json", lambda route: route.fulfill(json=document))
    for path, (ready, rules) in REFERENCES.items():
        found = violations(page, path, ready=ready)
        assert [line for line in found if not re.search(f": ({rules}): ", line)] == []


def test_the_page_of_those_who_must_change_their_password_is_accessible(
    new_page: NewPage, admin: tuple[str, str]
) -> None:
    page = new_page()
    fields = {"email": "mustafa@example.com", "username": "mustafa", "full_name": "Mustafa Change"}
    create(page, "users", **fields, password=PASSWORD, must_change_password=True)
    begin_session(page, "mustafa")
    assert violations(page, routes.CHANGE_PASSWORD) == []
    expect(page).to_have_url(re.compile(f"{routes.CHANGE_PASSWORD}$"))


@contextmanager
def second_factor_required(page: Page) -> Iterator[None]:
    """At once and of everybody. An administrator who has one takes it back, because other tests use the console."""
    create_administrator(page, "fatima", "Fatima Factor")
    header = bearer(page, "fatima")
    factor = page.request.post("/api/auth/factors/totp", data={"name": "Phone"}, headers=header).json()
    code = {"code": pyotp.TOTP(factor["secret"]).now()}
    assert page.request.post(f"/api/auth/factors/totp/{factor['id']}/confirm", data=code, headers=header).ok
    before = page.request.get("/api/v1/instance", headers=header).json()
    names = ("two_factor_required", "two_factor_grace_days")
    try:
        required = dict(zip(names, ("everybody", 0), strict=True))
        answer = page.request.patch("/api/v1/instance", data=required, headers=header)
        assert answer.ok, answer.text()
        yield
    finally:
        answer = page.request.patch("/api/v1/instance", data={name: before[name] for name in names}, headers=header)
        assert answer.ok, answer.text()


def test_the_page_of_those_who_must_add_a_second_factor_is_accessible(
    new_page: NewPage, admin: tuple[str, str]
) -> None:
    page = new_page()
    create_user(page, "nofactor", "No Factor")
    with second_factor_required(new_page()):
        begin_session(page, "nofactor")
        assert violations(page, routes.ADD_SECOND_FACTOR, ready="text=Add authenticator app") == []
        expect(page).to_have_url(re.compile(f"{routes.ADD_SECOND_FACTOR}$"))


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

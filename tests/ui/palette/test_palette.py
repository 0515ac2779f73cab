"""The command palette: what it finds for whom. Tabs send events through the gate, as the browser does."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from reflex.istate.manager.memory import StateManagerMemory
from sqlalchemy import insert

from tca_app.config.settings import get_settings
from tca_app.core.actor import Actor
from tca_app.core.database.session import transaction
from tca_app.core.language.messages import LANGUAGES, _, speaking
from tca_app.features.deployments.ui import palette as deployments
from tca_app.features.environments.ui import palette as environments
from tca_app.features.groups import service as groups
from tca_app.features.groups.schemas import GroupCreate
from tca_app.features.groups.ui import palette as group_palette
from tca_app.features.health.ui import palette as incidents
from tca_app.features.instance.ui import palette as instance
from tca_app.features.project_page.ui import palette as tabs
from tca_app.features.projects.ui import palette as projects
from tca_app.features.settings_page.ui import palette as settings
from tca_app.features.users.ui import palette as users
from tca_app.models import HealthCheck, Incident
from tca_app.ui.palette import commands, entries, state
from tca_app.ui.palette.entries import MAX_PER_GROUP
from tca_app.ui.palette.state import CLOSED, PaletteState
from tests.factories import (
    environment_of,
    make_admin,
    make_check,
    make_deployment,
    make_incident,
    make_project,
    make_user,
    run,
)
from tests.ui.harness import Console, Tab, console_on, shown, sign_in

OFFERED = (projects, tabs, deployments, users, group_palette, environments, incidents, settings, instance)


@pytest.fixture(autouse=True)
def _whole_palette(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entries, "OFFERED", {})
    monkeypatch.setattr(state, "OFFERED", entries.OFFERED)
    entries.add_to_palette(*(one for module in OFFERED for one in module.OFFERED), *commands.COMMANDS)


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    async with console_on(StateManagerMemory()) as running:
        yield running


async def tab_of(console: Console, actor: Actor) -> Tab:
    tab = Tab(console, f"tab of {actor.username}", await sign_in(actor), "/dashboard")
    await tab.hydrate()
    return tab


async def found(tab: Tab, text: str) -> dict[str, list[dict[str, Any]]]:
    """The entries that a text finds, by group."""
    groups = shown(await tab.send(PaletteState.look_up, text=text), PaletteState, "groups")
    return {group["title"]: group["entries"] for group in groups or []}


async def labels(tab: Tab, text: str) -> dict[str, list[str]]:
    return {title: [entry["label"] for entry in entries] for title, entries in (await found(tab, text)).items()}


async def opened(tab: Tab, recent: str = "") -> dict[str, list[str]]:
    updates = await tab.send(PaletteState.set_open, is_open=True, recent=recent)
    groups = shown(updates, PaletteState, "groups") or []
    return {group["title"]: [entry["label"] for entry in group["entries"]] for group in groups}


async def test_projects_are_found_by_those_who_see_them(console: Console) -> None:
    ana, bob = await make_user(), await make_user()
    project_id = await make_project(ana, "Billing Canary")
    [entry] = (await found(await tab_of(console, ana), "canary"))["Projects"]
    assert (entry["label"], entry["detail"], entry["url"]) == (
        "Billing Canary",
        "billing-canary",
        f"/projects/{project_id}",
    )
    assert entry["parts"] == ["Billing ", "Canary"]
    for text in ("canary", "blcanary", "production canary", "Report deployment of "):
        updates = await (await tab_of(console, bob)).send(PaletteState.look_up, text=text)
        assert "Canary" not in repr(updates)


async def test_a_name_is_found_by_its_letters_and_by_words_in_any_order(console: Console) -> None:
    owner = await make_user()
    await make_project(owner, "Billing API")
    await make_project(owner, "Ledger")
    tab = await tab_of(console, owner)
    for text in ("blapi", "api bill", "biling", "BILLING"):
        assert (await labels(tab, text)).get("Projects") == ["Billing API"], text
    for text in ("b%g", "b_lling", "\\"):
        assert "Projects" not in await labels(tab, text), text


async def test_administrators_find_all_people_and_open_their_pages(console: Console) -> None:
    ana = await make_user("ana", full_name="Ana López")
    admin = await tab_of(console, await make_admin())
    [entry] = (await found(admin, "lopez"))["People"]
    assert (entry["label"], entry["detail"], entry["url"]) == ("Ana López", "ana", f"/users/{ana.user_id}")
    assert (await labels(admin, "alpz"))["People"] == ["Ana López"]
    assert (await labels(admin, "ana@example"))["People"] == ["Ana López"]


async def test_members_find_the_people_of_their_projects_by_name(console: Console) -> None:
    ana, bob, eve = await make_user("ana", full_name="Ana López"), await make_user("bob"), await make_user("eve")
    gone = await make_user("old", full_name="Old López", is_active=False)
    await make_project(ana, "Billing", {bob: "viewer", gone: "viewer"})
    await make_project(ana, "Gone", {eve: "viewer"}, deleted_at=datetime.now(UTC))
    mate, stranger = await tab_of(console, bob), await tab_of(console, eve)
    for text in ("lopez", "alpz"):
        [entry] = (await found(mate, text))["People"]
        assert (entry["label"], entry["url"]) == ("Ana López", f"/activity?actor={ana.user_id}")
        assert "People" not in await labels(stranger, text)
    [entry] = (await found(mate, "bob"))["People"]
    assert entry["url"] == f"/users/{bob.user_id}"
    assert "People" not in await labels(mate, "ana@example")


async def test_each_kind_is_found_by_letters_in_their_order(console: Console) -> None:
    admin = await make_admin()
    project_id = await make_project(admin, "Billing")
    await make_deployment(project_id, version="7.4.1-rc", commit_sha="9f1c2ab55")
    await make_incident(await make_check(project_id, "Checkout page"), reason="Connection refused")
    await run(groups.create_group, admin, GroupCreate(name="Night shift", description="On call"))
    tab = await tab_of(console, admin)
    for text, kind, label in (
        ("741rc", "Deployments", "7.4.1-rc"),
        ("bill 741", "Deployments", "7.4.1-rc"),
        ("prdct bllng", "Environments", "production · Billing"),
        ("nshift", "Groups", "Night shift"),
        ("chkout", "Incidents", "Checkout page"),
        ("checkout refsd", "Incidents", "Checkout page"),
    ):
        assert (await labels(tab, text)).get(kind) == [label], text
    stranger = await tab_of(console, await make_user())
    for text in ("741rc", "prdct bllng", "chkout"):
        assert await labels(stranger, text) == {}, text


async def test_the_tabs_of_a_project_are_found_by_those_who_have_them(console: Console) -> None:
    owner, viewer = await make_user(), await make_user()
    project_id = await make_project(owner, "Billing API", {viewer: "viewer"})
    await make_project(await make_user(), "Billing of others")
    tab = await tab_of(console, owner)
    for text, label, name in (
        ("billing set", "Billing API: Settings", "settings"),
        ("members blapi", "Billing API: Members", "members"),
        ("billing tokens", "Billing API: Settings", "settings"),
        ("hooks billing", "Billing API: Webhooks", "webhooks"),
    ):
        entry = (await found(tab, text))["Pages"][0]
        assert (entry["label"], entry["url"]) == (label, f"/projects/{project_id}?tab={name}"), text
    assert "Pages" not in await labels(await tab_of(console, viewer), "billing set")
    assert (await labels(await tab_of(console, viewer), "billing members"))["Pages"] == ["Billing API: Members"]
    assert "Billing API: Members" not in (await labels(tab, "members")).get("Pages", [])


async def test_the_projects_of_tabs_are_searched_once(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[str] = []

    async def search(_session: Any, _actor: Actor, text: str) -> list[Any]:
        searched.append(text)
        return []

    monkeypatch.setattr(tabs, "find_similar", search)
    tab = await tab_of(console, await make_user())
    for text in ("set dep mem act web", "chkout", "set chkout dep mem"):
        await labels(tab, text)
    assert searched == ["chkout"]


async def test_the_tabs_of_the_open_project_need_no_name(console: Console) -> None:
    owner, stranger = await make_user(), await make_user()
    project_id = await make_project(owner, "Billing API")
    tab = Tab(console, "at a project", await sign_in(owner), f"/projects/{project_id}")
    await tab.hydrate()
    assert (await labels(tab, "members"))["Pages"] == ["Billing API: Members"]
    assert "Billing API: Settings" in (await labels(tab, "settings"))["Pages"]
    other = Tab(console, "at a project of others", await sign_in(stranger), f"/projects/{project_id}")
    await other.hydrate()
    assert "Billing" not in repr(await other.send(PaletteState.look_up, text="members"))


async def test_deployments_are_found_by_version_and_commit(console: Console) -> None:
    owner, stranger = await make_user(), await make_user()
    project_id = await make_project(owner, "Billing")
    number = await make_deployment(project_id, version="7.4.1-rc", commit_sha="9f1c2ab55", ref="main")
    tab = await tab_of(console, owner)
    for text in ("7.4.1", "9f1c2ab"):
        [entry] = (await found(tab, text))["Deployments"]
        assert (entry["label"], entry["url"]) == ("7.4.1-rc", f"/deployments/{number}")
        assert entry["detail"] == "Billing · production · 9f1c2ab"
        assert "Deployments" not in await labels(await tab_of(console, stranger), text)


async def test_environments_are_found_by_their_name_and_that_of_their_project(console: Console) -> None:
    owner = await make_user()
    project_id = await make_project(owner, "Billing")
    await make_project(owner, "Ledger")
    await environment_of(project_id)
    tab = await tab_of(console, owner)
    [entry] = (await found(tab, "prod bill"))["Environments"]
    assert (entry["label"], entry["url"]) == ("production · Billing", f"/projects/{project_id}?tab=deployments")
    assert "Environments" not in await labels(tab, "billing")
    assert "Environments" not in await labels(await tab_of(console, await make_user()), "prod bill")


async def test_incidents_are_found_by_component_and_reason(console: Console) -> None:
    owner = await make_user()
    project_id = await make_project(owner, "Billing")
    async with transaction() as session:
        check = {"key": "env", "kind": "environment", "name": "Billing production", "project_id": project_id}
        check["environment_id"] = await environment_of(project_id)
        check_id = (await session.execute(insert(HealthCheck).values(check).returning(HealthCheck.id))).scalar_one()
        incident = {"check_id": check_id, "opened_at": datetime.now(UTC), "reason": "HTTP 502"}
        number = (await session.execute(insert(Incident).values(incident).returning(Incident.id))).scalar_one()
    tab = await tab_of(console, owner)
    for text in ("billing production", "502", "incident"):
        [entry] = (await found(tab, text))["Incidents"]
        assert (entry["label"], entry["url"]) == ("Billing production", f"/incidents/{number}"), text
    assert "Incidents" not in await labels(await tab_of(console, await make_user()), "502")


async def test_an_old_incident_is_found_among_many(console: Console) -> None:
    check_id, now = await make_check(name="Disk"), datetime.now(UTC)
    for days in range(30):
        closed = now - timedelta(days=days)
        reason = "Canary" if days == 29 else "HTTP 502"
        await make_incident(check_id, opened_at=closed - timedelta(hours=1), closed_at=closed, reason=reason)
    tab = await tab_of(console, await make_admin())
    assert len((await found(tab, "canary"))["Incidents"]) == 1
    assert len((await found(tab, "incidents"))["Incidents"]) == MAX_PER_GROUP


async def test_the_day_of_an_incident_is_that_of_the_viewer(console: Console) -> None:
    tokyo = await make_user("tokyo", is_superuser=True, time_zone="Asia/Tokyo")
    await make_incident(await make_check(), opened_at=datetime(2026, 5, 4, 23, tzinfo=UTC))
    [entry] = (await found(await tab_of(console, tokyo), "incident"))["Incidents"]
    assert " · May 5 · " in entry["detail"]


async def test_an_empty_palette_lists_what_the_viewer_may_do(console: Console) -> None:
    member, admin = await make_user(), await make_admin()
    mine = await opened(await tab_of(console, member))
    assert mine["Actions"] == [
        "New project",
        "Light theme",
        "Dark theme",
        "System theme",
        "Keyboard shortcuts",
        "Sign out",
    ]
    assert "Dashboard" in mine["Pages"]
    assert "Users" not in mine["Pages"]
    assert "Settings: Sessions" in mine["Settings"]
    await make_project(member, "Billing")
    assert (await opened(await tab_of(console, member)))["Actions"][:2] == ["New project", "Report deployment"]
    whole = await opened(await tab_of(console, admin))
    assert "New user" in whole["Actions"]
    assert {"Users", "Jobs", "Webhooks", "Instance settings"} <= set(whole["Pages"])


async def test_a_deployment_is_reported_only_where_one_may(console: Console) -> None:
    owner, viewer, deployer = await make_user(), await make_user(), await make_user()
    billing = await make_project(owner, "Billing", {viewer: "viewer", deployer: "deployer"})
    await make_project(owner, "Old billing", {deployer: "deployer"}, status="archived")
    tab = await tab_of(console, deployer)
    [entry] = (await found(tab, "report"))["Actions"]
    assert (entry["url"], entry["fill"]) == ("", "Report deployment of ")
    for text in ("Report deployment of ", "report deployment of bill"):
        [entry] = (await found(tab, text))["Actions"]
        assert entry["url"] == f"/projects/{billing}?tab=deployments"
        assert entry["press"] == f"new-deployment-{billing}"
    assert "Actions" not in await labels(await tab_of(console, viewer), "report")


async def test_a_deployment_is_reported_in_the_language_of_the_person(console: Console) -> None:
    ute = await make_user("ute", language="de")
    await make_project(ute, "Billing")
    tab = await tab_of(console, ute)
    for text in ("melden", "report deployment"):
        entry = (await found(tab, text))["Aktionen"][0]
        assert (entry["label"], entry["fill"]) == ("Deployment melden", "Deployment melden: ")
    assert (await labels(tab, entry["fill"] + "bill"))["Aktionen"] == ["Deployment melden: Billing"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_name_of_a_project_is_typed_after_the_words_of_the_command(language: str) -> None:
    with speaking(language):
        assert _(deployments.REPORT_OF, name="\n").endswith("\n")


async def test_the_best_match_is_first_and_other_words_find_a_command(console: Console) -> None:
    owner = await make_user()
    await make_project(owner, "Dash 8")
    tab = await tab_of(console, owner)
    assert list(await labels(tab, "dashboard")) == ["Pages"]
    assert next(iter(await labels(tab, "dash 8"))) == "Projects"
    assert (await labels(tab, "log out"))["Actions"] == ["Sign out"]
    assert (await labels(tab, "switch theme"))["Actions"] == ["Light theme", "Dark theme", "System theme"]
    assert (await labels(tab, "sessions"))["Settings"] == ["Settings: Sessions"]
    assert await labels(tab, "nothing at all is called so") == {}


@pytest.mark.parametrize(
    ("text", "label", "url"),
    [
        ("logo", "Instance settings: Logo", "/admin#logo"),
        ("sign up", "Instance settings: Accounts", "/admin#accounts"),
        ("idle", "Instance settings: Sessions and passwords", "/admin#sessions"),
        ("default language", "Instance settings: General", "/admin#general"),
        ("audit", "Instance settings: History", "/admin?tab=history"),
        ("subscribers", "Instance settings: Subscribers", "/admin/subscribers"),
    ],
)
async def test_the_sections_of_the_instance_settings_are_for_administrators(
    console: Console, text: str, label: str, url: str
) -> None:
    [entry] = (await found(await tab_of(console, await make_admin()), text))["Settings"]
    assert (entry["label"], entry["url"]) == (label, url)
    assert "Settings" not in await labels(await tab_of(console, await make_user()), text)


async def test_settings_are_found_in_german_and_by_their_english_names(console: Console) -> None:
    tab = await tab_of(console, await make_user("ute", is_superuser=True, language="de"))
    for text in ("sitzungen und pass", "sessions and pass"):
        assert (await labels(tab, text))["Einstellungen"] == ["Instanzeinstellungen: Sitzungen und Passwörter"], text
    assert "Einstellungen: Darstellung" in (await opened(tab))["Einstellungen"]


async def test_groups_are_found_by_administrators_only(console: Console) -> None:
    admin = await make_admin()
    await run(groups.create_group, admin, GroupCreate(name="Night & day shift"))
    [entry] = (await found(await tab_of(console, admin), "day sh"))["Groups"]
    assert (entry["label"], entry["detail"]) == ("Night & day shift", "0 people")
    assert entry["url"] == "/groups?q=Night+%26+day+shift"
    recent = entry["press"].replace("group-", "/groups/")
    assert (await opened(await tab_of(console, admin), recent))["Recent"] == ["Night & day shift"]
    assert "Recent" not in await opened(await tab_of(console, await make_user()), recent)
    assert "Groups" not in await labels(await tab_of(console, await make_user()), "day sh")


async def test_the_public_status_page_is_offered_while_it_is_on(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    tab = await tab_of(console, await make_user())
    for is_on, pages in ((False, []), (True, ["Public status page"])):
        monkeypatch.setattr(get_settings(), "status_public", is_on)
        assert (await labels(tab, "public status")).get("Pages", []) == pages


async def test_recent_records_are_those_that_the_viewer_may_still_see(console: Console) -> None:
    owner, other = await make_user(), await make_user()
    mine, theirs = await make_project(owner, "Mine"), await make_project(other, "Theirs")
    number = await make_deployment(mine, version="1.4.2")
    gone = await make_project(owner, "Gone", deleted_at=datetime.now(UTC))
    paths = [f"/projects/{n}" for n in (theirs, mine, gone)] + [f"/deployments/{number}", f"/users/{other.user_id}"]
    seen = await make_incident(await make_check(mine, "Mine production"))
    unseen = await make_incident(await make_check(theirs, "Theirs production"))
    recent = " ".join([*paths, "/jobs/1"])
    assert (await opened(await tab_of(console, owner), recent))["Recent"] == ["Mine", "1.4.2"]
    incidents_only = f"/incidents/{seen} /incidents/{unseen} /incidents/99999999"
    assert (await opened(await tab_of(console, owner), incidents_only))["Recent"] == ["Mine production"]
    whole = await opened(await tab_of(console, await make_admin()), recent)
    assert whole["Recent"] == ["Theirs", "Mine", "1.4.2", other.display_name]
    for broken in ("", "/projects/x /projects/99999999 ../projects/1 /projects/-1 //evil", "/projects/1" * 500):
        assert "Recent" not in await opened(await tab_of(console, owner), broken)


async def test_the_palette_says_which_text_its_lines_were_found_for(console: Console) -> None:
    """Enter in the browser opens a line only when this is what the box holds."""
    tab = await tab_of(console, await make_user())
    assert shown(await tab.send(PaletteState.look_up, text=" bil "), PaletteState, "found_for") == " bil "
    closed = await tab.send(PaletteState.set_open, is_open=False)
    assert shown(closed, PaletteState, "found_for") == CLOSED
    assert shown(closed, PaletteState, "groups") == []


async def test_projects_of_one_name_are_told_apart_by_their_slugs(console: Console) -> None:
    owner = await make_user()
    await make_project(owner, "Billing API", slug="billing-api")
    await make_project(owner, "Billing API", slug="billing-api-2")
    entries = (await found(await tab_of(console, owner), "billing api"))["Projects"]
    assert {entry["detail"] for entry in entries} == {"billing-api", "billing-api-2"}

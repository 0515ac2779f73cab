"""The page of the event log, without a browser."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qs

import pytest
from reflex.istate.manager.memory import StateManagerMemory

from tca_app.core.actor import Actor
from tca_app.core.events.log import emit
from tca_app.features.activity.ui import state as activity_state
from tca_app.features.activity.ui.state import ActivityState, RecentState, SubjectFeedState
from tca_app.features.projects import service as projects
from tca_app.features.projects.events import ProjectUpdated
from tca_app.features.projects.schemas import ProjectUpdate
from tests.factories import happened, make_admin, make_project, make_user, run
from tests.ui.harness import Console, Tab, console_on, shown, sign_in


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    async with console_on(StateManagerMemory()) as running:
        yield running


async def entries(console: Console, actor: Actor, path: str, state: Any = ActivityState) -> list[dict[str, Any]]:
    tab = Tab(console, f"tab {path}", await sign_in(actor), path)
    await tab.hydrate()
    return shown(await tab.send(state.load), state, "entries") or []


async def test_an_entry_says_what_changed_and_leads_there(console: Console) -> None:
    ana = await make_user("ana")
    billing = await make_project(ana, "Billing")
    await run(projects.update_project, ana, billing, ProjectUpdate(description="Invoices"))
    entry = next(e for e in await entries(console, ana, "/activity") if e["type"] == "Project updated")
    assert (entry["summary"], entry["url"]) == ("Ana changed Billing", f"/projects/{billing}")
    assert entry["changes"] == [{"field": "Description", "before": "", "after": "Invoices", "plain": ""}]
    assert entry["origin"] == ""  # only for administrators


async def test_the_url_says_what_is_shown_and_nonsense_in_it_is_left_out(console: Console) -> None:
    admin = await make_admin("root")
    await run(emit, admin, ProjectUpdated(subject_id=1, subject_name="Billing"))
    assert [e["subject"] for e in await entries(console, admin, "/activity?type=project_updated&q=bill")] == ["Billing"]
    assert [e["subject"] for e in await entries(console, admin, "/activity?subject=project&period=7")] == ["Billing"]
    assert len(await entries(console, admin, "/activity?type=x&subject=y&period=z&actor=-1&page=9")) >= 2


async def test_one_project_is_named_and_to_strangers_it_is_not(console: Console) -> None:
    ana, eve = await make_user("ana"), await make_user("eve")
    billing, other = [await make_project(ana, name) for name in ("Billing", "Other")]
    for project_id in (billing, other):
        await run(projects.update_project, ana, project_id, ProjectUpdate(description="x"))
    for who, name, subjects in ((ana, "Project: Billing", ["Billing"]), (eve, "Project: unknown", [])):
        tab = Tab(console, who.username, await sign_in(who), f"/activity?project={billing}")
        await tab.hydrate()
        updates = await tab.send(ActivityState.load)
        assert [chip["text"] for chip in shown(updates, ActivityState, "chips")] == [name]
        assert [entry["subject"] for entry in shown(updates, ActivityState, "entries") or []] == subjects
        assert shown(updates, ActivityState, "export_query") == f"project_id={billing}"


@pytest.mark.parametrize(("zone", "hours"), [("Pacific/Kiritimati", 14), ("Pacific/Pago_Pago", -11), ("", 0)])
async def test_today_is_the_day_of_the_viewer(console: Console, zone: str, hours: int) -> None:
    admin = await make_admin()
    theirs = timezone(timedelta(hours=hours))
    midnight = datetime.now(theirs).replace(hour=0, minute=0, second=0, microsecond=0)
    for seconds, name in ((-1, "yesterday"), (1, "today")):
        ago = datetime.now(UTC) - (midnight + timedelta(seconds=seconds))
        await happened(ago / timedelta(days=1), ProjectUpdated, subject_id=seconds + 2, subject_name=name)
    tab = Tab(console, "t1", await sign_in(admin), "/activity?period=1&subject=project")
    tab.headers["cookie"] += f"; time_zone={zone}" if zone else ""
    await tab.hydrate()
    updates = await tab.send(ActivityState.load)
    assert [entry["subject"] for entry in shown(updates, ActivityState, "entries")] == ["today"]
    since = parse_qs(shown(updates, ActivityState, "export_query"))["since"][0]
    assert datetime.fromisoformat(since) == midnight  # the export has the same events; its times are in UTC
    assert datetime.fromisoformat(since).utcoffset() == timedelta(0)


async def test_more_follows_below(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activity_state, "BATCH", 2)
    admin = await make_admin()
    for number in range(5):
        await run(emit, admin, ProjectUpdated(subject_id=number + 1, subject_name=str(number)))
    tab = Tab(console, "t1", await sign_in(admin), "/activity?subject=project")
    await tab.hydrate()
    await tab.send(ActivityState.load)
    await tab.send(ActivityState.more)
    updates = await tab.send(ActivityState.more)
    assert [entry["subject"] for entry in shown(updates, ActivityState, "entries")] == ["4", "3", "2", "1", "0"]
    assert shown(updates, ActivityState, "has_more") is False


async def test_from_the_oldest_what_is_new_comes_last(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activity_state, "BATCH", 2)
    admin = await make_admin()

    async def happen(name: str) -> None:
        await run(emit, admin, ProjectUpdated(subject_id=1, subject_name=name))

    for name in ("0", "1", "2"):
        await happen(name)
    tab = Tab(console, "t1", await sign_in(admin), "/activity?subject=project&sort=at")
    await tab.hydrate()
    updates = await tab.send(ActivityState.load)
    assert [entry["subject"] for entry in shown(updates, ActivityState, "entries")] == ["0", "1"]
    assert shown(updates, ActivityState, "export_query") == "subject_type=project&sort=at"
    assert shown(await tab.send(ActivityState.read_newer), ActivityState, "entries") is None  # it is further below
    updates = await tab.send(ActivityState.more)
    assert [entry["subject"] for entry in shown(updates, ActivityState, "entries")] == ["0", "1", "2"]
    await happen("3")
    updates = await tab.send(ActivityState.read_newer)
    assert [entry["subject"] for entry in shown(updates, ActivityState, "entries")] == ["0", "1", "2", "3"]


async def test_a_page_has_the_feed_of_what_it_is_about(console: Console) -> None:
    ana = await make_user("ana")
    for name in ("Billing", "Other"):
        await run(projects.update_project, ana, await make_project(ana, name), ProjectUpdate(description="x"))
    found = await entries(console, ana, f"/projects/{await make_project(ana, 'Quiet')}", SubjectFeedState)
    assert found == []
    listed = await entries(console, ana, f"/users/{ana.user_id}", SubjectFeedState)
    assert {entry["summary"] for entry in listed} >= {"Ana changed Billing", "Ana changed Other"}
    assert await entries(console, ana, "/dashboard", RecentState)


async def test_the_file_of_a_page_is_about_the_same_subject(console: Console) -> None:
    ana = await make_user("ana")
    billing = await make_project(ana)
    for path, query in ((f"/projects/{billing}", f"project_id={billing}"), ("/users/7", "about_id=7")):
        tab = Tab(console, path, await sign_in(ana), path)
        await tab.hydrate()
        assert shown(await tab.send(SubjectFeedState.load), SubjectFeedState, "export_query") == query

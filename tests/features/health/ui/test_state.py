"""The page `/status`, without a browser."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from reflex.istate.manager.memory import StateManagerMemory
from sqlalchemy import update

from tca_app.consumers.health import probe_round
from tca_app.core.actor import Actor
from tca_app.core.errors import Unavailable
from tca_app.core.language.messages import short_day
from tca_app.features.dashboard.ui.health_state import HealthState
from tca_app.features.dashboard.ui.state import DashboardState
from tca_app.features.health.incidents.schemas import IncidentCreate
from tca_app.features.health.incidents.service import create_incident
from tca_app.features.health.incidents.ui.note_state import NoteState
from tca_app.features.health.ui import state as page
from tca_app.features.health.ui.pages import status_page
from tca_app.features.health.ui.state import StatusState
from tca_app.models import HealthCheck
from tca_app.ui.session import SessionState
from tests.factories import make_admin, make_check, make_incident, make_project, make_user, run
from tests.features.health.history.test_service import roll, today
from tests.ui.harness import Console, Tab, console_on, shown, sign_in


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    async with console_on(StateManagerMemory()) as running:
        yield running


async def _opened(console: Console, actor: Actor) -> Tab:
    tab = Tab(console, f"status-{actor.user_id}", await sign_in(actor), "/status")
    await tab.hydrate()
    return tab


async def set_fields(check_id: int, **fields: Any) -> None:
    async def act(session: Any) -> None:
        await session.execute(update(HealthCheck).where(HealthCheck.id == check_id).values(fields))

    await run(act)


async def test_before_the_first_round_the_page_is_empty_and_after_it_full(console: Console) -> None:
    tab = await _opened(console, await make_user())
    updates = await tab.send(StatusState.load)
    assert (shown(updates, StatusState, "is_loaded"), shown(updates, StatusState, "components")) == (True, [])
    await probe_round(datetime.now(UTC))
    updates = await tab.send(StatusState.load)
    lines = {line["name"]: line for line in shown(updates, StatusState, "components")}
    assert list(lines)[:2] == ["PostgreSQL", "Schema"]
    assert (lines["PostgreSQL"]["state"], lines["PostgreSQL"]["hours"]["share"]) == ("passing", "100%")
    assert lines["Disk"]["days"]["text"] == "The last 90 days: 100% of the checks passed."
    assert shown(updates, StatusState, "score_24h") is not None


async def test_a_day_is_drawn_by_the_hour_with_its_incidents_and_its_score(console: Console) -> None:
    check_id, noon = await make_check(name="Redis"), today() - timedelta(days=3, hours=-12)
    for seconds, starts_at in ((3600, noon), (86_400, noon - timedelta(hours=12))):
        await roll(check_id, starts_at, 60, 30, seconds)
    await roll(check_id, today(), 60, 60)
    await roll(check_id, today(), 60, 60, 3600)
    for days in (5, 3, 1):
        await make_incident(
            check_id, opened_at=noon + timedelta(days=3 - days), closed_at=noon + timedelta(days=3.1 - days)
        )
    tab, day = await _opened(console, await make_user()), noon.date()
    tab.path = f"/status?days=30&from={day}&to={day}"
    updates = await tab.send(StatusState.load)
    (line,) = shown(updates, StatusState, "components")
    hours = line["hours"]["shares"].split("|")
    assert (len(hours), hours[12], set(hours)) == (24, "50.00%", {"50.00%", ""})
    assert line["hours"]["text"] == f"Hours of {short_day(day)} (UTC): 50.00% of the checks passed."
    labels = shown(updates, StatusState, "hour_labels").split("|")
    assert (len(labels), labels[12]) == (24, f"{short_day(day)}, 12:00 UTC")
    assert (len(line["days"]["shares"].split("|")), line["days"]["shares"].split("|")[-4]) == (30, "50.00%")
    assert shown(updates, StatusState, "strip_days").split("|")[-4] == day.isoformat()
    assert shown(updates, StatusState, "zoom_mark") == {"x": 26 * 4, "width": 4}
    assert shown(updates, StatusState, "score") == "50.00%"
    assert len(shown(updates, StatusState, "incidents")) == 1
    tab.path = f"/status?from={day - timedelta(days=20)}&to={day}"
    updates = await tab.send(StatusState.load)
    assert (
        len(shown(updates, StatusState, "hour_labels").split("|")) == 24
    )  # the last hours: a longer zoom has too many
    assert len(shown(updates, StatusState, "incidents")) == 2


async def test_the_figures_of_one_component_are_shown_as_a_table(console: Console) -> None:
    first, second = await make_check(name="Redis"), await make_check(name="Disk")
    await roll(first, today(), 60, 30)
    await roll(first, datetime.now(UTC).replace(minute=0, second=0, microsecond=0), 60, 60, 3600)
    tab = await _opened(console, await make_user())
    updates = await tab.send(StatusState.load)
    line = next(line for line in shown(updates, StatusState, "components") if line["id"] == first)
    assert (line["latencies"].split("|")[-1], line["latencies"].count("|")) == ("10 ms", 23)
    assert line["days"]["shares"].split("|")[-1] == "50.00%"
    assert shown(updates, StatusState, "first_day") == "90 days ago"
    for check_id, opened in ((first, first), (second, second), (second, 0)):
        updates = await tab.send(StatusState.toggle_figures, check_id=check_id)
        assert shown(updates, StatusState, "figures_of") == opened


async def test_components_of_two_projects_of_one_name_show_their_slugs(console: Console) -> None:
    owner = await make_user()
    for slug in ("billing-api", "billing-api-2"):
        project_id = await make_project(owner, "Billing API", slug=slug)
        await make_check(key=f"environment:{project_id}", project_id=project_id, name="Billing API production")
    tab = await _opened(console, owner)
    lines = shown(await tab.send(StatusState.load), StatusState, "components")
    assert sorted(line["slug"] for line in lines) == ["billing-api", "billing-api-2"]


async def test_what_is_old_and_what_wavers_is_said(console: Console) -> None:
    then = datetime.now(UTC) - timedelta(minutes=6)
    await make_check(name="Redis", state="passing", last_ok=False, last_at=then, last_detail="gone")
    await make_check(name="Disk", state="failing", last_ok=False, last_at=then)
    updates = await (await _opened(console, await make_user())).send(StatusState.load)
    assert shown(updates, StatusState, "late_since") == then.isoformat()
    lines = shown(updates, StatusState, "components")
    assert [(line["name"], line["is_wavering"]) for line in lines] == [("Disk", False), ("Redis", True)]
    assert shown(updates, StatusState, "summary") == "1 of 2 down"


async def test_what_the_settings_leave_out_is_neither_up_nor_down(console: Console) -> None:
    now = datetime.now(UTC)
    await make_check(name="Redis", state="passing", last_ok=True, last_at=now)
    for name in ("Backup", "Mail"):
        await make_check(name=name, state="unknown", last_ok=None, last_at=now, is_public=True)
    await make_check(name="Ledger", state="unknown", last_at=None)
    updates = await (await _opened(console, await make_user())).send(StatusState.load)
    lines = {line["name"]: line["state"] for line in shown(updates, StatusState, "components")}
    assert lines == {"Redis": "passing", "Backup": "not_scheduled", "Mail": "off", "Ledger": "unknown"}
    assert shown(updates, StatusState, "summary") == "1 of 2 operational"


async def test_what_is_asked_once_a_day_is_not_late_before_that(console: Console) -> None:
    now = datetime.now(UTC)
    known = {"state": "passing", "last_ok": True}
    daily = await make_check(name="Ledger", interval_s=86_400, last_at=now - timedelta(hours=23), **known)
    tab = await _opened(console, await make_user())
    assert shown(await tab.send(StatusState.load), StatusState, "late_since") == ""
    then = now - timedelta(hours=2)
    minutely = await make_check(name="Redis", last_at=then, **known)
    assert shown(await tab.send(StatusState.load), StatusState, "late_since") == then.isoformat()
    await set_fields(daily, last_at=now)  # someone does ask, so no worker is missing
    assert not shown(await tab.send(StatusState.load), StatusState, "late_since")
    await set_fields(minutely, last_at=now - timedelta(hours=26))
    await set_fields(daily, last_at=now - timedelta(hours=25))
    assert shown(await tab.send(StatusState.load), StatusState, "late_since") == (now - timedelta(hours=25)).isoformat()


async def test_the_sentence_is_about_all_and_not_only_what_is_listed(console: Console) -> None:
    """Above a hundred the page leaves some out: what is not known or paused among those does not work."""
    for number in range(105):
        state = "passing" if number < 100 else "unknown"
        await make_check(name=f"Part {number:03}", state=state, is_paused=number >= 102)
    tab = await _opened(console, await make_admin())
    updates = await tab.send(StatusState.load)
    assert (len(shown(updates, StatusState, "components")), shown(updates, StatusState, "hidden")) == (100, 5)
    assert shown(updates, StatusState, "summary") == "100 of 102 operational"
    assert shown(await tab.send(HealthState.load), HealthState, "summary") == "100 of 102 operational"


async def test_passing_checks_do_not_contradict_what_people_report(console: Console) -> None:
    admin = await make_admin()
    for name in ("Redis", "Disk"):
        await make_check(name=name, state="passing", last_ok=True, last_at=datetime.now(UTC))
    tab = await _opened(console, admin)
    assert shown(await tab.send(StatusState.load), StatusState, "summary") == "All 2 systems operational"
    await run(create_incident, admin, IncidentCreate(title="Slow", message="We look."))
    updates = await tab.send(StatusState.load)
    assert shown(updates, StatusState, "open_incidents") == "1 open incident"
    assert shown(updates, StatusState, "summary") == (
        "All checks pass, but people report a problem that is not resolved yet."
    )
    day = datetime.now(UTC).date() - timedelta(days=3)
    tab.path = f"/status?from={day}&to={day}"
    updates = await tab.send(StatusState.load)
    assert shown(updates, StatusState, "incidents") == []  # of that day; the incident is open all the same
    assert shown(updates, StatusState, "open_incidents") == "1 open incident"
    assert shown(updates, StatusState, "incidents_url") == f"/status/incidents?since={day}&until={day}"
    await make_check(name="Jobs", state="failing", last_ok=False, last_at=datetime.now(UTC))
    assert shown(await tab.send(StatusState.load), StatusState, "summary") == "1 of 3 down"


async def test_the_page_has_the_score_that_the_card_of_the_dashboard_leads_to(console: Console) -> None:
    """The period is in the address, and stays when the page is read again because something changed."""
    owner = await make_user()
    check_id = await make_check(await make_project(owner), "Ledger production")
    for days_ago, passed in ((0, 10), (6, 8), (20, 5), (80, 1)):
        await roll(check_id, today() - timedelta(days=days_ago), 10, passed)
    found = {}
    for days in ("7", "30", "90", "8", ""):
        address = f"?days={days}" if days else ""
        tab = Tab(console, f"score{days}", await sign_in(owner), f"/status{address}")
        await tab.hydrate()
        updates = await tab.send(StatusState.load)
        again = await tab.send(StatusState.load)
        assert shown(again, StatusState, "days") in (None, shown(updates, StatusState, "days"))
        (line,) = shown(updates, StatusState, "components")
        found[days] = (shown(updates, StatusState, "score"), line["days"]["share"])
        board = Tab(console, f"card{days}", await sign_in(owner), f"/dashboard{address}")
        await board.hydrate()
        if days in ("7", "30", "90"):
            card = shown(await board.send(DashboardState.load), DashboardState, "health_card")["value"]
            assert card == found[days][0]
    assert found == {"7": ("90.00%",) * 2, "30": ("76.67%",) * 2} | dict.fromkeys(("90", "8", ""), ("60.00%",) * 2)


async def test_a_note_is_written_once_and_shown(console: Console) -> None:
    owner = await make_user()
    incident = await make_incident(await make_check(await make_project(owner)))
    tab = await _opened(console, owner)
    (line,) = shown(await tab.send(StatusState.load), StatusState, "incidents")
    assert (line["may_note"], line["notified"], line["notes"]) == (True, "No one notified", [])
    nonce = shown(await tab.send(NoteState.open_note, incident_id=incident), NoteState, "form_nonce")
    form = {"nonce": nonce, "note": "Restarted."}
    updates = await tab.send(NoteState.save, form=form)
    assert [toast["text"] for toast in shown(updates, SessionState, "toasts")] == ["Note added"]
    (line,) = shown(await tab.send(StatusState.load), StatusState, "incidents")
    assert [note["text"] for note in line["notes"]] == ["Restarted."]
    assert shown(await tab.send(NoteState.save, form=form), StatusState, "incidents") is None


async def test_a_stranger_is_shown_neither_the_check_nor_its_incident(console: Console) -> None:
    incident = await make_incident(await make_check(await make_project(await make_user())))
    tab = await _opened(console, await make_user())
    updates = await tab.send(StatusState.load)
    assert (shown(updates, StatusState, "components"), shown(updates, StatusState, "incidents")) == ([], [])
    assert shown(await tab.send(NoteState.open_note, incident_id=incident), NoteState, "form_mode") is None
    tab = await _opened(console, await make_admin())
    assert len(shown(await tab.send(StatusState.load), StatusState, "incidents")) == 1


async def test_a_failed_read_is_shown_and_can_be_retried(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: Any) -> None:
        raise Unavailable("This took too long.")

    tab = await _opened(console, await make_user())
    with monkeypatch.context() as broken:
        broken.setattr(page, "read_overview", fail)
        assert shown(await tab.send(StatusState.load), StatusState, "failure") == "This took too long."
    assert shown(await tab.send(StatusState.load), StatusState, "failure") == ""


def test_open_incidents_come_before_the_count_of_components() -> None:
    page = str(status_page.body())
    card = page[page.index('t_("Now")') : page.index('t_("Score, 24 hours")')]
    large = card.rindex('"card-value num"')
    assert large < card.index('"bad-text"') < card.rindex("summary_rx_state_")

"""The page of an incident, and the forms that open, edit and update one, without a browser."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from reflex.istate.manager.memory import StateManagerMemory

from tca_app.core.actor import Actor
from tca_app.core.database.session import reading
from tca_app.features.dashboard.ui.attention_state import AttentionState
from tca_app.features.health.incidents import queries, service
from tca_app.features.health.incidents.schemas import IncidentCreate, IncidentUpdate, NoteCreate
from tca_app.features.health.incidents.ui.detail_state import IncidentState
from tca_app.features.health.incidents.ui.form_state import IncidentForm
from tca_app.features.health.incidents.ui.note_state import NoteState
from tca_app.features.health.incidents.ui.rows import LOOKS
from tca_app.features.health.ui.palette import _actions
from tca_app.features.health.ui.state import StatusState
from tca_app.ui.components.basic import GLYPHS
from tca_app.ui.session import SessionState
from tests.factories import make_admin, make_check, make_incident, make_project, make_user, run
from tests.ui.harness import Console, Tab, console_on, shown, sign_in


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    async with console_on(StateManagerMemory()) as running:
        yield running


async def _opened(console: Console, actor: Actor, path: str) -> Tab:
    tab = Tab(console, f"{path}-{actor.user_id}", await sign_in(actor), path)
    await tab.hydrate()
    return tab


def toasts(updates: Any) -> list[str]:
    return [toast["text"] for toast in shown(updates, SessionState, "toasts") or []]


async def test_an_incident_is_opened_for_a_project_with_its_components(console: Console) -> None:
    owner = await make_user("olga")
    shop, ledger = await make_project(owner, "Shop"), await make_project(owner, "Ledger")
    await make_project(await make_user(), "Hidden")
    of_shop = await make_check(shop, "Shop production")
    of_ledger = await make_check(ledger, "Ledger production")
    tab = await _opened(console, owner, "/status")
    assert shown(await tab.send(StatusState.load), StatusState, "may_open")
    updates = await tab.send(IncidentForm.open_create)
    options = shown(updates, IncidentForm, "scope_options")
    assert options == [[str(ledger), "Ledger"], [str(shop), "Shop"]]
    form = {"nonce": shown(updates, IncidentForm, "form_nonce"), "title": "Slow", "severity": "critical"}
    form |= {"project_id": str(shop), "message": "We look at it.", f"check-{of_shop}": "on", f"check-{of_ledger}": "on"}
    updates = await tab.send(IncidentForm.save, form=form)
    assert toasts(updates) == ["Incident opened"]
    updates = await tab.send(StatusState.load)
    assert shown(updates, StatusState, "open_incidents") == "1 open incident"
    (line,) = shown(updates, StatusState, "incidents")
    assert (line["name"], line["severity"], line["status"]) == ("Slow", "critical", "investigating")
    assert line["components"] == "Shop production"  # the tick of another project's component was hidden


async def test_projects_of_the_same_name_are_offered_with_their_slugs(console: Console) -> None:
    owner = await make_user()
    for name, slug in (("Ledger", "ledger-eu"), ("ledger", "ledger-us"), ("Shop", "shop")):
        await make_project(owner, name, slug=slug)
    tab = await _opened(console, owner, "/status")
    options = shown(await tab.send(IncidentForm.open_create), IncidentForm, "scope_options")
    assert [name for _, name in options] == ["Ledger (ledger-eu)", "ledger (ledger-us)", "Shop"]


async def test_a_form_with_an_unknown_scope_opens_nothing(console: Console) -> None:
    owner, others = await make_user(), await make_project(await make_user(), "Hidden")
    await make_project(owner, "Shop")
    tab = await _opened(console, owner, "/status")
    for scope in (str(others), "", "1e3"):
        nonce = shown(await tab.send(IncidentForm.open_create), IncidentForm, "form_nonce")
        form = {"nonce": nonce, "title": "Slow", "severity": "major", "project_id": scope, "message": "x"}
        updates = await tab.send(IncidentForm.save, form=form)
        assert shown(updates, IncidentForm, "form_error")
        await tab.send(IncidentForm.close_form, is_open=False)
    assert shown(await tab.send(StatusState.load), StatusState, "incidents") == []


async def test_the_page_shows_the_timeline_and_takes_an_acknowledgement(console: Console) -> None:
    owner = await make_user("olga")
    project_id = await make_project(owner, "Shop")
    data = IncidentCreate(title="Slow", message="We look at it.", project_id=project_id)
    incident = await run(service.create_incident, owner, data)
    tab = await _opened(console, owner, f"/incidents/{incident.id}")
    updates = await tab.send(IncidentState.load)
    (line,) = shown(updates, IncidentState, "lines")
    assert (line["may_acknowledge"], line["notified"]) == (True, "No one notified")
    updates = await tab.send(IncidentState.acknowledge, incident_id=incident.id)
    assert toasts(updates) == ["Incident acknowledged"]
    nonce = shown(await tab.send(NoteState.open_note, incident_id=incident.id), NoteState, "form_nonce")
    form = {"nonce": nonce, "note": "Fast again.", "status": "resolved"}
    assert "Update posted" in toasts(await tab.send(NoteState.save, form=form))
    updates = await tab.send(IncidentState.load)
    steps = [(step["label"], step["icon"]) for step in shown(updates, IncidentState, "steps")]
    acknowledged, resolved = ("Acknowledged by Olga", "hand"), ("Resolved · Olga", LOOKS["resolved"][1])
    assert steps == [("Opened by Olga", "circle-alert"), acknowledged, resolved]
    assert {icon for _, icon in steps} <= GLYPHS
    (about,) = shown(updates, IncidentState, "about")
    assert (about["project"], about["acknowledged_by"]) == ("Shop", "Olga")
    nonce = shown(await tab.send(NoteState.open_note, incident_id=incident.id), NoteState, "form_nonce")
    assert nonce  # a resolved incident takes notes


async def test_an_edit_merges_with_what_another_person_saved(console: Console) -> None:
    owner = await make_user("olga")
    project_id = await make_project(owner, "Shop")
    check_id = await make_check(project_id, "Shop production")
    about = {"project_id": project_id, "check_ids": [check_id]}
    incident = await run(service.create_incident, owner, IncidentCreate(title="Slow", message="x", **about))
    tab = await _opened(console, owner, f"/incidents/{incident.id}")
    await tab.send(IncidentState.load)
    updates = await tab.send(IncidentForm.open_edit, incident_id=incident.id)
    values = shown(updates, IncidentForm, "form_values")
    assert (values["title"], values[f"check-{check_id}"]) == ("Slow", "on")
    await run(service.update_incident, owner, incident.id, IncidentUpdate(title="Very slow"))
    form = {"nonce": shown(updates, IncidentForm, "form_nonce"), "title": "Too slow", "severity": "minor"}
    clashes = shown(await tab.send(IncidentForm.save, form=form), IncidentForm, "form_clashes")
    assert [(clash["label"], clash["theirs"]) for clash in clashes] == [("Title", "Very slow")]


async def test_only_the_severity_of_what_checks_opened_is_edited(console: Console) -> None:
    owner = await make_user()
    incident = await make_incident(await make_check(await make_project(owner), "Shop production"))
    tab = await _opened(console, owner, f"/incidents/{incident}")
    await tab.send(IncidentState.load)
    updates = await tab.send(IncidentForm.open_edit, incident_id=incident)
    assert shown(updates, IncidentForm, "form_values") == {"severity": "major"}
    form = {"nonce": shown(updates, IncidentForm, "form_nonce"), "severity": "minor"}
    assert toasts(await tab.send(IncidentForm.save, form=form)) == ["Incident saved"]
    updates = await tab.send(NoteState.open_note, incident_id=incident)
    assert "resolved" not in [option[0] for option in shown(updates, NoteState, "status_options")]


async def test_a_stranger_finds_no_incident_and_opens_none(console: Console) -> None:
    stranger = await make_user()
    incident = await make_incident(await make_check(await make_project(await make_user())))
    tab = await _opened(console, stranger, f"/incidents/{incident}")
    assert shown(await tab.send(IncidentState.load), IncidentState, "phase") == "missing"
    assert shown(await tab.send(IncidentForm.open_edit, incident_id=incident), IncidentForm, "form_mode") is None
    async with reading() as session:
        admin = await make_admin()
        for text, label in (("incident", "New incident"), ("mainten", "Plan maintenance")):
            assert await _actions(session, stranger, text, "") == []
            assert [entry["label"] for entry in await _actions(session, admin, text, "")] == [label]


async def test_the_dashboard_says_how_severe_it_is_and_who_takes_care(console: Console) -> None:
    admin = await make_admin()
    incident = await run(service.create_incident, admin, IncidentCreate(title="Slow", message="x", severity="critical"))
    await run(service.acknowledge_incident, admin, incident.id)
    await make_incident(await make_check(name="Disk"), opened_at=datetime.now(UTC))
    tab = await _opened(console, admin, "/dashboard")
    notices = shown(await tab.send(AttentionState.load), AttentionState, "notices")
    found = {notice["title"]: (notice["detail"], notice["url"]) for notice in notices}
    assert found["Slow"] == ("Critical incident · Acknowledged", f"/incidents/{incident.id}")
    assert found["Disk is down"][0] == "HTTP 500 · Major incident"
    await run(service.add_note, admin, incident.id, NoteCreate(note="Done.", status="resolved"))
    async with reading() as session:
        assert (await queries.get_incident(session, admin, incident.id)).status == "resolved"

"""The page `/status`, without a browser."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from reflex.istate.manager.memory import StateManagerMemory

from tca_app.consumers.health import probe_round
from tca_app.core.actor import Actor
from tca_app.core.errors import Unavailable
from tca_app.features.health import state as page
from tca_app.features.health.note_state import NoteState
from tca_app.features.health.state import StatusState
from tca_app.ui.session import SessionState
from tests.factories import make_admin, make_check, make_incident, make_project, make_user
from tests.ui.harness import Console, Tab, console_on, shown, sign_in


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    async with console_on(StateManagerMemory()) as running:
        yield running


async def _opened(console: Console, actor: Actor) -> Tab:
    tab = Tab(console, f"status-{actor.user_id}", await sign_in(actor), "/status")
    await tab.hydrate()
    return tab


async def test_before_the_first_round_the_page_is_empty_and_after_it_full(console: Console) -> None:
    tab = await _opened(console, await make_user())
    updates = await tab.send(StatusState.load)
    assert (shown(updates, StatusState, "is_loaded"), shown(updates, StatusState, "components")) == (True, [])
    await probe_round(datetime.now(UTC))
    updates = await tab.send(StatusState.load)
    lines = {line["name"]: line for line in shown(updates, StatusState, "components")}
    assert list(lines)[:2] == ["PostgreSQL", "Schema"]
    assert (lines["PostgreSQL"]["state"], lines["PostgreSQL"]["hours"]["share"]) == ("passing", "100%")
    assert lines["Disk"]["days"]["text"] == "The last 90 days: 100% of the probes passed."
    assert shown(updates, StatusState, "score_24h") is not None


async def test_what_is_old_and_what_wavers_is_said(console: Console) -> None:
    then = datetime.now(UTC) - timedelta(minutes=6)
    await make_check(name="Redis", state="passing", last_ok=False, last_at=then, last_detail="gone")
    await make_check(name="Disk", state="failing", last_ok=False, last_at=then)
    updates = await (await _opened(console, await make_user())).send(StatusState.load)
    assert shown(updates, StatusState, "late_since") == then.isoformat()
    lines = shown(updates, StatusState, "components")
    assert [(line["name"], line["is_wavering"]) for line in lines] == [("Disk", False), ("Redis", True)]
    assert shown(updates, StatusState, "summary") == "1 of 2 fails"


async def test_a_note_is_written_once_and_shown(console: Console) -> None:
    owner = await make_user()
    incident = await make_incident(await make_check(await make_project(owner)))
    tab = await _opened(console, owner)
    (line,) = shown(await tab.send(StatusState.load), StatusState, "incidents")
    assert (line["may_note"], line["told"], line["notes"]) == (True, "Nobody was told", [])
    nonce = shown(await tab.send(NoteState.open_note, incident_id=incident), NoteState, "form_nonce")
    form = {"nonce": nonce, "note": "Restarted."}
    updates = await tab.send(NoteState.save, form=form)
    assert [toast["text"] for toast in shown(updates, SessionState, "toasts")] == ["The note is added."]
    (line,) = shown(updates, StatusState, "incidents")
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


async def test_a_failed_read_is_told_and_can_be_tried_again(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: Any) -> None:
        raise Unavailable("This took too long.")

    tab = await _opened(console, await make_user())
    with monkeypatch.context() as broken:
        broken.setattr(page, "read_overview", fail)
        assert shown(await tab.send(StatusState.load), StatusState, "failure") == "This took too long."
    assert shown(await tab.send(StatusState.load), StatusState, "failure") == ""

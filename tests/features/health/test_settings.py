"""Settings of a check, over REST and in the form: who may change them, and what a pause does."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from reflex.istate.manager.memory import StateManagerMemory

from tca_app.consumers.health import probe_round
from tca_app.core.actor import Actor
from tca_app.features.health import settings
from tca_app.features.health.internal_checks import PARTS
from tca_app.features.health.schemas import Check, CheckUpdate
from tca_app.features.health.ui.form_state import CheckState
from tca_app.features.health.ui.state import StatusState
from tca_app.models import HealthCheck, Incident
from tca_app.ui.session import SessionState
from tests.factories import bearer, make_admin, make_check, make_project, make_user, row_of, run
from tests.ui.harness import Console, Tab, console_on, shown, sign_in

CHECKS = "/api/v1/health/checks"


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    async with console_on(StateManagerMemory()) as running:
        yield running


async def opened(console: Console, actor: Actor, check_id: int) -> tuple[Tab, dict[str, str]]:
    """A tab with the form of this check, and what the form has."""
    tab = Tab(console, f"check-{actor.user_id}", await sign_in(actor), "/status")
    await tab.hydrate()
    updates = await tab.send(CheckState.open_edit, check_id=check_id)
    values = shown(updates, CheckState, "form_values") or {}
    return tab, values | {"nonce": shown(updates, CheckState, "form_nonce") or ""}


async def test_only_those_who_may_change_it_are_offered_the_form(console: Console) -> None:
    owner, viewer, stranger = await make_user(), await make_user(), await make_user()
    project_id = await make_project(owner, "Ledger", team={viewer: "viewer"})
    place, part = (
        await make_check(project_id, "Ledger production", url="https://ledger.example.com"),
        await make_check(),
    )
    for actor, may_manage in ((owner, {place}), (viewer, set()), (await make_admin(), {place, part})):
        tab, form = await opened(console, actor, place)
        assert bool(form["nonce"]) == (place in may_manage)
        lines = shown(await tab.send(StatusState.load), StatusState, "components")
        assert {line["id"] for line in lines if line["may_manage"]} == may_manage
    _, form = await opened(console, stranger, place)
    assert form == {"nonce": ""}


async def test_the_form_shows_what_counts_and_saves_what_was_typed(console: Console) -> None:
    owner = await make_user()
    check_id = await make_check(await make_project(owner), "Ledger production", url="https://ledger.example.com/up")
    tab, form = await opened(console, owner, check_id)
    assert {name: form[name] for name in ("expected_status", "timeout_s", "interval_s", "failures_to_open")} == {
        "expected_status": "",
        "timeout_s": "5",
        "interval_s": "60",
        "failures_to_open": "",
    }
    typed = {"expected_status": "204", "timeout_s": " 2 ", "interval_s": "300", "failures_to_open": "5", "weight": "3"}
    updates = await tab.send(CheckState.save, form=form | typed | {"is_public": "on"})
    assert [t["text"] for t in shown(updates, SessionState, "toasts")] == ["Check settings of Ledger production saved"]
    row = await row_of(HealthCheck, check_id)
    wanted = {"expected_status": 204, "timeout_s": 2, "interval_s": 300, "failures_to_open": 5, "passes_to_close": 0}
    wanted |= {"weight": 3, "is_public": True, "is_paused": False, "version": 2, "updated_by_id": owner.user_id}
    assert {name: row[name] for name in wanted} == wanted
    _, form = await opened(console, owner, check_id)
    assert (form["expected_status"], form["failures_to_open"], form["is_public"]) == ("204", "5", "on")


async def test_what_cannot_be_is_said_at_its_field(console: Console) -> None:
    admin, part = await make_admin(), await make_check()
    tab, form = await opened(console, admin, part)
    assert "expected_status" not in form
    updates = await tab.send(
        CheckState.save, form=form | {"interval_s": "30", "weight": "many", "passes_to_close": "61"}
    )
    errors = shown(updates, CheckState, "form_errors")
    assert set(errors) == {"interval_s", "weight", "passes_to_close"}
    assert (await row_of(HealthCheck, part))["version"] == 1


async def test_two_who_edit_at_once_are_shown_what_both_changed(console: Console) -> None:
    ana, ben = await make_admin("ana"), await make_admin("ben")
    part = await make_check()
    tab, form = await opened(console, ana, part)
    await run(settings.update_check, ben, part, CheckUpdate(weight=7, interval_s=120))
    updates = await tab.send(CheckState.save, form=form | {"weight": "9", "is_public": "on"})
    (clash,) = shown(updates, CheckState, "form_clashes")
    assert (clash["field"], clash["mine"], clash["theirs"]) == ("weight", "9", "7")
    assert shown(updates, CheckState, "form_clash_by") == "Ben"
    assert (await row_of(HealthCheck, part))["weight"] == 7
    await tab.send(CheckState.save, form={"nonce": form["nonce"], "keep.weight": "mine"})
    row = await row_of(HealthCheck, part)
    assert (row["weight"], row["interval_s"], row["is_public"], row["version"]) == (9, 120, True, 3)


async def test_an_old_copy_is_refused_over_rest_too(api: httpx.AsyncClient) -> None:
    part, header = await make_check(), await bearer(await make_admin())
    saved = await api.patch(f"{CHECKS}/{part}", headers=header | {"If-Match": '"1"'}, json={"weight": 3})
    assert (saved.status_code, saved.headers["etag"]) == (200, '"2"')
    old = await api.patch(f"{CHECKS}/{part}", headers=header | {"If-Match": '"1"'}, json={"weight": 4})
    assert (old.status_code, old.json()["errors"]) == (412, [{"pointer": "/weight", "detail": 'This is now "3".'}])


async def test_what_has_no_effect_is_refused_at_its_field(api: httpx.AsyncClient) -> None:
    """A part and a service answer with no status and wait by their own rule; of two answers one would win unseen."""
    header = await bearer(await make_admin())
    part, service = await make_check(name="Disk"), await make_check(name="Users", kind="service")
    place = await make_check(await make_project(await make_user()), expected_status=204)
    both = {"expected_status": 200, "any_status": True}
    for check_id, body, fields in (
        (part, {"timeout_s": 3, "weight": 2}, ["/timeout_s"]),
        (part, {"expected_status": 200}, ["/expected_status"]),
        (service, {"timeout_s": 3, "any_status": True}, ["/any_status", "/timeout_s"]),
        (place, both, ["/any_status"]),
    ):
        answer = await api.patch(f"{CHECKS}/{check_id}", headers=header, json=body)
        assert (answer.status_code, [fault["pointer"] for fault in answer.json()["errors"]]) == (422, fields)
        assert (await row_of(HealthCheck, check_id))["version"] == 1
    assert (await row_of(HealthCheck, place))["expected_status"] == 204


async def test_a_new_interval_counts_at_once(monkeypatch: Any) -> None:
    asked: list[str] = []

    async def works() -> Check:
        asked.append("disk")
        return Check(status="ok")

    monkeypatch.setitem(PARTS, "disk", works)
    disk = await make_check(name="Disk", key="disk", interval_s=86_400)
    now = datetime.now(UTC) + timedelta(minutes=1)
    await probe_round(now)
    await probe_round(now + timedelta(hours=1))
    assert asked == ["disk"]
    await run(settings.update_check, await make_admin(), disk, CheckUpdate(interval_s=60))
    for minutes in (61, 62):
        await probe_round(now + timedelta(minutes=minutes))
    assert len(asked) == 3


async def test_what_is_paused_is_not_asked_and_its_incident_ends(api: httpx.AsyncClient, monkeypatch: Any) -> None:
    asked: list[str] = []

    async def fails() -> Check:
        asked.append("disk")
        return Check(status="degraded", detail="1% free")

    monkeypatch.setitem(PARTS, "disk", fails)
    disk = await make_check(name="Disk", key="disk", failures_to_open=1)
    header = await bearer(await make_admin())
    now = datetime.now(UTC) + timedelta(minutes=1)
    await probe_round(now)
    incidents = (await api.get("/api/v1/incidents?open=true", headers=header)).json()
    assert [one["name"] for one in incidents] == ["Disk"]
    assert (await api.patch(f"{CHECKS}/{disk}", headers=header, json={"is_paused": True})).json()["state"] == "unknown"
    await probe_round(now + timedelta(minutes=2))
    assert asked == ["disk"]
    assert (await row_of(Incident, incidents[0]["id"]))["closed_at"] is not None
    await api.patch(f"{CHECKS}/{disk}", headers=header, json={"is_paused": False, "failures_to_open": 2})
    await probe_round(now + timedelta(minutes=3))
    assert asked == ["disk", "disk"]
    assert (await row_of(HealthCheck, disk))["state"] == "unknown"  # one failure of the two that it takes now
    await probe_round(now + timedelta(minutes=4))
    assert (await row_of(HealthCheck, disk))["state"] == "failing"


async def test_what_was_found_while_it_was_being_paused_is_not_kept(monkeypatch: Any) -> None:
    """The probe is under way when a person pauses the check: it must not wake the incident that has just ended."""
    admin = await make_admin()
    disk = await make_check(name="Disk", key="disk", failures_to_open=1)

    async def paused_meanwhile() -> Check:
        await run(settings.update_check, admin, disk, CheckUpdate(is_paused=True))
        return Check(status="down", detail="too late")

    monkeypatch.setitem(PARTS, "disk", paused_meanwhile)
    await probe_round(datetime.now(UTC) + timedelta(minutes=1))
    row = await row_of(HealthCheck, disk)
    assert (row["is_paused"], row["state"], row["last_detail"]) == (True, "unknown", "")


async def test_a_part_that_is_paused_is_said_to_be_paused_and_makes_nothing_late(console: Console) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=2)
    await make_check(name="Old", is_paused=True, last_at=long_ago, last_ok=False, state="unknown")
    await make_check(name="Redis", state="passing", last_ok=True, last_at=datetime.now(UTC))
    tab, _ = await opened(console, await make_user(), 0)
    updates = await tab.send(StatusState.load)
    lines = {line["name"]: line for line in shown(updates, StatusState, "components")}
    assert (lines["Old"]["is_paused"], lines["Old"]["is_wavering"], list(lines)) == (True, False, ["Redis", "Old"])
    assert (shown(updates, StatusState, "summary"), shown(updates, StatusState, "late_since")) == (
        "1 of 1 operational",
        "",
    )

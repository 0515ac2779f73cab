"""Maintenance on `/status`: planned in the viewer's time zone, edited and cancelled."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from reflex.istate.manager.memory import StateManagerMemory

from tca_app.features.health.maintenance.ui.form_state import MaintenanceForm
from tca_app.features.health.ui.state import StatusState
from tca_app.ui.zone import field_of
from tests.factories import make_admin, make_check, make_maintenance, make_project, make_user
from tests.features.health.incidents.test_service import rows
from tests.features.health.incidents.ui.test_state import _opened, toasts
from tests.ui.harness import Console, console_on, shown


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    async with console_on(StateManagerMemory()) as running:
        yield running


async def test_maintenance_is_planned_edited_and_cancelled(console: Console) -> None:
    owner = await make_user()
    project_id = await make_project(owner, "Shop")
    check_id = await make_check(project_id, "Shop production")
    tab = await _opened(console, owner, "/status")
    assert shown(await tab.send(StatusState.load), StatusState, "may_plan")
    updates = await tab.send(MaintenanceForm.open_create)
    start = datetime.now(UTC) + timedelta(days=1)
    form = {"nonce": shown(updates, MaintenanceForm, "form_nonce"), "title": "Upgrade", "message": ""}
    form |= {
        "project_id": str(project_id),
        "starts_at": f"{start:%Y-%m-%dT%H:%M}",
        "ends_at": f"{start:%Y-%m-%dT%H:%M}",
    }
    updates = await tab.send(MaintenanceForm.save, form=form)
    assert shown(updates, MaintenanceForm, "form_errors")["check_ids"] == "Required."
    form |= {"nonce": form["nonce"], f"check-{check_id}": "on"}
    updates = await tab.send(MaintenanceForm.save, form=form)
    assert shown(updates, MaintenanceForm, "form_errors")["ends_at"] == "The end must be after the start."
    form["ends_at"] = f"{start + timedelta(hours=2):%Y-%m-%dT%H:%M}"
    assert toasts(await tab.send(MaintenanceForm.save, form=form)) == ["Maintenance planned"]
    (window,) = shown(await tab.send(StatusState.load), StatusState, "windows")
    assert (window["title"], window["components"], window["state"]) == ("Upgrade", "Shop production", "scheduled")
    (stored,) = await rows("SELECT id, starts_at FROM maintenance_windows")
    assert stored.starts_at == start.replace(second=0, microsecond=0)
    updates = await tab.send(MaintenanceForm.open_edit, window_id=stored.id)
    values = shown(updates, MaintenanceForm, "form_values")
    assert values["project_id"] == str(project_id)
    edit = values | {"nonce": shown(updates, MaintenanceForm, "form_nonce"), "title": "Upgrade to 19"}
    assert "Maintenance saved" in toasts(await tab.send(MaintenanceForm.save, form=edit))
    await tab.send(MaintenanceForm.ask_cancel, window_id=stored.id)
    assert "Maintenance cancelled" in toasts(await tab.send(MaintenanceForm.cancel_window))
    assert shown(await tab.send(StatusState.load), StatusState, "windows") == []


async def test_a_component_in_maintenance_is_shown_so_and_the_figure_says_what_it_leaves_out(console: Console) -> None:
    admin, now = await make_admin(), datetime.now(UTC)
    check_id = await make_check(name="Disk", state="failing", last_ok=False, last_at=now)
    unused = await make_check(
        name="Mail", last_ok=None, last_at=now
    )  # in maintenance too, but the settings leave it out
    period = {"starts_at": now - timedelta(minutes=90), "ends_at": now + timedelta(hours=1)}
    await make_maintenance(None, check_id, unused, **period)
    tab = await _opened(console, admin, "/status")
    updates = await tab.send(StatusState.load)
    line, off = shown(updates, StatusState, "components")
    assert (line["state"], line["is_wavering"], off["state"]) == ("maintenance", False, "off")
    assert line["days"]["text"] == "Not checked in the last 90 days. 1 h 30 min of maintenance left out."
    assert line["hours"]["text"] == "Not checked in the last 24 hours. 1 h 30 min of maintenance left out."
    assert shown(updates, StatusState, "summary") == "0 of 1 operational, 1 in maintenance"
    (window,) = shown(updates, StatusState, "windows")
    assert window["state"] == "active"


async def test_a_time_that_was_not_touched_keeps_its_seconds(console: Console) -> None:
    admin, now = await make_admin(), datetime.now(UTC)
    end = now.replace(second=30, microsecond=0) + timedelta(hours=3)
    window_id = await make_maintenance(None, await make_check(name="Disk"), ends_at=end)
    tab = await _opened(console, admin, "/status")
    updates = await tab.send(MaintenanceForm.open_edit, window_id=window_id)
    form = shown(updates, MaintenanceForm, "form_values") | {"title": "Longer"}
    assert form["ends_at"] == field_of(end, UTC)  # type: ignore[arg-type]
    form["nonce"] = shown(updates, MaintenanceForm, "form_nonce")
    await tab.send(MaintenanceForm.save, form=form)
    (stored,) = await rows("SELECT title, ends_at FROM maintenance_windows")
    assert tuple(stored) == ("Longer", end)


async def test_who_may_not_manage_it_gets_no_form(console: Console) -> None:
    owner, viewer = await make_user(), await make_user()
    project_id = await make_project(owner, team={viewer: "viewer"})
    window_id = await make_maintenance(project_id, await make_check(project_id, "Shop production"))
    tab = await _opened(console, viewer, "/status")
    updates = await tab.send(StatusState.load)
    assert not shown(updates, StatusState, "may_plan")
    assert [window["may_manage"] for window in shown(updates, StatusState, "windows")] == [False]
    assert shown(await tab.send(MaintenanceForm.open_edit, window_id=window_id), MaintenanceForm, "form_mode") is None
    await tab.send(MaintenanceForm.ask_cancel, window_id=window_id)
    await tab.send(MaintenanceForm.cancel_window)
    (stored,) = await rows("SELECT ends_at > now() FROM maintenance_windows")
    assert stored[0]

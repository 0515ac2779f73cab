"""The lists of incidents, maintenance windows and health checks, without a browser."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from reflex.istate.manager.memory import StateManagerMemory

from tca_app.core.actor import Actor
from tca_app.features.health.incidents.schemas import IncidentCreate
from tca_app.features.health.incidents.service import create_incident
from tca_app.features.health.incidents.ui.list_state import IncidentsState
from tca_app.features.health.maintenance.ui.list_state import MaintenanceState
from tca_app.features.health.ui.checks_state import ChecksState
from tca_app.ui import routes
from tca_app.ui.session import SessionState
from tests.factories import make_check, make_incident, make_maintenance, make_project, make_user, run
from tests.ui.harness import Console, Tab, console_on, shown, sign_in

NOW = datetime.now(UTC)


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    async with console_on(StateManagerMemory()) as running:
        yield running


async def _loaded(console: Console, actor: Actor, state: Any, path: str) -> tuple[Tab, Any]:
    tab = Tab(console, path, await sign_in(actor), path)
    await tab.hydrate()
    return tab, await tab.send(state.load)


async def _options(tab: Tab, state: Any, key: str) -> dict[str, str]:
    updates = await tab.send(state.show_filter, key=key, is_open=True)
    return {option["label"]: option["count"] for option in shown(updates, state, "options")}


async def test_the_url_filters_and_sorts_incidents_and_the_file_follows(console: Console) -> None:
    ana = await make_user("ana")
    shop = await make_project(ana, "Shop")
    web, disk = await make_check(shop, "web"), await make_check(name="Disk")
    await make_incident(web, severity="critical", opened_at=NOW - timedelta(hours=2))
    await make_incident(disk, severity="minor")
    data = IncidentCreate(title="Slow", message="We look.", project_id=shop, check_ids=[web], severity="critical")
    await run(create_incident, ana, data)
    path = f"{routes.ALL_INCIDENTS}?severity=critical&severity=minor&component={web}&acknowledged=no&sort=-duration"
    tab, updates = await _loaded(console, ana, IncidentsState, path)
    rows = shown(updates, IncidentsState, "rows")
    assert [(row["name"], row["components"]) for row in rows] == [("web is down", "web"), ("Slow", "web")]
    assert [chip["text"] for chip in shown(updates, IncidentsState, "chips")] == [
        "Severity: Critical",
        "Severity: Minor",
        "Component: web",
        "Acknowledged: Not acknowledged",
    ]
    query = shown(updates, IncidentsState, "export_query")
    assert query == f"check_id={web}&severity=critical&severity=minor&acknowledged=false&sort=-duration"
    assert shown(updates, IncidentsState, "may_open") is True
    assert await _options(tab, IncidentsState, "component") == {"web": "2", "Disk": "1"}
    assert await _options(tab, IncidentsState, "acknowledged") == {"Acknowledged": "0", "Not acknowledged": "2"}
    assert (await _options(tab, IncidentsState, "severity"))["Major"] == "0"


async def test_an_incident_is_acknowledged_in_its_row_by_whom_may(console: Console) -> None:
    ana, viewer = await make_user("ana"), await make_user("vic")
    shop = await make_project(ana, "Shop", team={viewer: "viewer"})
    incident = await make_incident(await make_check(shop, "web"))
    tab, updates = await _loaded(console, viewer, IncidentsState, routes.ALL_INCIDENTS)
    (row,) = shown(updates, IncidentsState, "rows")
    assert (row["may_note"], row["may_acknowledge"], row["acknowledged_by"]) == (False, False, "")
    assert shown(await tab.send(IncidentsState.acknowledge, incident_id=incident), IncidentsState, "rows") is None
    tab, _ = await _loaded(console, ana, IncidentsState, routes.ALL_INCIDENTS)
    updates = await tab.send(IncidentsState.acknowledge, incident_id=incident)
    assert [toast["text"] for toast in shown(updates, SessionState, "toasts")] == ["web is down: acknowledged"]
    (row,) = shown(await tab.send(IncidentsState.load), IncidentsState, "rows") or shown(
        updates, IncidentsState, "rows"
    )
    assert (row["may_acknowledge"], row["acknowledged_by"]) == (False, "Ana")


async def test_maintenance_is_changed_in_its_row_until_it_is_over(console: Console) -> None:
    ana, viewer = await make_user("ana"), await make_user("vic")
    shop = await make_project(ana, "Shop", team={viewer: "viewer"})
    web = await make_check(shop, "web")
    await make_maintenance(shop, web, title="Now", created_by_id=ana.user_id)
    past = {"starts_at": NOW - timedelta(days=2), "ends_at": NOW - timedelta(days=1)}
    await make_maintenance(shop, web, title="Past", **past)
    tab, updates = await _loaded(console, ana, MaintenanceState, routes.MAINTENANCE)
    rows = {row["title"]: row for row in shown(updates, MaintenanceState, "rows")}
    assert list(rows) == ["Now", "Past"]
    assert (rows["Now"]["state"], rows["Now"]["may_change"], rows["Now"]["created_by"]) == ("active", True, "Ana")
    assert (rows["Past"]["state"], rows["Past"]["may_change"], rows["Past"]["components"]) == (
        "completed",
        False,
        "web",
    )
    assert await _options(tab, MaintenanceState, "by") == {"Ana": "1"}
    assert await _options(tab, MaintenanceState, "component") == {"web": "2"}
    tab, updates = await _loaded(
        console, viewer, MaintenanceState, f"{routes.MAINTENANCE}?by={ana.user_id}&state=active"
    )
    (row,) = shown(updates, MaintenanceState, "rows")
    assert row["may_change"] is False
    assert [chip["text"] for chip in shown(updates, MaintenanceState, "chips")] == [
        "Status: In progress",
        "Planned by: Ana",
    ]
    assert shown(updates, MaintenanceState, "export_query") == f"state=active&created_by_id={ana.user_id}"


async def test_the_list_of_checks_has_pages_and_the_states_of_the_status_page(console: Console) -> None:
    ana = await make_user("ana")
    shop = await make_project(ana, "Shop")
    await make_check(shop, "web", state="failing", last_at=NOW, last_ok=False)
    for number in range(230):
        await make_check(name=f"Part {number:03}", is_paused=number == 0)
    tab, updates = await _loaded(console, ana, ChecksState, f"{routes.CHECKS}?size=100&page=3&sort=name")
    rows = shown(updates, ChecksState, "rows")
    assert (shown(updates, ChecksState, "total"), len(rows), rows[-1]["name"]) == (231, 31, "web")
    assert (rows[-1]["state"], rows[-1]["kind"], rows[-1]["project"]) == ("failing", "Environment", "Shop")
    assert await _options(tab, ChecksState, "state") == {
        "Down": "1",
        "Unknown": "229",
        "Maintenance": "0",
        "Operational": "0",
        "Paused": "1",
        "Off": "0",
    }
    _, updates = await _loaded(console, ana, ChecksState, f"{routes.CHECKS}?state=paused&project={shop}")
    assert shown(updates, ChecksState, "rows") in (None, [])
    assert [chip["text"] for chip in shown(updates, ChecksState, "chips")] == ["Status: Paused", "Project: Shop"]

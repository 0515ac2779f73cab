"""Incidents that people opened, and maintenance, on the public page."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from sqlalchemy import update

from tca_app.core.database.session import transaction
from tca_app.features.health.incidents import service as incidents
from tca_app.features.health.incidents.schemas import IncidentCreate, NoteCreate
from tca_app.features.health.maintenance import service as maintenance
from tca_app.features.health.maintenance.schemas import MaintenanceCreate
from tca_app.features.health.public_page import page as public_page
from tca_app.models import Project
from tests.factories import make_admin, make_check, make_project, make_user, run
from tests.features.health.public_page.test_service import BADGE, FEED, JSON, PAGE, just_now


async def read(api: httpx.AsyncClient) -> tuple[dict[str, Any], str]:
    public_page._kept.cache_clear()
    return (await api.get(JSON)).json(), (await api.get(PAGE)).text


async def test_an_incident_that_a_person_published_is_shown_with_its_public_updates(api: httpx.AsyncClient) -> None:
    admin = await make_admin()
    shown, hidden = await make_check(name="Shop <b>", **just_now()), await make_check(name="Hidden part")
    await run(incidents.create_incident, admin, IncidentCreate(title="Secret incident", message="Secret."))
    about: dict[str, Any] = {"check_ids": [shown, hidden], "is_public": True, "severity": "minor"}
    given = IncidentCreate(title="Slow <i>", message="We look.", **about)
    opened = await run(incidents.create_incident, admin, given)
    await run(incidents.add_note, admin, opened.id, NoteCreate(note="Secret note.", status="identified"))
    await run(incidents.add_note, admin, opened.id, NoteCreate(note="Better.", status="monitoring", is_public=True))
    found, page = await read(api)
    (incident,) = found["incidents"]
    assert (incident["title"], incident["component"], incident["affects"]) == ("Slow <i>", "", ["Shop <b>"])
    assert [(note["status"], note["note"]) for note in incident["notes"]] == [
        ("investigating", "We look."),
        ("monitoring", "Better."),
    ]
    assert "Ongoing incident" in page
    assert "Slow &lt;i&gt;" in page
    assert "Affects Shop &lt;b&gt;" in page
    badge, feed = (await api.get(BADGE)).text, (await api.get(FEED)).text
    assert "status: Ongoing incident" in badge
    assert "Monitoring: Better." in feed
    for text in (page, badge, feed, str(found)):
        assert "Secret" not in text
        assert "Hidden" not in text
    await run(incidents.add_note, admin, opened.id, NoteCreate(note="Done.", status="resolved", is_public=True))
    found, page = await read(api)
    assert found["incidents"][0]["closed_at"]
    assert "All systems operational" in page


async def test_announced_maintenance_is_shown_until_it_ends(api: httpx.AsyncClient) -> None:
    admin, now = await make_admin(), datetime.now(UTC)
    shop = await make_check(name="Shop", **just_now() | {"state": "failing"})
    ledger = await make_check(name="Ledger", **just_now())

    async def plan(title: str, check_id: int, hours: int, *, is_public: bool = True) -> int:
        times = {"starts_at": now + timedelta(hours=hours), "ends_at": now + timedelta(hours=hours + 2)}
        about: dict[str, Any] = {"title": title, "message": "Be back.", "check_ids": [check_id], "is_public": is_public}
        return (await run(maintenance.create_window, admin, MaintenanceCreate(**about, **times))).id

    on = await plan("Move", shop, -1)
    await plan("Upgrade", ledger, 24)
    await plan("Secret", ledger, -1, is_public=False)
    cancelled = await plan("Cancelled", ledger, 48)
    await run(maintenance.cancel_window, admin, cancelled)
    found, page = await read(api)
    assert [(one["title"], one["is_active"], one["affects"]) for one in found["maintenance"]] == [
        ("Move", True, ["Shop"]),
        ("Upgrade", False, ["Ledger"]),
    ]
    assert {one["name"]: one["state"] for one in found["components"]} == {"Shop": "maintenance", "Ledger": "passing"}
    assert found["totals"]["maintenance"] == 1
    assert "Maintenance in progress" in page
    assert "Secret" not in page
    assert "Shop: Maintenance" in (await api.get(f"{BADGE}?component=Shop")).text
    await run(maintenance.cancel_window, admin, on)
    found, page = await read(api)
    assert [one["title"] for one in found["maintenance"]] == ["Upgrade"]
    assert "1 of 2 components down" in page


async def test_incidents_and_maintenance_of_a_deleted_project_are_not_shown(api: httpx.AsyncClient) -> None:
    owner, now = await make_user(), datetime.now(UTC)
    project_id = await make_project(owner, "Gone")
    check_id = await make_check(project_id, "Gone production", **just_now())
    given = IncidentCreate(title="Gone", message="x", project_id=project_id, is_public=True)
    await run(incidents.create_incident, owner, given)
    times = {"starts_at": now, "ends_at": now + timedelta(hours=1)}
    about: dict[str, Any] = {"title": "Gone", "project_id": project_id, "check_ids": [check_id], "is_public": True}
    await run(maintenance.create_window, owner, MaintenanceCreate(**about, **times))
    found, _ = await read(api)
    assert (len(found["incidents"]), len(found["maintenance"])) == (1, 1)
    async with transaction() as session:
        gone = update(Project).where(Project.__table__.c.id == project_id).values(deleted_at=now)
        await session.execute(gone)
    found, page = await read(api)
    assert (found["incidents"], found["maintenance"]) == ([], [])
    assert "Gone" not in page

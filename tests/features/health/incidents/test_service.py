"""Incidents that people open, over REST: who may, what they affect, updates, severity and acknowledgement."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from tca_app.core.database.session import reading
from tca_app.features.health.incidents import service
from tests.factories import bearer, do_jobs, make_admin, make_check, make_incident, make_project, make_user

INCIDENTS = "/api/v1/incidents"
SLOW = {"title": "Checkout is slow", "message": "We look at it."}


async def rows(statement: str) -> list[Any]:
    async with reading() as session:
        return list((await session.execute(text(statement))).all())


async def post(api: httpx.AsyncClient, header: dict[str, str], path: str, body: dict[str, Any] | None = None) -> Any:
    answer = await api.post(f"{INCIDENTS}{path}", headers=header, json=body)
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


async def test_a_deployer_opens_an_incident_and_leads_it_to_its_end(api: httpx.AsyncClient) -> None:
    owner, deployer = await make_user("olga"), await make_user("dan")
    project_id = await make_project(owner, "Shop", team={deployer: "deployer"})
    check_id, header = await make_check(project_id, "Shop production"), await bearer(deployer)
    about = {"project_id": project_id, "check_ids": [check_id], "severity": "critical"}
    made = await post(api, header, "", SLOW | about)
    assert (made["is_manual"], made["name"], made["severity"], made["status"]) == (
        True,
        "Checkout is slow",
        "critical",
        "investigating",
    )
    assert made["components"] == [{"check_id": check_id, "name": "Shop production"}]
    assert (made["opened_by"], made["notes"][0]["note"], made["notes"][0]["status"]) == (
        "Dan",
        "We look at it.",
        "investigating",
    )
    assert made["opened_by_id"] == made["notes"][0]["author_id"] is not None
    path = f"/{made['id']}"
    await post(api, header, f"{path}/notes", {"note": "An index is missing.", "status": "identified"})
    await post(api, header, f"{path}/notes", {"note": "See the runbook."})
    acknowledged = await post(api, header, f"{path}/acknowledge")
    assert (acknowledged["status"], acknowledged["acknowledged_by"]) == ("identified", "Dan")
    await post(api, header, f"{path}/notes", {"note": "Fast again.", "status": "resolved"})
    done = (await api.get(f"{INCIDENTS}{path}", headers=header)).json()
    assert (done["status"], done["closed_at"] is not None) == ("resolved", True)
    assert [note["status"] for note in done["notes"]] == ["investigating", "identified", None, "resolved"]
    assert {note["author"] for note in done["notes"]} == {"Dan"}
    assert [
        event.type for event in await rows("SELECT type FROM events WHERE subject_type = 'incident' ORDER BY id")
    ] == [
        "incident_opened",
        "incident_status_changed",
        "incident_noted",
        "incident_acknowledged",
        "incident_resolved",
    ]
    await do_jobs()
    titles = [line.title for line in await rows("SELECT title FROM notifications ORDER BY id")]
    assert titles == [
        "Dan opened the critical incident Checkout is slow",
        "Dan set the incident Checkout is slow to identified",
        "Dan acknowledged the incident Checkout is slow",
        "Dan resolved the incident Checkout is slow after under 1 min",
    ]
    found = (await api.get(f"{INCIDENTS}{path}", headers=await bearer(owner))).json()
    assert (found["notified"], found["notified_count"]) == (["Olga"], 1)


async def test_what_is_resolved_takes_notes_and_nothing_else(api: httpx.AsyncClient) -> None:
    header = await bearer(await make_admin())
    path = f"/{(await post(api, header, '', SLOW))['id']}"
    await post(api, header, f"{path}/notes", {"note": "Fast again.", "status": "resolved"})
    await post(api, header, f"{path}/notes", {"note": "The review is on Friday."})
    for body in ({"note": "Slow again.", "status": "monitoring"}, {"note": "Twice.", "status": "resolved"}):
        answer = await api.post(f"{INCIDENTS}{path}/notes", headers=header, json=body)
        assert (answer.status_code, answer.json()["code"]) == (409, "already_resolved")
    assert (await api.post(f"{INCIDENTS}{path}/acknowledge", headers=header)).status_code == 409


async def test_checks_resolve_what_they_opened_and_people_rate_it(api: httpx.AsyncClient) -> None:
    owner = await make_user("olga")
    header = await bearer(owner)
    incident = await make_incident(await make_check(await make_project(owner), "Shop production"))
    answer = await api.post(f"{INCIDENTS}/{incident}/notes", headers=header, json={"note": "x", "status": "resolved"})
    assert answer.status_code == 422
    await post(api, header, f"/{incident}/notes", {"note": "A bad release.", "status": "identified"})
    changed = await api.patch(f"{INCIDENTS}/{incident}", headers=header, json={"severity": "minor"})
    assert (changed.json()["severity"], changed.json()["status"]) == ("minor", "identified")
    answer = await api.patch(f"{INCIDENTS}/{incident}", headers=header, json={"title": "Mine"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/title")


async def test_an_edit_is_recorded_and_an_old_version_is_refused(api: httpx.AsyncClient) -> None:
    admin = await make_admin()
    header = await bearer(admin)
    parts = [await make_check(name=name) for name in ("Redis", "Disk")]
    made = await post(api, header, "", SLOW | {"check_ids": parts[:1]})
    edit = {"title": "Search is slow", "check_ids": parts}
    stale = header | {"If-Match": '"1"'}
    answer = await api.patch(f"{INCIDENTS}/{made['id']}", headers=stale, json=edit)
    assert (answer.status_code, answer.json()["version"]) == (200, 2)
    assert [part["name"] for part in answer.json()["components"]] == ["Disk", "Redis"]
    (event,) = await rows("SELECT data FROM events WHERE type = 'incident_updated'")
    assert (event.data["before"], event.data["after"]) == (
        {"title": "Checkout is slow", "components": ["Redis"]},
        {"title": "Search is slow", "components": ["Disk", "Redis"]},
    )
    answer = await api.patch(f"{INCIDENTS}/{made['id']}", headers=stale, json={"title": "Slow"})
    assert answer.status_code == 412


async def test_twenty_people_acknowledge_at_once_and_one_is_recorded(api: httpx.AsyncClient) -> None:
    header = await bearer(await make_admin())
    incident = await make_incident(await make_check(name="Disk"))
    url = f"{INCIDENTS}/{incident}/acknowledge"
    answers = await asyncio.gather(*(api.post(url, headers=header) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["acknowledged_at"] for answer in answers}) == 1
    assert (await rows("SELECT count(*) FROM events WHERE type = 'incident_acknowledged'"))[0][0] == 1


async def test_only_those_who_see_a_project_see_what_is_open_there(api: httpx.AsyncClient) -> None:
    owner, viewer, stranger, admin = await make_user(), await make_user(), await make_user(), await make_admin()
    project_id = await make_project(owner, team={viewer: "viewer"})
    check_id = await make_check(project_id, "Hidden production")
    of_project = await post(api, await bearer(owner), "", SLOW | {"project_id": project_id, "check_ids": [check_id]})
    of_console = await post(api, await bearer(admin), "", SLOW | {"check_ids": [check_id]})
    for who, ids, components in (
        (viewer, [of_console["id"], of_project["id"]], 1),
        (stranger, [of_console["id"]], 0),
        (admin, [of_console["id"], of_project["id"]], 1),
    ):
        found = (await api.get(INCIDENTS, headers=await bearer(who))).json()
        assert [incident["id"] for incident in found] == ids
        assert len(found[0]["components"]) == components
    header = await bearer(stranger)
    answer = await api.get(f"{INCIDENTS}/{of_project['id']}", headers=header)
    assert answer.status_code == 404
    for body, status in ((SLOW, 403), (SLOW | {"project_id": project_id}, 404)):
        assert (await api.post(INCIDENTS, headers=header, json=body)).status_code == status
    body = SLOW | {"project_id": project_id}
    assert (await api.post(INCIDENTS, headers=await bearer(viewer), json=body)).status_code == 403
    narrowed = (await api.get(f"{INCIDENTS}?check_id={check_id}&severity=major", headers=await bearer(owner))).json()
    assert [incident["id"] for incident in narrowed] == [of_console["id"], of_project["id"]]
    assert (await api.get(f"{INCIDENTS}?acknowledged=true", headers=await bearer(owner))).json() == []
    day = datetime.now(UTC).date()
    for days, count in (("until", 0), ("since", 2)):
        other = day + timedelta(days=2 if days == "since" else -2)
        found = await api.get(f"{INCIDENTS}?{days}={other}", headers=await bearer(owner))
        assert len(found.json()) == count  # open ones go on


async def test_components_of_others_cannot_be_named(api: httpx.AsyncClient) -> None:
    """The answer is the same for a component of another project and one that does not exist."""
    owner = await make_user()
    project_id, header = await make_project(owner), await bearer(owner)
    others = await make_check(await make_project(await make_user()), "Others production")
    of_console = await make_check(name="Disk")
    details = set()
    for check_id in (others, of_console, 999_999):
        body = SLOW | {"project_id": project_id, "check_ids": [check_id]}
        answer = await api.post(INCIDENTS, headers=header, json=body)
        assert answer.status_code == 422
        details.add(answer.json()["errors"][0]["detail"])
    assert len(details) == 1


async def test_open_incidents_are_bounded(api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MAX_OPEN", 1)
    header = await bearer(await make_admin())
    answers = await asyncio.gather(*(api.post(INCIDENTS, headers=header, json=SLOW) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]

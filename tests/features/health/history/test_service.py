"""The history of checks, over REST and on the dashboard, by viewer."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import insert

from tca_app.config.settings import get_settings
from tca_app.consumers.health import probe_round
from tca_app.core.database.session import reading
from tca_app.core.periods import DayRange
from tca_app.features.health.history.service import score, score_trend
from tca_app.features.health.incidents.service import MAX_NOTES
from tca_app.features.health.internal_checks import PARTS
from tca_app.features.health.schemas import Check
from tca_app.models import HealthRoll, IncidentNote
from tests.factories import bearer, do_jobs, make_admin, make_check, make_incident, make_project, make_user, run

CHECKS, INCIDENTS = "/api/v1/health/checks", "/api/v1/incidents"


def today() -> datetime:
    """The first moment of this day. A function, because a run of the suite may go on over midnight."""
    return datetime.combine(datetime.now(UTC).date(), time.min, UTC)


async def roll(check_id: int, starts_at: datetime, count: int, passed: int, seconds: int = 86_400) -> None:
    values = {"check_id": check_id, "seconds": seconds, "starts_at": starts_at, "count": count, "passed": passed}
    latency = {"latency_sum_ms": 10.0 * count, "latency_max_ms": 30.0}

    async def act(session: Any) -> None:
        await session.execute(insert(HealthRoll).values(values | latency))

    await run(act)


async def get(api: httpx.AsyncClient, header: dict[str, str], path: str) -> Any:
    answer = await api.get(path, headers=header)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_everybody_sees_the_console_and_a_team_its_project(api: httpx.AsyncClient) -> None:
    owner, viewer, stranger, admin = await make_user(), await make_user(), await make_user(), await make_admin()
    project_id = await make_project(owner, "Ledger", team={viewer: "viewer"})
    part = await make_check(name="PostgreSQL", weight=5)
    place = await make_check(project_id, "Ledger production", state="failing")
    await make_check(name="Old one", retired_at=datetime.now(UTC))
    incident = await make_incident(place)
    for who, seen in ((owner, [place, part]), (viewer, [place, part]), (stranger, [part]), (admin, [place, part])):
        header = await bearer(who)
        assert [check["id"] for check in await get(api, header, CHECKS)] == seen
        assert [one["id"] for one in await get(api, header, INCIDENTS)] == ([incident] if place in seen else [])
        answer = await api.get(f"{CHECKS}/{place}/history", headers=header)
        assert answer.status_code == (200 if place in seen else 404)
    header = await bearer(owner)
    assert [check["id"] for check in await get(api, header, f"{CHECKS}?project_id={project_id}")] == [place]
    assert [check["id"] for check in await get(api, header, f"{CHECKS}?state=unknown")] == [part]
    assert await get(api, header, f"{INCIDENTS}?open=false") == []


async def test_the_history_has_a_step_for_what_was_probed(api: httpx.AsyncClient) -> None:
    header = await bearer(await make_user())
    check_id, now = await make_check(), datetime.now(UTC)
    await roll(check_id, now - timedelta(minutes=10), 5, 4, seconds=300)
    await roll(check_id, now - timedelta(hours=25), 5, 5, seconds=300)
    await roll(check_id, today() - timedelta(days=89), 1440, 1439)
    day = await get(api, header, f"{CHECKS}/{check_id}/history")
    assert (day["step_seconds"], len(day["points"])) == (300, 1)
    point = day["points"][0]
    assert (point["count"], point["passed"], point["latency_avg_ms"], point["latency_max_ms"]) == (5, 4, 10.0, 30.0)
    quarter = await get(api, header, f"{CHECKS}/{check_id}/history?window=90d")
    assert [(point["count"], point["passed"]) for point in quarter["points"]] == [(1440, 1439)]
    assert (await api.get(f"{CHECKS}/{check_id}/history?window=1y", headers=header)).status_code == 422


async def test_the_score_weighs_the_shares_and_leaves_out_what_was_not_probed() -> None:
    """Each figure is worked out by hand here."""
    actor = await make_user()
    heavy, light = await make_check(weight=3), await make_check(weight=1)
    await make_check(weight=50)
    for check_id, days_ago, passed in ((heavy, 0, 10), (light, 0, 4), (heavy, 1, 5), (heavy, 7, 10), (light, 8, 0)):
        await roll(check_id, today() - timedelta(days=days_ago), 10, passed)
    async with reading() as session:
        trend = await score_trend(session, actor, DayRange.last(7))
        ended = await score_trend(
            session, actor, DayRange(today().date() - timedelta(2), today().date() - timedelta(1))
        )
        nothing = await score(session, actor, timedelta(hours=24))
    assert [point.day for point in trend.points] == [(today() - timedelta(days=n)).date() for n in range(6, -1, -1)]
    assert [point.score for point in trend.points] == [None] * 5 + [50.0, pytest.approx(85.0)]
    # Over the week: (3 * 15/20 + 1 * 4/10) / 4; before: (3 * 10/10 + 1 * 0/10) / 4.
    assert trend.now == pytest.approx(66.25)
    assert trend.before == pytest.approx(75.0)
    assert (ended.now, ended.before, [point.score for point in ended.points]) == (50.0, None, [None, 50.0])
    assert nothing is None


async def test_the_score_is_of_what_one_may_see() -> None:
    owner, stranger, admin = await make_user(), await make_user(), await make_admin()
    part, place = await make_check(), await make_check(await make_project(owner))
    await roll(part, today(), 10, 10)
    await roll(place, today(), 10, 0)
    async with reading() as session:
        found = [(await score_trend(session, who, DayRange.last(30))).now for who in (owner, stranger, admin)]
    assert found == [50.0, 100.0, 50.0]


async def test_those_who_deploy_write_about_an_incident(api: httpx.AsyncClient) -> None:
    owner, deployer, viewer, stranger = [await make_user(name) for name in ("olga", "dan", "vera", "sam")]
    project_id = await make_project(owner, "Ledger", team={deployer: "deployer", viewer: "viewer"})
    incident = await make_incident(await make_check(project_id, "Ledger production"))
    for who, code in ((deployer, 201), (viewer, 403), (stranger, 404)):
        answer = await api.post(
            f"{INCIDENTS}/{incident}/notes", headers=await bearer(who), json={"note": "The disk was full."}
        )
        assert answer.status_code == code, answer.text
    (shown,) = await get(api, await bearer(viewer), INCIDENTS)
    assert [(note["author"], note["note"]) for note in shown["notes"]] == [("Dan", "The disk was full.")]
    assert (shown["may_note"], shown["notified_count"]) == (False, 0)
    (event, *_) = await get(api, await bearer(owner), "/api/v1/activity?type=incident_noted")
    assert (event["subject_name"], event["data"]["note"]) == ("Ledger production", "The disk was full.")


async def test_about_the_console_administrators_write(api: httpx.AsyncClient) -> None:
    incident = await make_incident(await make_check())
    url, member, admin = (
        f"{INCIDENTS}/{incident}/notes",
        await bearer(await make_user()),
        await bearer(await make_admin()),
    )
    assert (await api.post(url, headers=member, json={"note": "x"})).status_code == 403
    assert (await api.post(url, headers=admin, json={"note": "  "})).status_code == 422
    assert (await api.post(url, headers=admin, json={"note": "x"})).status_code == 201


async def test_maintainers_change_the_checks_of_their_environments(api: httpx.AsyncClient) -> None:
    owner, deployer, admin = await make_user(), await make_user(), await make_admin()
    project_id = await make_project(owner, team={deployer: "deployer"})
    place, part = await make_check(project_id), await make_check()
    wanted = {"weight": 4, "interval_s": 300}
    for who, check_id, code in ((deployer, place, 403), (owner, part, 403), (owner, place, 200), (admin, part, 200)):
        answer = await api.patch(f"{CHECKS}/{check_id}", headers=await bearer(who), json=wanted)
        assert answer.status_code == code, answer.text
    header = await bearer(owner)
    for body, status in (({"expected_status": 204}, 204), ({"any_status": True}, None)):
        answer = await api.patch(f"{CHECKS}/{place}", headers=header, json=body)
        assert (answer.json()["expected_status"], answer.json()["interval_s"]) == (status, 300)
    assert (await api.patch(f"{CHECKS}/{place}", headers=header, json={"timeout_s": 11})).status_code == 422
    events = await get(api, header, "/api/v1/activity?type=health_check_updated")
    assert [event["after"] for event in events] == [{"expected_status": None}, {"expected_status": 204}, wanted]


async def test_an_incident_has_a_most_of_notes(api: httpx.AsyncClient) -> None:
    incident = await make_incident(await make_check())

    async def fill(session: Any) -> None:
        await session.execute(insert(IncidentNote), [{"incident_id": incident, "note": "x"}] * MAX_NOTES)

    await run(fill)
    header = await bearer(await make_admin())
    answer = await api.post(f"{INCIDENTS}/{incident}/notes", headers=header, json={"note": "x"})
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_notes")


async def test_only_administrators_see_who_was_notified_about_the_console(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full() -> Check:
        return Check(status="degraded", detail="1% of 10 GiB free")

    monkeypatch.setitem(PARTS, "disk", full)
    monkeypatch.setattr(get_settings(), "health_failures_to_open", 1)
    admin, member = await make_admin("ada"), await make_user()
    await probe_round(datetime.now(UTC))
    await do_jobs()
    for who, names in ((admin, ["Ada"]), (member, [])):
        (incident,) = await get(api, await bearer(who), f"{INCIDENTS}?open=true")
        assert (incident["name"], incident["notified"], incident["notified_count"]) == ("Disk", names, 1)


async def test_a_public_note_says_so_and_its_writer_chooses(api: httpx.AsyncClient) -> None:
    header = await bearer(await make_admin())
    url = f"{INCIDENTS}/{await make_incident(await make_check())}/notes"
    for body in ({"note": "for us"}, {"note": "for all", "is_public": True}):
        made = await api.post(url, headers=header, json=body)
        assert (made.status_code, made.json()["is_public"]) == (201, body.get("is_public", False))
    assert (await api.post(url, headers=header, json={"note": "x", "is_public": "yes"})).status_code == 422
    (incident,) = await get(api, header, INCIDENTS)
    assert [(note["note"], note["is_public"]) for note in incident["notes"]] == [("for us", False), ("for all", True)]

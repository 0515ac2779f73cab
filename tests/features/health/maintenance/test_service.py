"""Maintenance windows: planned, changed and cancelled over REST, and what they keep from happening."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tca_app.config.settings import get_settings
from tca_app.consumers.health import probe_round
from tca_app.core.database.session import reading
from tca_app.features.health.internal_checks import PARTS
from tca_app.features.health.probing.runs import minute_of
from tca_app.features.health.schemas import Check
from tca_app.features.health.summary import count_monitored
from tests.factories import bearer, do_jobs, make_admin, make_check, make_maintenance, make_project, make_user
from tests.features.health.incidents.test_service import rows

WINDOWS, CHECKS = "/api/v1/maintenance-windows", "/api/v1/health/checks"


def at(**ahead: float) -> str:
    return (datetime.now(UTC) + timedelta(**ahead)).isoformat()


async def test_a_maintainer_plans_changes_and_cancels(api: httpx.AsyncClient) -> None:
    owner, maintainer, deployer = await make_user("olga"), await make_user("max"), await make_user()
    project_id = await make_project(owner, team={maintainer: "maintainer", deployer: "deployer"})
    check_id, header = await make_check(project_id, "Shop production"), await bearer(maintainer)
    body = {"title": "Upgrade", "project_id": project_id, "check_ids": [check_id]}
    period = {"starts_at": at(hours=1), "ends_at": at(hours=2)}
    answer = await api.post(WINDOWS, headers=await bearer(deployer), json=body | period)
    assert answer.status_code == 403
    made = (await api.post(WINDOWS, headers=header, json=body | period)).json()
    assert (made["state"], made["created_by"], made["components"][0]["name"]) == ("scheduled", "Max", "Shop production")
    url = f"{WINDOWS}/{made['id']}"
    changed = await api.patch(url, headers=header | {"If-Match": '"1"'}, json={"starts_at": at(minutes=-5)})
    assert (changed.status_code, changed.json()["state"]) == (200, "active")
    assert (await api.patch(url, headers=header | {"If-Match": '"1"'}, json={"title": "x"})).status_code == 412
    assert (await api.patch(url, headers=header, json={"starts_at": at(minutes=5)})).status_code == 422
    ended = (await api.post(f"{url}/cancel", headers=header)).json()
    assert (ended["state"], ended["cancelled_at"]) == ("completed", None)
    for answer in (await api.post(f"{url}/cancel", headers=header), await api.patch(url, headers=header, json=body)):
        assert answer.status_code in (409, 422)
    assert (await api.patch(url, headers=header, json={"title": "x"})).json()["code"] == "maintenance_over"
    await do_jobs()
    titles = [line.title for line in await rows("SELECT title FROM notifications ORDER BY id")]
    verbs = ("scheduled", "changed", "cancelled")
    assert titles == [f"Max {verb} the maintenance Upgrade" for verb in verbs]


@pytest.mark.parametrize(
    ("period", "detail"),
    [
        ((-2, -1), "The end must be in the future."),
        ((2, 1), "The end must be after the start."),
        ((1, 31 * 24), "Maintenance lasts at most 30 days."),
    ],
)
async def test_a_period_that_makes_no_sense_is_refused(
    api: httpx.AsyncClient, period: tuple[float, float], detail: str
) -> None:
    header = await bearer(await make_admin())
    body = {"title": "Upgrade", "check_ids": [await make_check(name="Disk")]}
    times = {"starts_at": at(hours=period[0]), "ends_at": at(hours=period[1])}
    answer = await api.post(WINDOWS, headers=header, json=body | times)
    assert (answer.status_code, answer.json()["errors"][0]["detail"]) == (422, detail)


async def test_windows_may_overlap_and_are_seen_with_their_project(api: httpx.AsyncClient) -> None:
    owner, stranger = await make_user(), await make_user()
    project_id = await make_project(owner)
    check_id = await make_check(project_id, "Shop production")
    now = datetime.now(UTC)
    long = await make_maintenance(project_id, check_id, ends_at=now + timedelta(hours=5))
    later = {"starts_at": now + timedelta(hours=1), "ends_at": now + timedelta(hours=2)}
    planned = await make_maintenance(project_id, check_id, **later)
    over = await make_maintenance(project_id, check_id, ends_at=now - timedelta(minutes=1))
    called_off = await make_maintenance(project_id, check_id, cancelled_at=now, **later)
    header = await bearer(owner)
    found = (await api.get(WINDOWS, headers=header)).json()
    assert [(window["id"], window["state"]) for window in found] == [
        (long, "active"),
        (planned, "scheduled"),
        (called_off, "cancelled"),
        (over, "completed"),
    ]
    assert [w["id"] for w in (await api.get(f"{WINDOWS}?state=active", headers=header)).json()] == [long]
    (check,) = (await api.get(f"{CHECKS}?project_id={project_id}", headers=header)).json()
    assert datetime.fromisoformat(check["maintenance_until"]) == now + timedelta(hours=5)
    history = (await api.get(f"{CHECKS}/{check_id}/history", headers=header)).json()
    assert history["maintenance_s"] == pytest.approx(3_600, abs=60)  # the one that is over lies within the long one
    assert (await api.get(WINDOWS, headers=await bearer(stranger))).json() == []


async def test_maintenance_opens_no_incident_notifies_nobody_and_counts_in_no_figure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def full() -> Check:
        return Check(status="degraded", detail="1% of 10 GiB free")

    monkeypatch.setitem(PARTS, "disk", full)
    monkeypatch.setattr(get_settings(), "health_failures_to_open", 2)
    await make_admin()
    now = minute_of(datetime.now(UTC))
    await probe_round(now - timedelta(minutes=6))
    (disk,) = await rows("SELECT id FROM health_checks WHERE key = 'disk'")
    start, end = now - timedelta(minutes=5, seconds=30), now - timedelta(minutes=1, seconds=30)
    await make_maintenance(None, disk.id, starts_at=start, ends_at=end)
    for minute in (5, 4, 3, 2):
        await probe_round(now - timedelta(minutes=minute))
    (check,) = await rows("SELECT state, failures, last_ok, last_detail FROM health_checks WHERE key = 'disk'")
    assert tuple(check) == ("unknown", 0, False, "1% of 10 GiB free")
    samples = f"SELECT count(*) FROM health_samples WHERE check_id = {disk.id}"
    assert (await rows(samples))[0][0] == 1
    assert await rows("SELECT FROM incidents") == []
    await do_jobs()
    assert await rows("SELECT FROM notifications") == []
    await probe_round(now - timedelta(minutes=1))
    assert await rows("SELECT FROM incidents") == []  # failures before and during maintenance do not add up
    await probe_round(now)
    (incident,) = await rows("SELECT severity, closed_at FROM incidents")
    assert tuple(incident) == ("major", None)
    counted = f"SELECT sum(count), sum(passed) FROM health_rolls WHERE check_id = {disk.id} AND seconds = 86400"
    assert tuple((await rows(counted))[0]) == (3, 0)


async def test_an_incident_from_before_lasts_through_maintenance(monkeypatch: pytest.MonkeyPatch) -> None:
    result = Check(status="degraded", detail="1% of 10 GiB free")

    async def check() -> Check:
        return result

    monkeypatch.setitem(PARTS, "disk", check)
    monkeypatch.setattr(get_settings(), "health_failures_to_open", 1)
    monkeypatch.setattr(get_settings(), "health_passes_to_close", 1)
    now = minute_of(datetime.now(UTC))
    await probe_round(now - timedelta(minutes=3))
    (disk,) = await rows("SELECT id FROM health_checks WHERE key = 'disk'")
    start, end = now - timedelta(minutes=2, seconds=30), now - timedelta(seconds=90)
    await make_maintenance(None, disk.id, starts_at=start, ends_at=end)
    result = Check(status="ok")
    await probe_round(now - timedelta(minutes=2))
    lasting = f"SELECT FROM incidents WHERE closed_at IS NULL AND check_id = {disk.id}"
    assert len(await rows(lasting)) == 1
    await probe_round(now - timedelta(minutes=1))
    assert await rows(lasting) == []


async def test_what_is_in_maintenance_is_neither_down_nor_unknown() -> None:
    admin = await make_admin()
    check_id = await make_check(name="Disk", state="failing", last_ok=False, last_at=datetime.now(UTC))
    await make_check(name="Redis", state="passing", last_ok=True, last_at=datetime.now(UTC))
    await make_maintenance(None, check_id)
    async with reading() as session:
        totals = await count_monitored(session, admin, datetime.now(UTC))
    assert (totals.failing, totals.maintenance) == (0, 1)
    assert totals.words == "1 of 2 operational, 1 in maintenance"

"""DORA metrics, against figures that were worked out by hand."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.factories import bearer, make_deployment, make_project, make_user

NOW = datetime.now(UTC).replace(microsecond=0)


def ago(**parts: float) -> datetime:
    return NOW - timedelta(**parts)


async def test_the_four_measures(api: httpx.AsyncClient) -> None:
    owner = await make_user()
    project_id = await make_project(owner)

    async def put(status: str, hours: float, lead_minutes: float = 0, **fields: object) -> int:
        commit = {"commit_at": ago(hours=hours, minutes=lead_minutes)} if lead_minutes else {}
        return await make_deployment(project_id, status=status, finished_at=ago(hours=hours), **commit, **fields)

    await put("succeeded", 100, 10)
    await put("failed", 50)
    await put("failed", 49)
    await put("succeeded", 47, 30)  # restored after 3 hours
    undone = await put("succeeded", 20, 60)
    await put("succeeded", 19, rollback_of_id=undone)  # restored after 1 hour
    await put("failed", 1)  # nothing good came since
    await put("cancelled", 1)
    await put("succeeded", 24 * 40, 1)  # before the period
    await make_deployment(project_id, "staging", status="failed")
    await make_deployment(await make_project(await make_user()), status="failed")

    found = (await api.get("/api/v1/deployments/measures?days=30", headers=await bearer(owner))).json()
    assert found == {
        "days": 30,
        "tier": "production",
        "project_id": None,
        "succeeded": 4,
        "finished": 7,
        "deployments_per_day": pytest.approx(4 / 30),
        "lead_time_s": 30 * 60,
        "with_commit_time": 3,
        "change_failure_rate": pytest.approx(4 / 7),
        "time_to_restore_s": 2 * 3600,
        "restored": 2,
    }
    week = (await api.get("/api/v1/deployments/measures?days=90", headers=await bearer(owner))).json()
    assert week["succeeded"] == 5


async def test_nothing_measured_is_not_zero(api: httpx.AsyncClient) -> None:
    owner = await make_user()
    project_id = await make_project(owner)
    url = f"/api/v1/deployments/measures?days=7&project_id={project_id}"
    found = (await api.get(url, headers=await bearer(owner))).json()
    assert (found["deployments_per_day"], found["lead_time_s"], found["change_failure_rate"]) == (0.0, None, None)
    assert (await api.get(url, headers=await bearer(await make_user()))).status_code == 404


async def test_a_short_and_a_full_hash_are_the_same_commit(api: httpx.AsyncClient) -> None:
    owner = await make_user()
    project_id = await make_project(owner)
    full = "abcdef1" + "0" * 33
    for commit, hours in ((full, 3), ("abcdef1", 2), (full[:12], 1)):
        times = {"queued_at": ago(hours=hours), "started_at": ago(hours=hours), "finished_at": ago(hours=hours)}
        await make_deployment(project_id, status="succeeded", commit_sha=commit, commit_at=ago(hours=4), **times)
    found = (await api.get("/api/v1/deployments/measures?days=7", headers=await bearer(owner))).json()
    assert (found["lead_time_s"], found["with_commit_time"]) == (3600.0, 1)

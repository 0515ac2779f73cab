"""Deployments from GitHub have GitHub's times, however late and in whatever order deliveries come."""

from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any

import httpx
import pytest

from tca_app.consumers.analytics import recount
from tests.factories import do_jobs, run
from tests.features.deployments.github.test_service import SHA, Github, deployment, github, push

__all__ = ["github"]

TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
YESTERDAY = TODAY - timedelta(days=1)
COMMITTED, CREATED, STARTED, ENDED = (
    YESTERDAY + timedelta(hours=hours) for hours in (9.0, 14.0, 14.5, 15.0)
)  # delivered today


def pushed(at: datetime = COMMITTED) -> tuple[str, Any]:
    return "push", push((SHA, at.isoformat()))


def created(at: datetime | None = CREATED, **fields: Any) -> tuple[str, Any]:
    return "deployment", deployment(**fields, **_created_at(at))


def came_to(state: str, at: datetime | None, **fields: Any) -> tuple[str, Any]:
    _, payload = created(**fields)
    return "deployment_status", payload | {"deployment_status": {"state": state, **_created_at(at)}}


def _created_at(at: datetime | None) -> dict[str, str]:
    return {"created_at": at.strftime("%Y-%m-%dT%H:%M:%SZ")} if at else {}


async def deliver(github: Github, *deliveries: tuple[str, Any]) -> None:
    for event, payload in deliveries:
        answer = await github.send(event, payload)
        assert (answer.status_code, answer.json()["outcome"]) == (200, "done"), answer.text
    await do_jobs()


async def times_of(github: Github) -> list[datetime | None]:
    """When the only deployment was created, queued, started and finished."""
    (found,) = await github.listed()
    names = ("created_at", "queued_at", "started_at", "finished_at")
    return [datetime.fromisoformat(found[name]) if found[name] else None for name in names]


async def by_day(api: httpx.AsyncClient, github: Github) -> dict[date, tuple[int, int]]:
    """How many succeeded and failed on each day, as the dashboard shows it."""
    stats = (await api.get("/api/v1/stats?days=30", headers=github.header)).json()
    days = {date.fromisoformat(day["day"]): (day["succeeded"], day["failed"]) for day in stats["deployments_by_day"]}
    return {day: counts for day, counts in days.items() if any(counts)}


async def measures(api: httpx.AsyncClient, github: Github) -> dict[str, Any]:
    return (await api.get("/api/v1/deployments/measures?days=30", headers=github.header)).json()


async def test_deliveries_that_are_late_count_on_the_day_and_with_the_times_of_github(
    github: Github, api: httpx.AsyncClient
) -> None:
    await deliver(
        github,
        pushed(),
        created(),
        came_to("in_progress", STARTED),
        came_to("success", ENDED),
        came_to("inactive", TODAY),
    )
    assert await times_of(github) == [CREATED, CREATED, STARTED, ENDED]
    assert await by_day(api, github) == {YESTERDAY.date(): (1, 0)}
    assert (await measures(api, github))["lead_time_s"] == (ENDED - COMMITTED).total_seconds()
    assert (await run(recount))[1] == []


LATE = {
    "push": pushed(),
    "deployment": created(),
    "start": came_to("in_progress", STARTED),
    "success": came_to("success", ENDED),
}


@pytest.mark.parametrize("order", list(permutations(LATE)), ids=" ".join)
async def test_times_and_figures_are_the_same_in_whatever_order_deliveries_come(
    github: Github, api: httpx.AsyncClient, order: tuple[str, ...]
) -> None:
    await deliver(github, *(LATE[name] for name in order))
    assert await times_of(github) == [CREATED, CREATED, STARTED, ENDED]
    assert (await measures(api, github))["lead_time_s"] == (ENDED - COMMITTED).total_seconds()
    assert (await run(recount))[1] == []


async def test_a_success_without_a_start_took_as_long_as_it_was_there(github: Github) -> None:
    await deliver(github, created(), came_to("success", ENDED))
    assert await times_of(github) == [CREATED, CREATED, CREATED, ENDED]


async def test_a_failure_without_a_start_never_started_until_its_start_is_known(github: Github) -> None:
    await deliver(github, created(), came_to("failure", ENDED))
    assert await times_of(github) == [CREATED, CREATED, None, ENDED]
    await deliver(github, came_to("in_progress", STARTED))
    assert await times_of(github) == [CREATED, CREATED, STARTED, ENDED]


async def test_a_time_before_the_deployment_or_in_the_future_is_not_taken(github: Github) -> None:
    before = datetime.now(UTC)
    await deliver(github, created(), came_to("in_progress", CREATED - timedelta(days=3)))
    await deliver(github, came_to("success", before + timedelta(days=400)))
    *first, finished = await times_of(github)
    assert first == [CREATED, CREATED, CREATED]
    assert finished is not None
    assert before <= finished <= datetime.now(UTC)


async def test_a_clock_that_is_seconds_ahead_is_no_future(github: Github) -> None:
    ahead = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=30)
    await deliver(github, created(), came_to("in_progress", STARTED), came_to("success", ahead))
    assert (await times_of(github))[-1] == ahead


async def test_what_says_no_time_has_that_of_its_delivery(github: Github) -> None:
    before = datetime.now(UTC)
    for delivery in (created(None), came_to("in_progress", None), came_to("failure", None)):
        _, payload = delivery
        payload["deployment"].pop("created_at", None)
        await deliver(github, delivery)
    after = datetime.now(UTC)
    assert all(at is not None and before <= at <= after for at in await times_of(github))


async def test_an_end_is_recorded_while_another_deployment_is_in_progress(github: Github) -> None:
    await deliver(github, created(), created(id=72), came_to("in_progress", STARTED, id=72))
    assert (await github.send(*came_to("in_progress", STARTED))).status_code == 409
    await deliver(github, came_to("success", ENDED))
    assert {row["external_id"]: row["status"] for row in await github.listed()} == {
        "github-71": "succeeded",
        "github-72": "in_progress",
    }


async def test_what_ran_before_is_found_by_the_end_and_not_by_the_delivery(github: Github) -> None:
    """The older one of two comes last."""
    hour = timedelta(hours=1)
    await deliver(github, created(id=72, sha="b" * 40), came_to("in_progress", STARTED, id=72, sha="b" * 40))
    await deliver(github, came_to("success", ENDED, id=72, sha="b" * 40))
    await deliver(github, came_to("success", ENDED - hour / 4, sha="a" * 40))
    by_name = {row["external_id"]: row["id"] for row in await github.listed()}
    for name, before in (("github-72", "github-71"), ("github-71", None)):
        changes = await github.api.get(f"/api/v1/deployments/{by_name[name]}/changes", headers=github.header)
        found = changes.json()["before"]
        assert (found["external_id"] if found else None) == before

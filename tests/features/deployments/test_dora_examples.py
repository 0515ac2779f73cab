"""Carries out the worked examples of docs/deployments.md: GitHub reports what the tables say, late."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from tca_app.consumers.analytics import recount
from tca_app.core.database.session import transaction
from tca_app.features.deployments.aggregates.daily import refresh_deployments
from tca_app.features.deployments.timeouts import fail_timed_out
from tca_app.frontend.build import ROOT
from tests.factories import bearer, do_jobs, make_admin, run
from tests.features.deployments.github.test_service import Github, deployment, github, push

__all__ = ["github"]

PAGE = (ROOT / "docs" / "deployments.md").read_text()
DAY_0 = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=50)
EXAMPLE = re.compile(
    r"\*\*(?P<title>[^*]+)\.\*\*[^|]+"
    r"\| environment \| commit \|.+\n\|[-|]+\|\n(?P<lines>(?:\|.+\|\n)+)\n"
    r"Measured: (?P<succeeded>\d+) succeeded; lead time (?P<lead>.+?); "
    r"change failure rate (?P<bad>\d+) of (?P<of>\d+); time to restore (?P<restore>.+?)\.\n"
)
EXAMPLES = {found["title"]: found for found in EXAMPLE.finditer(PAGE)}
MEDIAN = re.compile(r"(?P<minutes>[\d.]+) min \((?P<count>\d+)( commits?)?\)")


def at(words: str) -> datetime | None:
    """`2 09:30` is half past nine on the second day."""
    if words == "–":
        return None
    day, clock = words.split()
    return DAY_0 + timedelta(days=int(day), hours=int(clock[:2]), minutes=int(clock[3:]))


def median(words: str) -> tuple[float | None, int]:
    """The seconds, and of how many."""
    if words == "not measured":
        return None, 0
    found = MEDIAN.fullmatch(words)
    assert found, words
    return float(found["minutes"]) * 60, int(found["count"])


async def report(github: Github, number: int, line: list[str]) -> None:
    """What GitHub delivers about one line of a table."""
    environment, commit, *moments, result = line
    committed, queued, started, ended = (moment.isoformat() if moment else None for moment in map(at, moments))
    made = deployment(id=number, sha=commit, environment=environment, created_at=queued)
    final = {"succeeded": "success", "failed": "failure"}[result.partition(",")[0]]
    deliveries: list[tuple[str, dict[str, Any]]] = [
        ("push", push((commit, str(committed)))),
        ("deployment", made),
        ("deployment_status", made | {"deployment_status": {"state": "queued", "created_at": queued}}),
        ("deployment_status", made | {"deployment_status": {"state": "in_progress", "created_at": started}}),
        ("deployment_status", made | {"deployment_status": {"state": final, "created_at": ended}}),
    ]
    for event, payload in deliveries:
        if payload is deliveries[-1][1] and "after it timed out" in result:
            await time_out()
        if payload.get("deployment_status", {}).get("state") != "in_progress" or started:
            answer = await github.send(event, payload)
            assert answer.status_code == 200, answer.text


async def time_out() -> None:
    """Nothing is reported for a long time, and the console gives the deployment up."""
    async with transaction() as session:
        old = "UPDATE deployments SET updated_at = now() - interval '10 hours' WHERE finished_at IS NULL"
        await session.execute(text(old))
    assert await run(fail_timed_out) == 1
    await do_jobs()


async def take_back(session: Any, number: int, undone: int) -> None:
    """GitHub does not say that a deployment is a rollback."""
    ids = {}
    for external in (number, undone):
        named = {"name": f"github-{external}"}
        row = await session.execute(text("SELECT id FROM deployments WHERE external_id = :name"), named)
        ids[external] = row.scalar_one()
    values = {"id": ids[number], "undone": ids[undone]}
    await session.execute(text("UPDATE deployments SET rollback_of_id = :undone WHERE id = :id"), values)
    await refresh_deployments(session, [ids[number]])


def test_there_is_an_example_for_each_case() -> None:
    assert len(EXAMPLES) == PAGE.count("\nMeasured: ") >= 9


@pytest.mark.parametrize("title", EXAMPLES)
async def test_the_example_is_measured_as_the_page_says(title: str, github: Github, api: httpx.AsyncClient) -> None:
    example = EXAMPLES[title]
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in example["lines"].splitlines()]
    for name in {line[0] for line in lines} - {"production"}:
        made = await api.post(
            f"/api/v1/projects/{github.project_id}/environments", json={"name": name}, headers=github.header
        )
        assert made.status_code == 201
    for number, line in enumerate(lines, start=1):
        await report(github, number, line)
    await do_jobs()
    for number, line in enumerate(lines, start=1):
        if undone := re.search(r"rolls back line (\d+)", line[-1]):
            await run(take_back, number, int(undone[1]))
    for header in (github.header, await bearer(await make_admin())):
        found = (await api.get("/api/v1/deployments/measures?days=90", headers=header)).json()
        assert found["succeeded"] == int(example["succeeded"])
        assert (found["lead_time_s"], found["with_commit_time"]) == median(example["lead"])
        assert found["finished"] == int(example["of"])
        assert found["change_failure_rate"] == pytest.approx(int(example["bad"]) / int(example["of"]))
        assert (found["time_to_restore_s"], found["restored"]) == median(example["restore"])
        days = (await api.get("/api/v1/stats?days=90", headers=header)).json()["deployments_by_day"]
        ended = {moment.date().isoformat() for line in lines if (moment := at(line[5]))}
        assert {day["day"] for day in days if day["succeeded"] or day["failed"]} == ended
    assert (await run(recount))[1] == []

"""A deployment without reports times out; waiting does not, and a later report is accepted."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from tca_app.config.settings import get_settings
from tca_app.consumers.analytics import recount
from tca_app.core.actor import Actor
from tca_app.core.database.session import transaction
from tca_app.core.language.messages import speaking
from tca_app.features.deployments.logs import append_log
from tca_app.features.deployments.schemas import LogAppend
from tca_app.features.deployments.service import get_deployment
from tca_app.features.deployments.timeouts import fail_timed_out
from tca_app.features.deployments.ui.detail_rows import facts_of
from tca_app.models import Deployment
from tests.factories import bearer, deployment_events, do_jobs, make_deployment, make_project, make_user, row_of, run
from tests.features.deployments.github.test_service import Github, deployment, github

__all__ = ["github"]

SILENT = timedelta(minutes=31)


@pytest.fixture(autouse=True)
def long_ago(monkeypatch: pytest.MonkeyPatch) -> dict[str, datetime]:
    monkeypatch.setattr(get_settings(), "deployment_timeout_minutes", 30)
    return {"updated_at": datetime.now(UTC) - SILENT}


async def pass_by(span: timedelta = SILENT) -> None:
    """Nothing is reported for so long: all that is open is as old as that."""
    async with transaction() as session:
        await session.execute(
            text("UPDATE deployments SET updated_at = now() - :span WHERE finished_at IS NULL"), {"span": span}
        )


async def time_out() -> None:
    """So much silence that the only deployment is failed."""
    await pass_by()
    assert await run(fail_timed_out) == 1


async def test_a_deployment_without_reports_times_out(long_ago: dict[str, datetime]) -> None:
    owner = await make_user()
    project_id = await make_project(owner)
    stuck = [await make_deployment(project_id, status=status, **long_ago) for status in ("queued", "in_progress")]
    kept = [
        await make_deployment(project_id, "staging", status="in_progress"),
        await make_deployment(project_id, status="succeeded", **long_ago),
        await make_deployment(project_id, status="pending_approval", **long_ago),
    ]
    assert await run(fail_timed_out) == 2
    assert await run(fail_timed_out) == 0
    for deployment_id in stuck:
        row = await row_of(Deployment, deployment_id)
        assert (row["status"], row["reason"]) == ("failed", "Timed out: no status or log line for 30 minutes.")
        assert row["timed_out_at"] == row["finished_at"]
        found = await run(get_deployment, owner, deployment_id)
        with speaking("de"):
            german = "Zeitlimit überschritten: 30 Minuten lang kein Status und keine Log-Zeile."
            assert facts_of(found)["reason"] == german
            assert facts_of(found.model_copy(update={"timed_out_at": None}))["reason"] == row["reason"], "CI wrote it"
    assert [(await row_of(Deployment, deployment_id))["status"] for deployment_id in kept] == [
        "in_progress",
        "succeeded",
        "pending_approval",
    ]
    assert await deployment_events() == [("deployment_failed", "failed")] * 2


@pytest.mark.parametrize("first_seq", [1, 2], ids=["the same lines again", "a new line"])
async def test_a_line_of_the_log_is_a_sign_of_life(long_ago: dict[str, datetime], first_seq: int) -> None:
    owner = await make_user()
    deployment_id = await make_deployment(await make_project(owner), status="in_progress", **long_ago)
    await run(append_log, owner, deployment_id, LogAppend(first_seq=1, lines=["still here"]))
    await pass_by()
    await run(append_log, owner, deployment_id, LogAppend(first_seq=first_seq, lines=["still here"]))
    assert await run(fail_timed_out) == 0


class Reporter:
    """A script that reports one deployment over REST."""

    def __init__(self, api: httpx.AsyncClient, header: dict[str, str], deployment_id: int) -> None:
        self.api, self.header, self.deployment_id = api, header, deployment_id
        self.url = f"/api/v1/deployments/{deployment_id}"

    async def report(self, status: str, **more: Any) -> httpx.Response:
        return await self.api.patch(self.url, json={"status": status} | more, headers=self.header)

    async def read(self) -> dict[str, Any]:
        return (await self.api.get(self.url, headers=self.header)).json()


@pytest.fixture
async def owner() -> Actor:
    return await make_user()


@pytest.fixture
async def reporter(api: httpx.AsyncClient, owner: Actor) -> Reporter:
    deployment_id = await make_deployment(await make_project(owner), status="in_progress")
    return Reporter(api, await bearer(owner), deployment_id)


async def test_a_refused_report_is_a_sign_of_life(reporter: Reporter) -> None:
    await pass_by()
    assert (await reporter.report("in_progress")).status_code == 409
    assert await run(fail_timed_out) == 0


async def test_who_asks_again_and_again_for_a_busy_environment_is_not_silent(
    api: httpx.AsyncClient, owner: Actor, reporter: Reporter
) -> None:
    project_id = (await row_of(Deployment, reporter.deployment_id))["project_id"]
    second = Reporter(api, reporter.header, await make_deployment(project_id))
    await pass_by()
    refused = await second.report("in_progress")
    assert (refused.status_code, refused.json()["code"]) == (409, "environment_busy")
    assert await run(fail_timed_out) == 1
    assert [(await one.read())["status"] for one in (reporter, second)] == ["failed", "queued"]


async def figures(reporter: Reporter) -> tuple[int, int, float | None]:
    """Succeeded, finished and the change failure rate, when everything that waits is done."""
    await do_jobs()
    found = (await reporter.api.get("/api/v1/deployments/measures?days=7", headers=reporter.header)).json()
    assert (await run(recount))[1] == []
    return found["succeeded"], found["finished"], found["change_failure_rate"]


@pytest.mark.parametrize(
    ("status", "after"),
    [("succeeded", (1, 1, 0.0)), ("failed", (0, 1, 1.0)), ("cancelled", (0, 0, None)), ("in_progress", (0, 0, None))],
)
async def test_a_report_after_the_time_out_is_taken_and_corrects_the_figures(
    reporter: Reporter, status: str, after: tuple[int, int, float | None]
) -> None:
    await time_out()
    assert (await reporter.read())["timed_out_at"]
    assert await figures(reporter) == (0, 1, 1.0)
    taken = await reporter.report(status, reason="as I said")
    assert (taken.status_code, taken.json()["status"], taken.json()["timed_out_at"]) == (200, status, None)
    assert await figures(reporter) == after
    event = {"in_progress": "deployment_started"}.get(status, f"deployment_{status}")
    assert await deployment_events() == [("deployment_failed", "failed"), ("deployment_resumed", None), (event, status)]


async def test_the_word_of_the_source_is_final(reporter: Reporter) -> None:
    await time_out()
    assert (await reporter.report("failed", reason="exit code 1")).json()["reason"] == "exit code 1"
    assert (await reporter.report("succeeded")).status_code == 409


async def test_a_success_after_the_time_out_of_what_was_queued_is_taken(reporter: Reporter) -> None:
    async with transaction() as session:
        await session.execute(text("UPDATE deployments SET status = 'queued', started_at = NULL"))
    await time_out()
    assert await figures(reporter) == (0, 0, None)  # it never started
    assert (await reporter.report("succeeded")).status_code == 200
    assert await figures(reporter) == (1, 1, 0.0)


async def test_what_goes_on_after_the_time_out_may_be_logged(owner: Actor, reporter: Reporter) -> None:
    await time_out()
    async with transaction() as session:
        await session.execute(text("UPDATE deployments SET finished_at = finished_at - interval '3 hours'"))
    await run(append_log, owner, reporter.deployment_id, LogAppend(first_seq=1, lines=["still here"]))
    assert (await reporter.read())["log_lines"] == 1


async def test_a_day_that_only_had_the_time_out_is_empty_after_the_success(reporter: Reporter) -> None:
    """The time-out was two days ago, and so was its queueing; the success is of today."""
    async with transaction() as session:
        moved = "queued_at = queued_at - interval '2 days', started_at = started_at - interval '2 days'"
        await session.execute(text(f"UPDATE deployments SET {moved}"))
    await time_out()
    await do_jobs()
    async with transaction() as session:
        moved = "finished_at = finished_at - interval '2 days', timed_out_at = timed_out_at - interval '2 days'"
        await session.execute(text(f"UPDATE deployments SET {moved}"))
    await run(recount)
    assert await by_day(reporter) == {2: (0, 1)}
    await reporter.report("succeeded")
    await do_jobs()
    assert await by_day(reporter) == {0: (1, 0)}
    assert (await run(recount))[1] == []


async def by_day(reporter: Reporter) -> dict[int, tuple[int, int]]:
    """How many succeeded and failed that many days ago."""
    stats = (await reporter.api.get("/api/v1/stats?days=7", headers=reporter.header)).json()
    days = [(day["succeeded"], day["failed"]) for day in reversed(stats["deployments_by_day"])]
    return {ago: counts for ago, counts in enumerate(days) if any(counts)}


@pytest.mark.parametrize("state", ["waiting", "queued", "pending"])
async def test_githubs_waiting_is_not_silence(github: Github, state: str) -> None:
    await github.send("deployment", deployment())
    await github.status(state)
    await pass_by(timedelta(days=20))
    assert await run(fail_timed_out) == 0
    await github.status("in_progress")
    await time_out()  # it does not wait any more


async def test_what_waits_for_longer_than_github_lets_anything_wait_fails(github: Github) -> None:
    await github.send("deployment", deployment())
    await github.status("waiting")
    await pass_by(timedelta(days=36))
    assert await run(fail_timed_out) == 1


async def test_a_deployment_of_github_that_says_nothing_at_all_fails(github: Github) -> None:
    await github.send("deployment", deployment())
    await time_out()


async def test_a_repeated_state_of_github_is_a_sign_of_life(github: Github) -> None:
    await github.status("in_progress")
    await pass_by()
    await github.status("in_progress")
    assert await run(fail_timed_out) == 0


@pytest.mark.parametrize(
    ("state", "status"), [("success", "succeeded"), ("error", "failed"), ("in_progress", "in_progress")]
)
async def test_githubs_word_after_the_time_out_is_taken(github: Github, state: str, status: str) -> None:
    await github.status("in_progress")
    await time_out()
    await github.status(state, description="GitHub says so")
    (found,) = await github.listed()
    assert (found["status"], found["timed_out_at"]) == (status, None)
    assert found["reason"] == ("GitHub says so" if status == "failed" else "")
    assert ("deployment_resumed", None) in await deployment_events()


async def test_githubs_waiting_after_the_time_out_leaves_it_open_to_a_result(github: Github) -> None:
    await github.send("deployment", deployment())
    await time_out()
    await github.status("waiting")
    assert (await github.listed())[0]["status"] == "failed"
    await github.status("success")
    assert (await github.listed())[0]["status"] == "succeeded"

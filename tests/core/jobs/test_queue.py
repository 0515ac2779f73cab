"""Jobs: retries with longer waits, failure with a reason, schedules that run once, isolated queues."""

import asyncio
import gc
import random
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job
from procrastinate.periodic import PeriodicDeferrer
from sqlalchemy import text

from tca_app.core.cache import local
from tca_app.core.cache.local import EVERYTHING, JOBS_CHANNEL, listen, subscribe
from tca_app.core.database.session import reading, transaction
from tca_app.core.jobs import queue as queues, worker as job_worker
from tca_app.core.jobs.queue import (
    Backoff,
    PermanentFailure,
    RetryAfter,
    RetryForever,
    Unreachable,
    enqueue,
    jobs,
    task,
)
from tca_app.core.jobs.worker import AttentiveWorker
from tca_app.core.outgoing.http import TargetUnreachable
from tca_app.core.outgoing.mail import MailRefused, MailServerUnreachable
from tca_app.core.outgoing.resilience import CircuitOpen
from tests.factories import do_jobs, run, until

RAN: list[int] = []
FAIL: list[Exception] = []


@task("test_job", "email_queue")
async def _test_job(_job: Job, number: int) -> None:
    RAN.append(number)
    if number == 0 and FAIL:
        raise FAIL[0]


@pytest.fixture(autouse=True)
def _clean() -> None:
    RAN.clear()
    FAIL.clear()


async def _rows(statement: str) -> list[tuple[Any, ...]]:
    async with reading() as session:
        return [tuple(row) for row in await session.execute(text(statement))]


async def _make_due() -> None:
    async with transaction() as session:
        await session.execute(text("UPDATE procrastinate_jobs SET scheduled_at = NULL WHERE status = 'todo'"))


async def test_a_job_of_a_newer_version_waits_for_a_worker_that_knows_it() -> None:
    """As in a rolling upgrade, when a new replica has enqueued it and an old worker takes it first."""
    known = jobs.tasks["test_job"]
    await run(enqueue, "test_job", number=7)
    del jobs.tasks["test_job"]
    try:
        await do_jobs()
    finally:
        jobs.tasks["test_job"] = known
    assert await _rows("SELECT task_name, status::text FROM procrastinate_jobs") == [("test_job", "todo")]
    ((reason,),) = await _rows("SELECT error FROM job_failures")
    assert reason == "this version has no job test_job; a worker of the version that enqueued it does it"
    await _make_due()
    await do_jobs()
    assert RAN == [7]
    assert await _rows("SELECT FROM procrastinate_jobs") == []


async def test_a_job_that_always_fails_is_tried_ten_times_and_then_dead_with_its_reason() -> None:
    FAIL.append(RuntimeError("no paper"))
    await run(enqueue, "test_job", number=0)
    for _ in range(queues.MAX_ATTEMPTS + 2):
        await do_jobs()
        await _make_due()
    assert RAN == [0] * queues.MAX_ATTEMPTS
    assert await _rows("SELECT status::text FROM procrastinate_jobs") == [("failed",)]
    reasons = await _rows("SELECT attempt, error FROM job_failures ORDER BY attempt")
    assert reasons == [(n, "RuntimeError: no paper") for n in range(1, queues.MAX_ATTEMPTS + 1)]


async def test_a_poisoned_job_holds_nobody_up() -> None:
    FAIL.append(RuntimeError("poison"))
    for number in (0, 1, 2):
        await run(enqueue, "test_job", number=number)
    await do_jobs()
    assert sorted(RAN) == [0, 1, 2]
    assert len(await _rows("SELECT FROM procrastinate_jobs")) == 1


async def test_what_cannot_succeed_is_dead_at_once() -> None:
    FAIL.append(PermanentFailure("no such mailbox"))
    await run(enqueue, "test_job", number=0)
    await do_jobs()
    assert await _rows("SELECT status::text, attempts FROM procrastinate_jobs") == [("failed", 1)]


@pytest.mark.parametrize(
    ("error", "attempts", "low", "high"),
    [
        (RuntimeError("x"), 0, 3.75, 5),
        (Unreachable("away"), 0, 3.75, 5),
        (Unreachable("away"), 3, 30, 40),
        (Unreachable("away"), 9, 1920, 2560),
        (Unreachable("away"), 30, 2700, 3600),
        (RetryForever("away"), 5, 120, 160),
        (RetryForever("away"), 3000, 225, 300),
    ],
)
def test_waits_double_up_to_an_hour_and_are_spread(error: Exception, attempts: int, low: float, high: float) -> None:
    waits = [_wait(error, attempts) for _ in range(50)]
    assert low - 0.1 <= min(waits)
    assert max(waits) <= high
    assert len(set(waits)) > 1


@pytest.mark.parametrize(
    "error", [MailServerUnreachable("x"), MailRefused("x"), TargetUnreachable("x"), CircuitOpen("x")]
)
def test_an_unreachable_server_is_tried_for_at_least_a_day(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    monkeypatch.setattr(random, "uniform", lambda low, _high: low)
    assert _window(error) >= 24 * 3600
    assert _window(RetryAfter("come back at once", 0)) >= 24 * 3600


def _window(error: Exception) -> float:
    """Seconds from the first attempt to the last one."""
    waited = 0.0
    for attempts in range(1000):
        if queues.is_last(error, _job(attempts)):
            return waited
        waited += _wait(error, attempts)
    raise AssertionError("it is never dead")


def _job(attempts: int) -> Job:
    return Job(id=1, status="doing", queue="q", lock=None, queueing_lock=None, task_name="t", attempts=attempts)


def _wait(error: Exception, attempts: int) -> float:
    decision = Backoff().get_retry_decision(exception=error, job=_job(attempts))
    assert decision is not None
    assert decision.retry_at is not None
    return (decision.retry_at - datetime.now(UTC)).total_seconds()


def test_whoever_says_when_to_come_back_is_not_asked_before() -> None:
    assert _wait(RetryAfter("busy", 120), 0) > 119
    assert _wait(RetryAfter("busy", 0), 3) > 29


async def test_a_time_on_the_clock_is_one_job_however_many_workers_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs.periodic_registry, "periodic_tasks", dict(queues.schedule))
    at = datetime(2026, 1, 1, 12, 0, 1, tzinfo=UTC).timestamp()
    async with job_worker._opened():
        for _ in range(3):
            deferrer = PeriodicDeferrer(jobs.periodic_registry, max_delay=3600)
            await deferrer.defer_jobs(deferrer.get_previous_tasks(at=at))
    found = await _rows("SELECT task_name FROM procrastinate_jobs ORDER BY task_name")
    assert found == [
        ("back_up",),
        ("begin_periods",),
        ("export_events",),
        ("fail_timed_out",),
        ("plan_digests",),
        ("probe_health",),
        ("purge_trash",),
        ("trim_tables",),
        ("warn_of_expiring_tokens",),
    ]  # the nightly one is not due at noon
    await do_jobs()
    assert await _rows("SELECT FROM procrastinate_jobs") == []


async def test_a_notice_that_comes_while_the_worker_looks_is_not_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = AttentiveWorker(app=jobs)
    worker.worker_id = 1
    looked: list[int] = []

    async def look(**_: object) -> None:
        """Nothing yet; the first time a job is enqueued just after the query has begun."""
        looked.append(len(looked))
        if len(looked) == 1:
            worker.wake()

    monkeypatch.setattr(jobs.job_manager, "fetch_job", look)
    await worker._fetch_and_process_jobs()
    assert len(looked) == 2


async def test_a_new_job_wakes_its_worker_by_the_connection_for_change_notifications() -> None:
    heard: list[str] = []
    end, listening = subscribe(heard.append, JOBS_CHANNEL), asyncio.create_task(listen(jobs=True))
    try:
        await until(lambda: EVERYTHING in heard)
        heard.clear()
        async with transaction() as session:
            for number in (1, 2):
                await enqueue(session, "test_job", number=number)
            assert heard == []
        await until(lambda: heard)
    finally:
        end()
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
    assert heard == ["email_queue"]


async def test_a_worker_is_woken_for_its_own_queues(monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[tuple[str, ...]] = []
    monkeypatch.setattr(AttentiveWorker, "wake", lambda worker: woken.append(tuple(worker.queues or ())))
    before = len(local._subscribers[JOBS_CHANNEL])
    working = asyncio.create_task(job_worker.work(["email_queue", "maintenance_queue"]))
    try:
        await until(lambda: len(local._subscribers[JOBS_CHANNEL]) > before)
        local._notify("maintenance_queue", JOBS_CHANNEL)
        local._notify("email_queue", local.CHANNEL)
        assert set(woken) == {("maintenance_queue",)}
        local._notify(EVERYTHING, JOBS_CHANNEL)
        assert set(woken) == {("maintenance_queue",), ("email_queue",)}
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


async def test_a_job_whose_outcome_cannot_be_stored_is_done_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail as a lost connection does. The worker stays alive, so no other one would take its job over."""
    store, refused = jobs.job_manager.finish_job, [ConnectorException()]

    async def finish(**values: Any) -> None:
        if refused:
            raise refused.pop()
        await store(**values)

    monkeypatch.setattr(jobs.job_manager, "finish_job", finish)
    monkeypatch.setattr(job_worker, "RETRY_START_S", 0)
    monkeypatch.setattr(job_worker, "POLL_S", 0.01)
    unhandled: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unhandled.append(context))
    await run(enqueue, "test_job", number=7)
    working = asyncio.create_task(job_worker.work(["email_queue"]))
    await until(lambda: len(RAN) == 2)

    async def is_stored() -> bool:
        return not await _rows("SELECT FROM procrastinate_jobs WHERE task_name = 'test_job'")

    await until(is_stored)
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    gc.collect()
    assert unhandled == []


async def test_a_worker_ends_although_a_library_lost_its_cancellation(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = asyncio.Event()

    async def lose(_queues: object) -> None:
        begun.set()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()

    monkeypatch.setattr(job_worker, "_run_for_ever", lose)
    working = asyncio.create_task(job_worker.work())
    await asyncio.wait_for(begun.wait(), 10)
    working.cancel()
    await asyncio.wait([working], timeout=10)
    assert working.cancelled()


async def test_a_worker_that_fails_in_a_way_that_nobody_thought_of_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[int] = []

    async def fail(_queues: object) -> None:
        begun.append(len(begun))
        raise ValueError("nobody thought of this")

    monkeypatch.setattr(job_worker, "_run_for_ever", fail)
    monkeypatch.setattr(job_worker, "RETRY_START_S", 0)
    reported: list[BaseException] = []
    monkeypatch.setattr(job_worker, "report", lambda error, *_: reported.append(error))
    working = asyncio.create_task(job_worker.work())
    await until(lambda: len(begun) >= 2)
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    assert working.cancelled()
    assert str(reported[0]) == "nobody thought of this"

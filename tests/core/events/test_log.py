"""The event log and its jobs: both or neither, chained, never changed, each effect once."""

import asyncio
from collections.abc import Sequence
from itertools import pairwise

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.config.settings import get_settings
from tca_app.core.database.session import lock, reading, transaction
from tca_app.core.events import consumers
from tca_app.core.events.log import CATALOGUE, QUEUES, TASK_PREFIX, Event, RecordedEvent, emit
from tca_app.core.events.verify import verify_log
from tca_app.features.projects import service as projects
from tca_app.features.projects.events import ProjectCreated, ProjectUpdated
from tca_app.features.projects.schemas import ProjectCreate, ProjectUpdate
from tests.factories import do_jobs, make_user, make_webhook, run, until


async def _rows(statement: str, **values: object) -> list[tuple]:
    async with reading() as session:
        return [tuple(row) for row in await session.execute(text(statement), values)]


async def test_a_change_logs_one_event_with_one_job_for_each_consumer() -> None:
    actor = await make_user("ana")
    made = await run(projects.create_project, actor, ProjectCreate(name="Billing"))
    [(type_, subject, name, actor_id, actor_name, after)] = await _rows(
        "SELECT type, subject_id, subject_name, actor_id, actor_name, data -> 'after' FROM events"
    )
    assert (type_, subject, name) == ("project_created", made.id, "Billing")
    assert (actor_id, actor_name, after["slug"]) == (actor.user_id, "Ana", "billing")
    assert await _waiting() == ["analytics_queue", "stream_queue"], "nobody has a webhook"


async def _waiting() -> list[str]:
    return [queue for (queue,) in await _rows("SELECT queue_name FROM procrastinate_jobs ORDER BY queue_name")]


async def test_webhooks_have_a_job_while_there_is_one() -> None:
    actor = await make_user()
    made = await run(projects.create_project, actor, ProjectCreate(name="Billing"))
    await make_webhook(actor, "https://example.com/in", made.id)
    for change, queues in (("", ProjectCreated.consumers), ("DELETE FROM webhooks", ("analytics", "streams"))):
        async with transaction() as session:
            await session.execute(text("DELETE FROM procrastinate_jobs"))
            if change:
                await session.execute(text(change))
        await run(projects.create_project, actor, ProjectCreate(name="Another"))
        assert await _waiting() == sorted(QUEUES[name] for name in queues)


async def test_what_is_rolled_back_leaves_neither_event_nor_job() -> None:
    actor = await make_user()

    async def fail_late(session: AsyncSession) -> None:
        await projects.create_project(session, actor, ProjectCreate(name="Gone"))
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await run(fail_late)
    assert await _rows("SELECT FROM events") == []
    assert await _rows("SELECT FROM procrastinate_jobs") == []


async def test_an_event_has_only_the_changed_fields() -> None:
    actor = await make_user()
    made = await run(projects.create_project, actor, ProjectCreate(name="Before"))
    await run(projects.update_project, actor, made.id, ProjectUpdate(name="After", description=""))
    [(data,)] = await _rows("SELECT data FROM events WHERE type = 'project_updated'")
    assert data == {"before": {"name": "Before"}, "after": {"name": "After"}}


@pytest.mark.parametrize(
    "change", ["UPDATE events SET actor_name = 'x'", "DELETE FROM events", "TRUNCATE events CASCADE"]
)
async def test_nobody_changes_the_log(change: str) -> None:
    await run(projects.create_project, await make_user(), ProjectCreate(name="Kept"))
    with pytest.raises(DBAPIError, match="append-only"):
        async with transaction() as session:
            await session.execute(text(change))


async def test_writers_about_one_subject_make_one_chain_without_a_gap() -> None:
    actor = await make_user()
    made = await run(projects.create_project, actor, ProjectCreate(name="Chain"))
    await asyncio.gather(*(run(emit, actor, ProjectUpdated.of(made)) for _ in range(20)))
    rows = await _rows("SELECT sequence, previous_hash, hash FROM events ORDER BY sequence")
    assert [sequence for sequence, _, _ in rows] == list(range(1, 22))
    assert all(bytes(later[1]) == bytes(earlier[2]) for earlier, later in pairwise(rows))


async def test_two_who_begin_a_chain_at_once_make_one() -> None:
    actor = await make_user()
    async with transaction() as first:
        await emit(first, actor, ProjectUpdated(subject_id=1, subject_name="one"))
        second = asyncio.create_task(run(emit, actor, ProjectUpdated(subject_id=1, subject_name="one")))
        await until(_somebody_waits)
    await second
    assert [number for (number,) in await _rows("SELECT sequence FROM events ORDER BY id")] == [1, 2]
    assert await _rows("SELECT sequence FROM event_heads WHERE subject_id = 1") == [(2,)]
    async with reading() as session:
        assert (await verify_log(session)).fault == ""


async def _somebody_waits() -> bool:
    return bool(
        await _rows("SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")
    )


async def test_writers_about_different_subjects_do_not_wait_for_each_other() -> None:
    actor = await make_user()
    async with transaction() as first:
        await emit(first, actor, ProjectUpdated(subject_id=1, subject_name="one"))
        async with asyncio.timeout(5):
            await run(emit, actor, ProjectUpdated(subject_id=2, subject_name="two"))


def test_no_event_may_carry_a_secret() -> None:
    for after in ({"hashed_password": "x"}, {"reset_token": "x"}):
        with pytest.raises(ValueError, match="must not log"):
            ProjectUpdated(subject_id=1, subject_name="x", after=after).data()


ABOUT_NOBODY = {"users_imported", "projects_imported"}  # the rows have events of their own


def test_every_event_of_the_catalogue_says_what_happened() -> None:
    assert len(CATALOGUE) >= 19
    for name, event in CATALOGUE.items():
        fields = dict.fromkeys(event.model_fields, "value")
        said = event.title.format_map(fields | {"actor": "Ana", "subject": "Billing"})
        assert "Billing" in said or name in ABOUT_NOBODY, name
        assert set(event.consumers) <= set(QUEUES), name


class _Recorder:
    """A consumer that remembers, and fails for chosen events."""

    def __init__(self) -> None:
        self.seen: list[int] = []
        self.batches: list[int] = []
        self.poison: set[int] = set()

    async def __call__(self, _session: AsyncSession, events: Sequence[RecordedEvent]) -> None:
        self.batches.append(len(events))
        if self.poison & {event.subject_id for event in events}:
            raise RuntimeError("poison")
        self.seen += [event.subject_id for event in events]


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> _Recorder:
    """Replaces the effect of every consumer."""
    recorder = _Recorder()
    apply = consumers._apply
    monkeypatch.setattr(consumers, "_apply", lambda session, name, _effect, ids: apply(session, name, recorder, ids))
    monkeypatch.setattr(Event, "consumers", ("analytics",))
    for event in CATALOGUE.values():
        monkeypatch.setattr(event, "consumers", ("analytics",))
    return recorder


_SECOND_JOB = "SELECT id FROM procrastinate_jobs ORDER BY id OFFSET 1 LIMIT 1"


async def _somebody_waits_for_a_lock() -> bool:
    here = "database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    return bool(await _rows(f"SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND {here}"))


async def _emit(count: int) -> None:
    for number in range(1, count + 1):
        await run(emit, None, ProjectUpdated(subject_id=number, subject_name=str(number)))


async def test_many_events_are_dealt_with_together_each_once(recorder: _Recorder) -> None:
    await _emit(50)
    await do_jobs()
    assert recorder.seen == list(range(1, 51))
    assert len(recorder.batches) < 25
    assert await _rows("SELECT FROM procrastinate_jobs") == []
    assert len(await _rows("SELECT FROM event_effects")) == 50


async def test_an_event_whose_job_is_fetched_already_keeps_its_order(recorder: _Recorder) -> None:
    await _emit(3)
    async with transaction() as session:
        await session.execute(text("UPDATE procrastinate_jobs SET status = 'doing' WHERE id = (" + _SECOND_JOB + ")"))
    await do_jobs()
    assert recorder.seen == [1, 2, 3]


async def test_two_workers_have_one_batch_of_a_consumer_at_a_time(recorder: _Recorder) -> None:
    await _emit(3)
    async with transaction() as another:
        await lock(another, f"{TASK_PREFIX}analytics")
        working = asyncio.create_task(do_jobs())
        await until(_somebody_waits_for_a_lock)
        assert recorder.seen == []
    await working
    assert recorder.seen == [1, 2, 3]


async def test_a_second_delivery_changes_nothing(recorder: _Recorder) -> None:
    await _emit(1)
    [(args,)] = await _rows("SELECT args FROM procrastinate_jobs")
    await do_jobs()
    async with transaction() as session:
        await consumers._apply(session, "analytics", recorder, [args["event_id"]])
    assert recorder.seen == [1]


async def test_a_poisoned_event_holds_nobody_up(recorder: _Recorder) -> None:
    recorder.poison = {3}
    await _emit(10)
    await do_jobs()
    assert sorted(recorder.seen) == [1, 2, 4, 5, 6, 7, 8, 9, 10]
    [(attempts, status)] = await _rows("SELECT attempts, status::text FROM procrastinate_jobs")
    assert (attempts, status) == (1, "todo")
    [(error,)] = await _rows("SELECT error FROM job_failures")
    assert error == "RuntimeError: poison"


async def test_a_forged_row_breaks_its_hash() -> None:
    await run(projects.create_project, await make_user(), ProjectCreate(name="True"))
    with psycopg.connect(get_settings().database_url.get_secret_value(), autocommit=True) as forger:
        forger.execute("SET session_replication_role = replica; UPDATE events SET actor_name = 'Someone else'")
    assert await _rows("SELECT hash = event_hash(events) FROM events") == [(False,)]


def test_a_consumer_gathers_while_events_pour_in_and_not_when_they_have_stopped() -> None:
    window = consumers._BatchWindow()
    assert not window.should_wait, "an idle console waits for nothing"
    for size, should_wait in (
        (1, False),
        (consumers.BUSY_BATCH_SIZE, True),
        (consumers.BATCH, False),
        (consumers.BUSY_BATCH_SIZE, True),
    ):
        window.note(size)
        assert window.should_wait is should_wait, size
    window.busy_until -= consumers.BUSY_PERIOD_S
    assert not window.should_wait

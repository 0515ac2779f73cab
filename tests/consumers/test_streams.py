"""Streams contain every event, and are refilled after Redis lost them."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from tca_app.config.settings import get_settings
from tca_app.consumers import streams
from tca_app.core.cache.redis import get_redis
from tca_app.core.database.session import reading
from tca_app.core.events.log import emit
from tca_app.features.projects.events import ProjectUpdated
from tca_app.features.users.events import UserUpdated
from tests.factories import do_jobs, run

START = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
async def empty_streams() -> None:
    await get_redis().delete("project_events", "user_events")


async def entries(stream: str) -> list[dict[str, str]]:
    found: Any = await get_redis().xrange(stream)
    return [{key.decode(): value.decode() for key, value in fields.items()} for _, fields in found]


async def _some_events() -> None:
    for number in range(3):
        after = {"name": f"Name {number}"}
        await run(emit, None, ProjectUpdated(subject_id=7, subject_name="Billing", project_id=7, after=after))
    await run(emit, None, UserUpdated(subject_id=5, subject_name="Ana"))


async def test_each_kind_of_subject_has_its_stream_in_order() -> None:
    await _some_events()
    await do_jobs()
    found = await entries("project_events")
    assert [entry["sequence"] for entry in found] == ["1", "2", "3"]
    assert {entry["project_id"] for entry in found} == {"7"}
    assert '"Name 2"' in found[2]["data"]
    assert [entry["type"] for entry in await entries("user_events")] == ["user_updated"]


async def test_a_lost_stream_is_filled_from_the_log_with_the_same_ids() -> None:
    await _some_events()
    await do_jobs()
    before = await entries("project_events")
    await get_redis().delete("project_events", "user_events")
    async with reading() as session:
        assert await streams.replay(session, START) == 4
    assert await entries("project_events") == before


async def test_a_stream_does_not_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "stream_maxlen", 100)
    async with reading() as session:
        for number in range(500):
            await run(emit, None, ProjectUpdated(subject_id=number + 1, subject_name="x"))
        await streams.replay(session, START)
    assert len(await entries("project_events")) < 300


async def test_without_redis_the_job_waits_and_the_event_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> Any:
        raise ConnectionError

    monkeypatch.setattr(streams, "get_redis", away)
    await run(emit, None, UserUpdated(subject_id=5, subject_name="Ana"))
    await do_jobs()
    async with reading() as session:
        waiting = "SELECT task_name, status::text, attempts FROM procrastinate_jobs"
        assert [tuple(row) for row in await session.execute(text(waiting))] == [("consume_streams", "todo", 1)]
    monkeypatch.undo()
    async with reading() as session:
        await session.execute(text("UPDATE procrastinate_jobs SET scheduled_at = now()"))
    await do_jobs()
    assert len(await entries("user_events")) == 1

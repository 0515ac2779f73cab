"""Counts the pages of tables and indexes that PostgreSQL reads for a test's statements."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import event

from tca_app.config.settings import get_settings
from tca_app.core.database import session as db


@contextmanager
def _sent() -> Iterator[list[tuple[str, Any]]]:
    sent: list[tuple[str, Any]] = []

    def note(*given: Any) -> None:
        sent.append((given[2], given[3]))

    engine = db._get().reader.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def buffers_of(call: Callable[[Any], Awaitable[object]]) -> int:
    """How many pages the statements of `call`, which gets a session for reads, touch; each is explained once more."""
    with _sent() as sent:
        async with db.reading() as session:
            await call(session)
    assert sent
    touched = 0
    with psycopg.connect(get_settings().database_url.get_secret_value()) as connection:
        for statement, values in sent:
            if statement.startswith("EXPLAIN"):
                continue
            explained = connection.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", values).fetchone()
            assert explained is not None
            plan = explained[0][0]["Plan"]
            touched += plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    return touched

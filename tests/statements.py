"""Records the statements that are sent to the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from tca_app.core.database import session


@contextmanager
def statements() -> Iterator[list[str]]:
    """What this process sends meanwhile, to read and to write."""
    asked: list[str] = []

    def note(*given: Any) -> None:
        asked.append(given[2])

    engines = [session._get().writer.sync_engine, session._get().reader.sync_engine]
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)

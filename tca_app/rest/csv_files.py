"""A list as a CSV file that is written while it is read."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from fastapi.responses import StreamingResponse
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.database.csv_lines import MAX_ROWS, csv_lines
from tca_app.core.database.session import reading

CSV: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {}}}}
BATCH = 500


Read = Callable[[AsyncSession, list[int]], Awaitable[Sequence[object]]]


def csv_response(
    name: str, columns: Sequence[str], ids: list[int], read: Read, *, key: str = "id"
) -> StreamingResponse:
    """Return a file with the rows of `ids` in this order. `read` returns those that the caller may still see.

    `key` is the field with the id; several rows may have the same one.

    The ids are chosen before, so that no row is missing or there twice because others came or went meanwhile.
    """
    return _file(name, _lines(columns, ids, read, key))


def csv_file(name: str, columns: Sequence[str], rows: Sequence[object]) -> StreamingResponse:
    """Return a file of a list that has a limit anyway, so that it is read at once."""
    return _file(name, iter((csv_lines(columns, rows, has_header=True),)))


def _file(name: str, lines: AsyncIterator[str] | Iterator[str]) -> StreamingResponse:
    headers = {
        "Content-Disposition": f'attachment; filename="{name}-{datetime.now(UTC):%Y-%m-%d}.csv"',
        "X-Row-Limit": str(MAX_ROWS),
    }
    return StreamingResponse(lines, headers=headers, media_type="text/csv; charset=utf-8")


async def _lines(columns: Sequence[str], ids: list[int], read: Read, key: str) -> AsyncIterator[str]:
    """Yields batches, each read in a session of its own, so that a slow client holds no connection."""
    yield csv_lines(columns, (), has_header=True)
    for start in range(0, len(ids), BATCH):
        wanted = ids[start : start + BATCH]
        async with reading() as session:
            rows = await read(session, wanted)
        found: dict[int, list[object]] = {}
        for row in rows:
            found.setdefault(getattr(row, key), []).append(row)
        yield csv_lines(columns, [row for one in wanted for row in found.get(one, ())], has_header=False)

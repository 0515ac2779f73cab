"""One action on many rows in one transaction. A refusal affects only its own row."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.errors import AppError, ReauthenticationRequired
from tca_app.core.schema import ReadModel


class BulkResult(ReadModel):
    """The result of a bulk action for one row. `detail` says why it was refused."""

    id: int
    ok: bool
    detail: str = ""


async def for_each(session: AsyncSession, ids: Sequence[int], act: Callable[[int], Awaitable[Any]]) -> list[BulkResult]:
    """Runs `act` for each id and returns the results in the order of the ids.

    Raises ReauthenticationRequired: all of them wait for the proof, so that nothing is done twice.
    """
    results = {}
    for row_id in sorted(set(ids)):  # one order for all, so that two bulk actions cannot deadlock
        try:
            async with session.begin_nested():
                await act(row_id)
            results[row_id] = BulkResult(id=row_id, ok=True)
        except ReauthenticationRequired:
            raise
        except AppError as refusal:
            results[row_id] = BulkResult(id=row_id, ok=False, detail=refusal.detail)
    return [results[row_id] for row_id in dict.fromkeys(ids)]

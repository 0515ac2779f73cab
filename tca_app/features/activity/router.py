"""REST endpoints under `/api/v1/activity`: the event log, as JSON and as a file."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import TypeAdapter

from tca_app.core.actor import Actor
from tca_app.core.database.session import reading
from tca_app.features.activity import export, service
from tca_app.features.activity.schemas import EXPORT_ROWS, ActivityQuery, ActivityRead, ExportQuery
from tca_app.rest.dependencies import CurrentActor, CurrentViewer, Reading
from tca_app.rest.problems import problems
from tca_app.rest.responses import json_response, next_link
from tca_app.rest.routing import console_router

router = console_router("/api/v1/activity", "activity")
_events = TypeAdapter(list[ActivityRead])
_BATCH = 100


@router.get("", response_model=list[ActivityRead], responses=problems(401))
async def list_activity(
    request: Request, query: Annotated[ActivityQuery, Query()], actor: CurrentActor, session: Reading
) -> Response:
    """List the events that the caller may see, by default newest first. `Link` leads to the next ones."""
    events, more = await service.list_activity(session, actor, query)
    headers = next_link(request, events[-1].id) if more else {}
    return json_response(_events.dump_json(events), headers=headers)


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {}, "application/json": {}}}, **problems(401)},
)
async def export_activity(query: Annotated[ExportQuery, Query()], actor: CurrentViewer) -> Response:
    """Download the same events as a file, at most 50,000. A browser's session cookie is accepted."""
    write = export.as_csv if query.format == "csv" else export.as_json
    kind = "text/csv; charset=utf-8" if query.format == "csv" else "application/json"
    name = f"activity-{datetime.now(UTC):%Y-%m-%d}.{query.format}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Row-Limit": str(EXPORT_ROWS)}
    return StreamingResponse(_lines(query, actor, write), headers=headers, media_type=kind)


async def _lines(
    query: ExportQuery, actor: Actor, write: Callable[[list[ActivityRead], bool], str]
) -> AsyncIterator[str]:
    """Yields batches, each read in a session of its own, so that a slow client holds no connection."""
    chosen: dict[str, Any] = query.model_dump(exclude={"format"})
    cursor, left = None, EXPORT_ROWS
    while True:
        async with reading() as session:
            asked = ActivityQuery(**chosen, cursor=cursor, limit=min(_BATCH, left))
            events, more = await service.list_activity(session, actor, asked)
        left -= len(events)
        yield write(events, cursor is None)
        if not more or not left:
            break
        cursor = events[-1].id
    yield write([], False)

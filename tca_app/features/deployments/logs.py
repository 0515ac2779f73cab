"""The log of a deployment: numbered lines without gaps, appended in batches that may arrive twice."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol

from sqlalchemy import and_, bindparam, exists, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.cache.local import LocalCache
from tca_app.core.database.lists import to_reads
from tca_app.core.database.session import cached_read
from tca_app.core.errors import NotFound
from tca_app.core.language.messages import _
from tca_app.features.deployments.errors import LogClosed, LogFull, LogGap
from tca_app.features.deployments.queries import DeploymentRow
from tca_app.features.deployments.schemas import MAX_LINES, LogAppend, LogLine, LogQuery, LogState
from tca_app.features.deployments.service import find_deployment, note_sign_of_life
from tca_app.features.projects import policy
from tca_app.models import Deployment, DeploymentLog, Project, ProjectMember

OPEN_AFTER_END = timedelta(hours=1)


class LogLength(NamedTuple):
    """How many lines a log has, or had before retention deleted them."""

    lines: int
    is_deleted: bool


class _Count(Protocol):
    """A row of `_COUNT`."""

    log_lines: int
    is_deleted: bool
    role: str | None


# All viewers of a log read the same batch at the same time. Lines may be long, so few batches are cached.
_counts: LocalCache[_Count | None] = LocalCache(1_000, drop_on_write=True)
_lines: LocalCache[list[LogLine]] = LocalCache(8, drop_on_write=True)
_deployments, _log = Deployment.__table__.c, DeploymentLog.__table__.c
_projects, _members = Project.__table__.c, ProjectMember.__table__.c
_APPEND = text(
    """
    INSERT INTO deployment_logs (deployment_id, seq, line)
    SELECT :deployment_id, :there + number, line
    FROM unnest(CAST(:lines AS text[])) WITH ORDINALITY AS given (line, number)
    """
)
# Retention deletes a log from its first line on. The number of lines stays what it was.
_FIRST_LINE = exists().where(_log.deployment_id == _deployments.id, _log.seq == 1).correlate(Deployment.__table__)
_COUNT = (
    select(
        _deployments.log_lines,
        and_(_deployments.log_lines > 0, ~_FIRST_LINE).label("is_deleted"),
        _members.role,
    )
    .select_from(Deployment.__table__)
    .join(Project.__table__, and_(_projects.id == _deployments.project_id, _projects.deleted_at.is_(None)))
    .outerjoin(
        ProjectMember.__table__,
        and_(_members.project_id == _projects.id, _members.user_id == bindparam("actor_id")),
    )
    .where(_deployments.id == bindparam("deployment_id"))
)
_READ = (
    select(_log.seq, _log.at, _log.line)
    .where(_log.deployment_id == bindparam("deployment_id"), _log.seq > bindparam("after"))
    .order_by(_log.seq)
    .limit(bindparam("most"))
)


async def append_log(session: AsyncSession, actor: Actor, deployment_id: int, data: LogAppend) -> LogState:
    """Appends the lines that are new. Raises LogGap, LogFull, LogClosed."""
    row = await find_deployment(session, actor, "deployments.write", deployment_id)
    _refuse_closed(row)
    there = row.log_lines
    if data.first_seq > there + 1:
        raise LogGap(_("Expected line {there} next, not line {first_seq}.", there=there + 1, first_seq=data.first_seq))
    fresh = data.lines[there + 1 - data.first_seq :]
    if not fresh:
        await note_sign_of_life(session, row.id)
        return LogState(next_seq=there + 1, added=0)
    last = there + len(fresh)
    if last > MAX_LINES:
        raise LogFull(f"A log holds at most {MAX_LINES:,} lines; there is room for {MAX_LINES - there:,} more.")
    await session.execute(_APPEND, {"deployment_id": row.id, "there": there, "lines": fresh})
    await session.execute(update(Deployment.__table__).where(_deployments.id == row.id).values(log_lines=last))
    return LogState(next_seq=last + 1, added=len(fresh))


def _refuse_closed(row: DeploymentRow) -> None:
    """Raises LogClosed. The end of a log often arrives after the result, but not more than an hour later."""
    if row.status == "pending_approval":
        raise LogClosed(_("This deployment awaits approval. It has no log yet."))
    timed_out = row.timed_out_at is not None  # timed out by the console, so its source may still report
    if row.finished_at is not None and not timed_out and row.finished_at < datetime.now(UTC) - OPEN_AFTER_END:
        raise LogClosed(_("This deployment ended more than an hour ago: its log is closed."))


async def count_lines(session: AsyncSession, actor: Actor, deployment_id: int) -> LogLength:
    """Returns the number of lines. Viewers read it and then the new lines, so neither reads the whole row."""
    key, tags = f"{actor.user_id} {deployment_id}", ("projects", f"deployment:{deployment_id}", _topic(deployment_id))
    row = await cached_read(session, _counts, key, tags, lambda: _count(session, actor, deployment_id))
    if row is None:
        raise NotFound
    policy.require(actor, "deployments.read", row.role)
    return LogLength(row.log_lines, row.is_deleted)


async def _count(session: AsyncSession, actor: Actor, deployment_id: int) -> _Count | None:
    return (await session.execute(_COUNT, {"deployment_id": deployment_id, "actor_id": actor.user_id})).first()


def _topic(deployment_id: int) -> str:
    """Returns the topic that a trigger notifies when the log grows."""
    return f"deployment_log:{deployment_id}"


async def read_log(session: AsyncSession, actor: Actor, deployment_id: int, query: LogQuery) -> list[LogLine]:
    """Returns the lines after `query.after`."""
    length = await count_lines(session, actor, deployment_id)
    if length.is_deleted or length.lines <= query.after:
        return []
    key = f"{deployment_id} {query.after} {query.limit}"
    return await cached_read(
        session, _lines, key, (_topic(deployment_id),), lambda: _read(session, deployment_id, query)
    )


async def _read(session: AsyncSession, deployment_id: int, query: LogQuery) -> list[LogLine]:
    values = {"deployment_id": deployment_id, "after": query.after, "most": query.limit}
    return to_reads(LogLine, (await session.execute(_READ, values)).all())

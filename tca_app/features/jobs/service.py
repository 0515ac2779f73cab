"""Service functions for jobs: queue statistics, lists, retry and discard, for administrators."""

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.config.settings import get_settings
from tca_app.core.actor import Actor
from tca_app.core.database.pagination import Page
from tca_app.core.errors import NotFound
from tca_app.core.events.log import emit
from tca_app.core.facets import Facets, facets_of
from tca_app.core.jobs.queue import QUEUE_NAMES, wake_workers
from tca_app.features.jobs import policy
from tca_app.features.jobs.events import JobDiscarded, JobRetried
from tca_app.features.jobs.schemas import JobBulk, JobQuery, JobRead, JobResult, QueueRead, QueuesRead

NOT_DEAD = "This job is not dead. It is waiting, running or done."

# The lag of a job starts at its scheduled time; jobs scheduled for the future have no lag.
_QUEUES = text(
    """
    SELECT queue_name AS name,
      count(*) FILTER (WHERE status = 'todo' AND attempts = 0) AS waiting,
      count(*) FILTER (WHERE status = 'doing') AS running,
      count(*) FILTER (WHERE status = 'todo' AND attempts > 0) AS retrying,
      count(*) FILTER (WHERE status = 'failed') AS dead,
      coalesce(extract(epoch FROM now() - min(scheduled_at)
        FILTER (WHERE status = 'todo' AND scheduled_at <= now())), 0)::float8 AS lag_seconds
    FROM procrastinate_jobs GROUP BY queue_name
    """
)
_WORKERS = text(
    "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - make_interval(secs => :alive_s)"
)
_STATES = {
    "dead": "jobs.status = 'failed'",
    "retrying": "jobs.status = 'todo' AND jobs.attempts > 0",
    "waiting": "jobs.status = 'todo' AND jobs.attempts = 0",
    "running": "jobs.status = 'doing'",
}
_LAST = """
    LEFT JOIN LATERAL (
      SELECT error, at FROM job_failures WHERE job_id = jobs.id ORDER BY attempt DESC LIMIT 1) AS last ON true
"""
_WHERE = "WHERE {state} AND (CAST(:queue AS text[]) = '{{}}' OR queue_name = ANY(:queue))"
_ALL = f"FROM procrastinate_jobs AS jobs {_WHERE}"
_WITH_FAILURES = f"FROM procrastinate_jobs AS jobs {_LAST} {_WHERE}"
_FOUND = f"""
    {_WITH_FAILURES}
      AND strpos(lower(task_name || ' ' || coalesce(error, '')), lower(:search)) > 0
"""
_COLUMNS = """
    SELECT jobs.id, task_name AS kind, queue_name AS queue, attempts, args - 'cause' AS args,
      coalesce(error, '') AS reason, last.at AS failed_at,
      CASE WHEN scheduled_at > now() THEN scheduled_at END AS next_at,
      coalesce(args #>> '{cause,request_id}', '') AS request_id
"""


_SORTS = {
    "id": "jobs.id",
    "kind": "task_name",
    "queue": "queue_name",
    "attempts": "attempts",
    "reason": "error",
    "failed_at": "last.at",
}
_OF_FAILURES = ("reason", "failed_at")


async def read_queues(session: AsyncSession, actor: Actor) -> QueuesRead:
    """Returns all queues with their counts, and the number of running workers."""
    policy.require(actor)
    return await count_queues(session)


async def count_queues(session: AsyncSession) -> QueuesRead:
    """Returns the same without a permission check, for the health check and the metrics."""
    found = {row.name: QueueRead(**row._mapping) for row in await session.execute(_QUEUES)}
    alive_s = get_settings().job_takeover_seconds
    workers = (await session.execute(_WORKERS, {"alive_s": alive_s})).scalar_one()
    return QueuesRead(workers=workers, queues=[found.get(name) or _empty(name) for name in QUEUE_NAMES])


def _empty(name: str) -> QueueRead:
    return QueueRead(name=name, waiting=0, running=0, retrying=0, dead=0, lag_seconds=0.0)


async def list_jobs(session: AsyncSession, actor: Actor, query: JobQuery) -> Page[JobRead]:
    """Returns the jobs in one state, by default newest first."""
    policy.require(actor)
    # Constant SQL, no user input: both are chosen from a dictionary.
    found, order = (_FOUND if query.search else _ALL).format(state=_STATES[query.state]), _order(query.sort)
    values = query.model_dump(include={"queue", "skip", "limit"}) | ({"search": query.search} if query.search else {})
    total = (await session.execute(text(f"SELECT count(*) {found}"), values)).scalar_one()
    if not query.search and query.sort.removeprefix("-") in _OF_FAILURES:
        found = _WITH_FAILURES.format(state=_STATES[query.state])
    page = f"WITH page AS (SELECT jobs.* {found} ORDER BY {order} LIMIT :limit OFFSET :skip)"
    rows = await session.execute(text(f"{page} {_COLUMNS} FROM page AS jobs {_LAST} ORDER BY {order}"), values)
    return Page([JobRead(state=query.state, **row._mapping) for row in rows], total)


async def count_by_queue(session: AsyncSession, actor: Actor, query: JobQuery) -> Facets:
    """Returns the queues with how many jobs each has in the state of the query."""
    policy.require(actor)
    found = (_FOUND if query.search else _ALL).format(state=_STATES[query.state])  # constant SQL, no user input
    values = {"queue": [], **({"search": query.search} if query.search else {})}
    rows = await session.execute(text(f"SELECT queue_name, count(*) {found} GROUP BY queue_name"), values)
    return facets_of([(row[0], "", row[1]) for row in rows])


def _order(sort: str) -> str:
    """Returns the ORDER BY of a sort. Jobs that never failed are last in both directions."""
    way = "DESC" if sort.startswith("-") else "ASC"
    return f"{_SORTS[sort.removeprefix('-')]} {way} NULLS LAST, jobs.id {way}"


_REVIVE = text(
    "UPDATE procrastinate_jobs SET status = 'todo', attempts = 0, scheduled_at = now() "
    "WHERE id = :id AND status = 'failed' RETURNING task_name"
)
_DROP = text("DELETE FROM procrastinate_jobs WHERE id = :id AND status = 'failed' RETURNING task_name")
_REASON = text("SELECT error FROM job_failures WHERE job_id = :id ORDER BY attempt DESC LIMIT 1")
_FORGET = text("DELETE FROM job_failures WHERE job_id = :id")


async def retry_job(session: AsyncSession, actor: Actor, job_id: int) -> None:
    """Retries a dead job with all its attempts, the first immediately. Raises NotFound unless it is dead."""
    policy.require(actor)
    await _act(session, actor, job_id, _REVIVE, JobRetried)
    await wake_workers(session)


async def discard_job(session: AsyncSession, actor: Actor, job_id: int) -> None:
    """Discards a dead job. Raises NotFound unless it is dead."""
    policy.require(actor)
    await _act(session, actor, job_id, _DROP, JobDiscarded)


async def _act(
    session: AsyncSession, actor: Actor, job_id: int, change: TextClause, event: type[JobRetried | JobDiscarded]
) -> None:
    kind = (await session.execute(change, {"id": job_id})).scalar()
    if kind is None:
        raise NotFound(NOT_DEAD)
    reason = (await session.execute(_REASON, {"id": job_id})).scalar() or ""
    await session.execute(_FORGET, {"id": job_id})
    await emit(session, actor, event(subject_id=job_id, subject_name=kind, reason=reason[:500]))


async def bulk_jobs(session: AsyncSession, actor: Actor, data: JobBulk) -> list[JobResult]:
    """Retries or discards several jobs. Jobs that are no longer dead are skipped and reported."""
    policy.require(actor)
    results = []
    for job_id in dict.fromkeys(data.ids):
        try:
            await (retry_job if data.action == "retry" else discard_job)(session, actor, job_id)
            results.append(JobResult(id=job_id, ok=True, detail=""))
        except NotFound as error:
            results.append(JobResult(id=job_id, ok=False, detail=error.detail))
    return results

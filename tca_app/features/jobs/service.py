"""Service functions for jobs: queue statistics, retry and discard, for administrators."""

import operator

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.config.settings import get_settings
from tca_app.core.actor import Actor
from tca_app.core.errors import NotFound
from tca_app.core.events.log import emit
from tca_app.core.jobs.queue import QUEUE_NAMES, wake_workers
from tca_app.core.language.messages import N_, _
from tca_app.features.jobs import policy
from tca_app.features.jobs.events import JobDiscarded, JobRetried
from tca_app.features.jobs.schemas import JobBulk, JobResult, QueueQuery, QueueRead, QueuesRead

NOT_DEAD = N_("This job is not dead. It is waiting, running or done.")

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


async def read_queues(session: AsyncSession, actor: Actor, query: QueueQuery | None = None) -> QueuesRead:
    """Returns all queues with their counts, by default by name, and the number of running workers."""
    policy.require(actor)
    found, sort = await count_queues(session), (query or QueueQuery()).sort
    by_column = operator.attrgetter(sort.removeprefix("-"), "name")
    found.queues.sort(key=by_column, reverse=sort.startswith("-"))
    return found


async def count_queues(session: AsyncSession) -> QueuesRead:
    """Returns the same without a permission check, for the health check and the metrics."""
    found = {row.name: QueueRead(**row._mapping) for row in await session.execute(_QUEUES)}
    alive_s = get_settings().job_takeover_seconds
    workers = (await session.execute(_WORKERS, {"alive_s": alive_s})).scalar_one()
    return QueuesRead(workers=workers, queues=[found.get(name) or _empty(name) for name in QUEUE_NAMES])


def _empty(name: str) -> QueueRead:
    return QueueRead(name=name, waiting=0, running=0, retrying=0, dead=0, lag_seconds=0.0)


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
        raise NotFound(_(NOT_DEAD))
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

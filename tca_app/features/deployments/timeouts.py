"""Timeouts: fails deployments that are no longer reported, because a build machine that died cannot report it."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_, update
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.config.settings import get_settings
from tca_app.core.language.stored import stored_plural
from tca_app.core.plurals import counted
from tca_app.features.deployments.queries import WHOLE
from tca_app.features.deployments.service import take_step
from tca_app.models import Deployment

BATCH = 100
TIMED_OUT = stored_plural(
    "Timed out: no status or log line for {count} minute.", "Timed out: no status or log line for {count} minutes."
)
# GitHub ends an approval after 30 days and a run after 35.
WAITING_LIMIT = timedelta(days=35)
_deployments = Deployment.__table__.c


async def fail_timed_out(session: AsyncSession) -> int:
    """Fails deployments that are queued or in progress and silent for DEPLOYMENT_TIMEOUT_MINUTES. Returns how many.

    Reports, even repeated ones, and log lines are signs of life. Waiting is not silence, neither for an approval here
    nor when the source says that it waits. Rows locked by a report, and rows beyond a batch, are left to the next run.
    """
    minutes = get_settings().deployment_timeout_minutes
    stuck = (
        WHOLE.where(
            _deployments.finished_at.is_(None),
            _deployments.status.in_(("queued", "in_progress")),
            _is_silent(datetime.now(UTC), timedelta(minutes=minutes)),
        )
        .order_by(_deployments.id)
        .limit(BATCH)
        .with_for_update(of=Deployment.__table__, key_share=True, skip_locked=True)
    )
    rows = (await session.execute(stuck)).all()
    for row in rows:
        await take_step(session, None, row, "failed", counted(minutes, TIMED_OUT))
    # Until its source reports again, which take_step records.
    timed_out = update(Deployment.__table__).where(_deployments.id.in_([row.id for row in rows]))
    await session.execute(timed_out.values(timed_out_at=_deployments.finished_at))
    return len(rows)


def _is_silent(now: datetime, limit: timedelta) -> ColumnElement[bool]:
    last = _deployments.updated_at
    return or_(and_(_deployments.is_waiting.is_(False), last < now - limit), last < now - WAITING_LIMIT)

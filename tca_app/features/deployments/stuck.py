"""Ends what nobody speaks of any more: a build machine that died never says so itself."""

from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.config import get_settings
from tca_app.core.plurals import plural
from tca_app.features.deployments.queries import WHOLE
from tca_app.features.deployments.service import take_step
from tca_app.models import Deployment

BATCH = 100
_deployments = Deployment.__table__.c


async def fail_stuck(session: AsyncSession) -> int:
    """Fail the deployments that were queued or in progress and not heard of for DEPLOYMENT_TIMEOUT_MINUTES; how many.

    A step and a line of the log both count as being heard of. Those that somebody is just reporting on are left to the
    next round; so is whatever is more than a batch.
    """
    minutes = get_settings().deployment_timeout_minutes
    stuck = (
        WHOLE.where(
            _deployments.finished_at.is_(None),
            _deployments.status.in_(("queued", "in_progress")),
            _deployments.updated_at < datetime.now(UTC) - timedelta(minutes=minutes),
        )
        .order_by(_deployments.id)
        .limit(BATCH)
        .with_for_update(of=Deployment.__table__, key_share=True, skip_locked=True)
    )
    rows = (await session.execute(stuck)).all()
    for row in rows:
        await take_step(session, None, row, "failed", f"Nothing was heard of it for {plural(minutes, 'minute')}.")
    return len(rows)

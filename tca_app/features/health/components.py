"""The components that an incident or a maintenance window affects."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.errors import Invalid
from tca_app.models import HealthCheck

_checks = HealthCheck.__table__.c


async def require_components(session: AsyncSession, project_id: int | None, check_ids: Sequence[int]) -> list[int]:
    """Returns the ids without repetitions. Raises Invalid for a component that is gone or of another project.

    Without a project the components may be of any: only administrators act for the console.
    """
    wanted = sorted(set(check_ids))
    known = select(_checks.id).where(_checks.id.in_(wanted), _checks.retired_at.is_(None))
    if project_id is not None:
        known = known.where(_checks.project_id == project_id)
    if set((await session.execute(known)).scalars()) != set(wanted):
        raise Invalid.at("check_ids", "Unknown component. Choose components of the project that have a health check.")
    return wanted


async def component_names(session: AsyncSession, check_ids: Sequence[int]) -> list[str]:
    """Returns the names in alphabetical order, for the event log. The caller has checked the permission."""
    names = select(_checks.name).where(_checks.id.in_(list(check_ids))).order_by(func.lower(_checks.name), _checks.id)
    return list((await session.execute(names)).scalars())

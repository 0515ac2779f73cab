"""What mails to strangers may name: the components, incidents and maintenance of the public page."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_CHECK = text(
    "SELECT checks.name FROM health_checks AS checks LEFT JOIN projects ON projects.id = project_id "
    "WHERE checks.id = :id AND is_public AND retired_at IS NULL AND projects.deleted_at IS NULL"
)
# One that a check opened is public with the check, one that a person opened by their choice.
_INCIDENT = text(
    """
    SELECT coalesce(checks.name, incidents.title) FROM incidents
    LEFT JOIN health_checks AS checks ON checks.id = incidents.check_id
    LEFT JOIN projects ON projects.id = coalesce(checks.project_id, incidents.project_id)
    WHERE incidents.id = :id AND projects.deleted_at IS NULL AND retired_at IS NULL
      AND coalesce(checks.is_public, incidents.is_published)
    """
)
_WINDOW = text(
    """
    SELECT title, message, starts_at, ends_at, cancelled_at IS NOT NULL AS is_cancelled
    FROM maintenance_windows LEFT JOIN projects ON projects.id = project_id
    WHERE maintenance_windows.id = :id AND is_public AND projects.deleted_at IS NULL
    """
)


class PublicWindow(NamedTuple):
    title: str
    message: str
    starts_at: datetime
    ends_at: datetime
    is_cancelled: bool


async def public_check(session: AsyncSession, check_id: int) -> str | None:
    """Returns the name of a component that is on the public page, or None."""
    return (await session.execute(_CHECK, {"id": check_id})).scalar_one_or_none()


async def public_incident(session: AsyncSession, incident_id: int) -> str | None:
    """Returns the component or the title of an incident that is public, or None."""
    return (await session.execute(_INCIDENT, {"id": incident_id})).scalar_one_or_none()


async def public_window(session: AsyncSession, window_id: int) -> PublicWindow | None:
    """Returns a maintenance window that is public, or None."""
    row = (await session.execute(_WINDOW, {"id": window_id})).first()
    return PublicWindow(*row) if row else None

"""Facets of the caller's notifications: the values of the filters, with their counts under the other filter."""

from typing import Any, Literal

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.facets import Facets
from tca_app.core.lists.counts import NO_LABEL, count_values, labels_of
from tca_app.features.notifications.schemas import InboxFilter
from tca_app.features.notifications.service import conditions
from tca_app.features.projects.queries import ACTOR, visible
from tca_app.models import LoggedEvent, Notification, Project

InboxField = Literal["kind", "project_id"]
_inbox, _events, _projects = Notification.__table__.c, LoggedEvent.__table__.c, Project.__table__.c


async def count_notifications(
    session: AsyncSession, actor: Actor, query: InboxFilter, field: InboxField, search: str = ""
) -> Facets:
    """Returns the values with the most notifications. `search` finds projects by name."""
    others = query.model_copy(update={field: []})
    if field == "kind":
        return await count_values(session, select(_inbox.id).where(*conditions(actor, others)), _inbox.kind, NO_LABEL)
    return await count_values(session, _in_projects(actor, others), _projects.id, _projects.name, search)


async def project_names(session: AsyncSession, actor: Actor, ids: list[int]) -> dict[str, str]:
    """Returns the names of the projects that a filter names, by id."""
    rows = _in_projects(actor, InboxFilter()).where(_projects.id.in_(ids))
    return await labels_of(session, rows, _projects.id, _projects.name)


def _in_projects(actor: Actor, query: InboxFilter) -> Select[Any]:
    """Selects the notifications about projects that the caller may see by now."""
    rows = select(_inbox.id).join(LoggedEvent.__table__, _events.id == _inbox.event_id)
    rows = rows.join(Project.__table__, _projects.id == _events.project_id)
    seen = (_projects.deleted_at.is_(None), visible(actor.is_superuser))
    return rows.where(*conditions(actor, query), *seen).params({ACTOR.key: actor.user_id})

"""Facets of the event log: the values of its filters, with their counts among the newest events."""

from typing import Literal

from sqlalchemy import func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.pagination import contains
from tca_app.core.facets import MAX_FACETS, Facets, facets_of
from tca_app.features.activity.schemas import ActivityQuery
from tca_app.features.activity.service import conditions, visible
from tca_app.models import Project

ActivityField = Literal["type", "subject_type", "actor_id", "project_id"]
NEWEST = 10_000  # events that are counted
_projects = Project.__table__.c


async def count_activity(
    session: AsyncSession, actor: Actor, query: ActivityQuery, field: ActivityField, search: str = ""
) -> Facets:
    """Returns the values of a field with the most events, under the other filters. `search` finds a name."""
    others = query.model_copy(update={field: []})
    wanted = await conditions(session, others, for_reader=field != "type")  # a chosen type shows all of its events
    rows = visible(actor, wanted, NEWEST).subquery("seen")
    number = func.count()
    if field == "actor_id":
        name = func.max(rows.c.actor_name)
        found = select(rows.c.actor_id, name, number).where(rows.c.actor_id.is_not(None))
        found = found.where(contains(func.fold_text(rows.c.actor_name), search)[0]) if search else found
    elif field == "project_id":
        name = func.max(_projects.name)
        joined = rows.join(Project.__table__, _projects.id == rows.c.project_id)
        found = select(rows.c.project_id, name, number).select_from(joined).where(_projects.deleted_at.is_(None))
        found = found.where(contains(func.fold_text(_projects.name), search)[0]) if search else found
    else:
        found = select(rows.c[field], literal(""), number)
    ordered = found.group_by(rows.c[field]).order_by(number.desc(), rows.c[field]).limit(MAX_FACETS)
    return facets_of([(row[0], row[1], row[2]) for row in await session.execute(ordered)], most=NEWEST)


async def names_of(
    session: AsyncSession, actor: Actor, field: Literal["actor_id", "project_id"], ids: list[int]
) -> dict[str, str]:
    """Returns the names of people or projects that a filter names, by id: only those whose events are visible."""
    wanted = await conditions(session, ActivityQuery.model_validate({field: ids}))
    rows = visible(actor, wanted, NEWEST).subquery("seen")
    if field == "actor_id":
        found = select(rows.c.actor_id, func.max(rows.c.actor_name)).group_by(rows.c.actor_id)
    else:
        joined = rows.join(Project.__table__, _projects.id == rows.c.project_id)
        found = select(_projects.id, _projects.name).select_from(joined).distinct()
    return {str(row[0]): row[1] for row in await session.execute(found)}

"""The counts of the filters of the list of invitations, and its file."""

from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.csv_lines import MAX_ROWS
from tca_app.core.display_name import display_name_sql
from tca_app.core.facets import Facets
from tca_app.core.lists.counts import NO_LABEL, count_values, labels_of
from tca_app.features.invitations.queries import (
    INVITER,
    STATE,
    conditions,
    invitations,
    ordered_ids,
    read_invitations,
    require_visible,
)
from tca_app.features.invitations.schemas import InvitationFilter, InvitationRead
from tca_app.models import Invitation, Project

InvitationField = Literal["state", "project_id", "invited_by_id"]
COLUMNS = (
    "id",
    "email",
    "project_id",
    "project_name",
    "role",
    "state",
    "invited_by.username",
    "invited_by.full_name",
    "created_at",
    "expires_at",
    "accepted_at",
    "accepted_by.username",
    "revoked_at",
)
_projects = Project.__table__.c
_FIELDS: dict[InvitationField, tuple[ColumnElement[Any], ColumnElement[str]]] = {
    "state": (STATE, NO_LABEL),
    "project_id": (invitations.project_id, _projects.name),
    "invited_by_id": (invitations.invited_by_id, display_name_sql(INVITER.c)),
}


async def find_invitation_ids(session: AsyncSession, actor: Actor, query: InvitationFilter) -> list[int]:
    """Returns the ids of the list, at most 50,000."""
    await require_visible(session, actor, query)
    return list((await session.execute(ordered_ids(query).limit(MAX_ROWS))).scalars())


async def read_listed(
    session: AsyncSession, actor: Actor, query: InvitationFilter, ids: list[int]
) -> list[InvitationRead]:
    """Returns those of the ids that are still in the list."""
    await require_visible(session, actor, query)
    left = await session.execute(select(invitations.id).where(*conditions(query), invitations.id.in_(ids)))
    return await read_invitations(session, list(left.scalars()))


async def count_invitations(
    session: AsyncSession, actor: Actor, query: InvitationFilter, field: InvitationField, search: str = ""
) -> Facets:
    """Returns the values of a field with the most invitations, under the other filters. `search` finds a name."""
    others = query.model_copy(update={field: []})
    await require_visible(session, actor, others)
    value, label = _FIELDS[field]
    return await count_values(session, _named(others), value, label, search)


async def invitation_names(
    session: AsyncSession, actor: Actor, field: Literal["project_id", "invited_by_id"], ids: list[int]
) -> dict[str, str]:
    """Returns the names of projects or people of invitations, by id. For administrators."""
    await require_visible(session, actor, InvitationFilter())
    value, label = _FIELDS[field]
    return await labels_of(session, _named(InvitationFilter(**{field: ids})), value, label)


def _named(query: InvitationFilter) -> Select[Any]:
    rows = select(invitations.id).select_from(Invitation.__table__)
    rows = rows.outerjoin(Project.__table__, _projects.id == invitations.project_id)
    return rows.outerjoin(INVITER, INVITER.c.id == invitations.invited_by_id).where(*conditions(query))

"""Queries of invitations. None of them selects the hash of a token."""

from typing import Any

from sqlalchemy import ColumnElement, FromClause, Row, Select, Text, case, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.days import in_days
from tca_app.core.database.pagination import Page, contains, page_of
from tca_app.core.database.sorting import order_by
from tca_app.core.display_name import display_name_sql
from tca_app.core.errors import Forbidden
from tca_app.features.invitations.schemas import InvitationFilter, InvitationQuery, InvitationRead, State
from tca_app.features.projects import policy, service as projects
from tca_app.features.users.schemas import PersonRead
from tca_app.models import Invitation, Project, User

invitations = Invitation.__table__.c
INVITER, _accepter = User.__table__.alias("inviter"), User.__table__.alias("accepter")
IS_UNANSWERED = invitations.accepted_at.is_(None) & invitations.revoked_at.is_(None)
IS_PENDING = IS_UNANSWERED & (invitations.expires_at > func.now())
STATE: ColumnElement[str] = case(
    (invitations.accepted_at.is_not(None), literal("accepted", Text)),
    (invitations.revoked_at.is_not(None), literal("revoked", Text)),
    (invitations.expires_at <= func.now(), literal("expired", Text)),
    else_=literal("pending", Text),
)
_CONDITIONS: dict[State, ColumnElement[bool]] = {
    "accepted": invitations.accepted_at.is_not(None),
    "revoked": invitations.revoked_at.is_not(None),
    "expired": IS_UNANSWERED & (invitations.expires_at <= func.now()),
    "pending": IS_PENDING,
}

_SORTS = {
    "created_at": invitations.created_at,
    "email": invitations.email,
    "state": STATE,
    "invited_by": func.lower(display_name_sql(INVITER.c)),
    "expires_at": invitations.expires_at,
    "role": case(policy.RANK, value=invitations.role),
}


async def list_invitations(session: AsyncSession, actor: Actor, query: InvitationQuery) -> Page[InvitationRead]:
    """Returns a page of invitations. Maintainers see those of their project, administrators all."""
    await require_visible(session, actor, query)
    chosen = ordered_ids(query)
    ids, total, capped = await page_of(session, chosen, skip=query.skip, limit=query.limit, search=query.search)
    return Page(await read_invitations(session, [row.id for row in ids]), total, capped)


async def require_visible(session: AsyncSession, actor: Actor, query: InvitationFilter) -> None:
    """Raises Forbidden, or NotFound for a project that the actor may not see."""
    if len(query.project_id) == 1:
        project = await projects.get_project(session, actor, query.project_id[0])
        policy.require(actor, "members.list", project.my_role)
    elif not actor.is_superuser:
        raise Forbidden


def ordered_ids(query: InvitationFilter) -> Select[int]:
    """Selects the ids of the list in its order."""
    chosen = select(invitations.id).select_from(Invitation.__table__)
    if query.sort.endswith("invited_by"):
        chosen = chosen.outerjoin(INVITER, INVITER.c.id == invitations.invited_by_id)
    chosen = chosen.order_by(*order_by(_SORTS, query.sort, invitations.id, nullable=("invited_by", "role")))
    return chosen.where(*conditions(query))


def conditions(query: InvitationFilter) -> list[ColumnElement[bool]]:
    """Returns the conditions of the filters."""
    wanted: list[ColumnElement[bool]] = []
    if query.project_id:
        wanted.append(invitations.project_id.in_(query.project_id))
    if query.invited_by_id:
        wanted.append(invitations.invited_by_id.in_(query.invited_by_id))
    wanted += in_days(invitations.created_at, query)
    if query.state:
        wanted.append(or_(*(_CONDITIONS[state] for state in query.state)))
    if query.search:
        wanted.append(contains(func.fold_text(invitations.email), query.search)[0])
    return wanted


async def read_invitations(session: AsyncSession, ids: list[int]) -> list[InvitationRead]:
    """Returns these invitations, in this order."""
    rows = await session.execute(_WHOLE.where(invitations.id.in_(ids)))
    by_id = {row.id: _to_read(row) for row in rows}
    return [by_id[invitation_id] for invitation_id in ids if invitation_id in by_id]


def _names(person: FromClause, prefix: str) -> tuple[ColumnElement[Any], ...]:
    return tuple(person.c[name].label(f"{prefix}_{name}") for name in PersonRead.model_fields)


_PLAIN = ("id", "email", "project_id", "role", "created_at", "expires_at", "accepted_at", "revoked_at")
_WHOLE: Select[Any] = (
    select(
        *(invitations[name] for name in _PLAIN),
        STATE.label("state"),
        Project.__table__.c.name.label("project_name"),
        *_names(INVITER, "inviter"),
        *_names(_accepter, "accepter"),
    )
    .select_from(Invitation.__table__)
    .outerjoin(Project.__table__, Project.__table__.c.id == invitations.project_id)
    .outerjoin(INVITER, INVITER.c.id == invitations.invited_by_id)
    .outerjoin(_accepter, _accepter.c.id == invitations.accepted_by_id)
)


def _to_read(row: Row[*tuple[Any, ...]]) -> InvitationRead:
    values = dict(row._mapping)
    return InvitationRead(**values, invited_by=_person(values, "inviter"), accepted_by=_person(values, "accepter"))


def _person(values: dict[str, Any], prefix: str) -> PersonRead | None:
    names = {name: values[f"{prefix}_{name}"] for name in PersonRead.model_fields}
    return PersonRead(**names) if names["id"] is not None else None

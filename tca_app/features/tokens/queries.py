"""Queries for API tokens of a person or of a project. They never select a hash."""

from collections import Counter
from typing import Any

from sqlalchemy import Select, bindparam, case, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tca_app.core.actor import Actor
from tca_app.core.database.days import in_days
from tca_app.core.database.lists import to_reads
from tca_app.core.database.pagination import contains
from tca_app.core.database.sorting import order_by
from tca_app.core.display_name import display_name_sql
from tca_app.core.facets import Facets, facets_of
from tca_app.features.projects import policy as projects
from tca_app.features.projects.service import get_project
from tca_app.features.tokens import policy
from tca_app.features.tokens.schemas import OwnTokenQuery, TokenRead
from tca_app.models import ApiToken, Project, ProjectMember, User

MOST = 200
_tokens = ApiToken.__table__.c
ACCOUNT = User.__table__.alias("account")
_maker = User.__table__.alias("maker")
_next = ApiToken.__table__.alias("next")
_PLAIN = (
    "id",
    "name",
    "prefix",
    "scopes",
    "allowed_networks",
    "project_id",
    "ci_trust_id",
    "created_at",
    "expires_at",
    "last_used_at",
    "revoked_at",
)
STATE = case(
    (_tokens.revoked_at.is_not(None), "revoked"), (_tokens.expires_at <= func.now(), "expired"), else_="active"
)
_ROLE = (
    select(col(ProjectMember.role))
    .where(col(ProjectMember.project_id) == _tokens.project_id, col(ProjectMember.user_id) == _tokens.user_id)
    .scalar_subquery()
)
IS_REPLACED = select(_next.c.id).where(_next.c.rotated_from_id == _tokens.id).exists()
OWNER = func.coalesce(col(Project.name), display_name_sql(ACCOUNT.c))
WHOLE = (
    select(
        *(_tokens[name] for name in _PLAIN),
        _tokens.user_id,
        STATE.label("state"),
        _ROLE.label("role"),
        IS_REPLACED.label("is_replaced"),
        func.coalesce(display_name_sql(_maker.c), "").label("created_by"),
        OWNER.label("owner"),
        func.coalesce(_tokens.project_id, _tokens.user_id).label("owner_id"),
    )
    .select_from(ApiToken.__table__)
    .join(ACCOUNT, ACCOUNT.c.id == _tokens.user_id)
    .outerjoin(Project.__table__, col(Project.id) == _tokens.project_id)
    .outerjoin(_maker, _maker.c.id == _tokens.created_by_id)
)
"""A whole token with its owner, not yet filtered by what the actor may see."""
_SORTS = {
    "created_at": _tokens.created_at,
    "name": func.lower(_tokens.name),
    "state": STATE,
    "last_used_at": _tokens.last_used_at,
    "expires_at": _tokens.expires_at,
}


async def list_tokens(session: AsyncSession, actor: Actor, query: OwnTokenQuery | None = None) -> list[TokenRead]:
    """Returns the actor's own tokens, by default newest first."""
    policy.require_session(actor)
    own = WHOLE.where(_tokens.user_id == bindparam("owner_id"), _tokens.project_id.is_(None))
    return await _listed(session, own, actor.user_id, query)


async def list_project_tokens(
    session: AsyncSession, actor: Actor, project_id: int, query: OwnTokenQuery | None = None
) -> list[TokenRead]:
    """Returns the tokens of a project, by default newest first, those of CI jobs last. Raises NotFound, Forbidden."""
    await require_project(session, actor, project_id)
    return await _listed(session, WHOLE.where(_tokens.project_id == bindparam("owner_id")), project_id, query)


async def require_project(session: AsyncSession, actor: Actor, project_id: int) -> None:
    """Raises NotFound or Forbidden unless the actor may manage the tokens of this project."""
    policy.require_session(actor)
    project = await get_project(session, actor, project_id)
    projects.require(actor, policy.MANAGE, project.my_role)


async def _listed(
    session: AsyncSession, rows: Select[Any], owner_id: int, query: OwnTokenQuery | None
) -> list[TokenRead]:
    asked = query or OwnTokenQuery()
    rows = rows.where(*in_days(_tokens.created_at, asked))
    if asked.state:
        rows = rows.where(STATE.in_(asked.state))
    if asked.search:
        shown = func.fold_text(_tokens.name + literal("\n") + _tokens.prefix)
        rows = rows.where(contains(shown, asked.search)[0])
    order = order_by(_SORTS, asked.sort, _tokens.id, nullable=("last_used_at", "expires_at"))
    own_first = _tokens.ci_trust_id.is_not(None)  # however many jobs there are
    found = await session.execute(rows.order_by(own_first, *order).limit(MOST), {"owner_id": owner_id})
    return to_reads(TokenRead, found)


def count_states(found: list[TokenRead]) -> Facets:
    """Returns how many of these tokens are in each state."""
    counted = Counter(token.state for token in found)
    return facets_of([(state, "", count) for state, count in counted.most_common()])

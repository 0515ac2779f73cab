"""The list of all API tokens, for administrators: its pages, the counts of its filters, and its file."""

from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.csv_lines import MAX_ROWS
from tca_app.core.database.days import in_days
from tca_app.core.database.lists import to_reads
from tca_app.core.database.pagination import Page, contains, page_of
from tca_app.core.database.sorting import order_by
from tca_app.core.display_name import display_name_sql
from tca_app.core.facets import Facets
from tca_app.core.lists.counts import NO_LABEL, count_values, labels_of
from tca_app.features.tokens import policy
from tca_app.features.tokens.queries import ACCOUNT, OWNER, STATE, WHOLE
from tca_app.features.tokens.schemas import OwnedTokenRead, TokenFilter, TokenQuery
from tca_app.models import ApiToken, Project

TokenField = Literal["state", "user_id", "project_id"]
COLUMNS = (
    "id",
    "name",
    "prefix",
    "owner",
    "project_id",
    "role",
    "scopes",
    "allowed_networks",
    "state",
    "is_replaced",
    "created_by",
    "created_at",
    "expires_at",
    "last_used_at",
    "revoked_at",
)
OWN_COLUMNS = tuple(name for name in COLUMNS if name != "owner")
_tokens, _projects = ApiToken.__table__.c, Project.__table__.c
_SORTS = {
    "created_at": _tokens.created_at,
    "name": func.lower(_tokens.name),
    "owner": func.lower(OWNER),
    "state": STATE,
    "last_used_at": _tokens.last_used_at,
    "expires_at": _tokens.expires_at,
}
_FIELDS: dict[TokenField, tuple[ColumnElement[Any], ColumnElement[str]]] = {
    "state": (STATE, NO_LABEL),
    "user_id": (_tokens.user_id, display_name_sql(ACCOUNT.c)),
    "project_id": (_tokens.project_id, _projects.name),
}


async def list_all_tokens(session: AsyncSession, actor: Actor, query: TokenQuery) -> Page[OwnedTokenRead]:
    """Returns a page of the tokens of everybody, by default newest first. Raises Forbidden."""
    policy.require_all(actor)
    rows = _ordered(query)
    ids, total, capped = await page_of(session, rows, skip=query.skip, limit=query.limit, search=query.search)
    found = await _read(session, [row.id for row in ids])
    return Page([found[row.id] for row in ids if row.id in found], total, capped)


async def find_token_ids(session: AsyncSession, actor: Actor, query: TokenFilter) -> list[int]:
    """Returns the ids of the list, at most 50,000."""
    policy.require_all(actor)
    return list((await session.execute(_ordered(query).limit(MAX_ROWS))).scalars())


async def read_tokens(session: AsyncSession, actor: Actor, query: TokenFilter, ids: list[int]) -> list[OwnedTokenRead]:
    """Returns those of the ids that are still in the list."""
    policy.require_all(actor)
    left = await session.execute(_chosen(query).where(_tokens.id.in_(ids)))
    return list((await _read(session, list(left.scalars()))).values())


async def count_tokens(
    session: AsyncSession, actor: Actor, query: TokenFilter, field: TokenField, search: str = ""
) -> Facets:
    """Returns the values of a field with the most tokens, under the other filters. `search` finds a name."""
    policy.require_all(actor)
    rows = _chosen(query.model_copy(update={field: []}), is_named=True)
    if field == "user_id":
        rows = rows.where(_tokens.project_id.is_(None))
    value, label = _FIELDS[field]
    return await count_values(session, rows, value, label, search)


async def token_owners(
    session: AsyncSession, actor: Actor, field: Literal["user_id", "project_id"], ids: list[int]
) -> dict[str, str]:
    """Returns the names of people or projects that have tokens, by id."""
    policy.require_all(actor)
    value, label = _FIELDS[field]
    return await labels_of(session, _chosen(TokenFilter(**{field: ids}), is_named=True), value, label)


def _ordered(query: TokenFilter) -> Select[int]:
    is_named = query.sort.endswith("owner")
    return _chosen(query, is_named=is_named).order_by(
        *order_by(_SORTS, query.sort, _tokens.id, nullable=("last_used_at",))
    )


def _chosen(query: TokenFilter, *, is_named: bool = False) -> Select[int]:
    """Selects the ids of the list without an order. The names of owners are joined only where they are needed."""
    rows = select(_tokens.id).select_from(ApiToken.__table__)
    if is_named or query.search:
        rows = rows.join(ACCOUNT, ACCOUNT.c.id == _tokens.user_id)
        rows = rows.outerjoin(Project.__table__, _projects.id == _tokens.project_id)
    return rows.where(*_conditions(query))


def _conditions(query: TokenFilter) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if query.state:
        wanted.append(STATE.in_(query.state))
    owners: list[ColumnElement[bool]] = []
    if query.project_id:
        owners.append(_tokens.project_id.in_(query.project_id))
    if query.user_id:
        owners.append(_tokens.project_id.is_(None) & _tokens.user_id.in_(query.user_id))
    if owners:
        wanted.append(or_(*owners))
    wanted += in_days(_tokens.created_at, query)
    if query.search:
        shown = func.fold_text(_tokens.name + literal("\n") + OWNER + literal("\n") + _tokens.prefix)
        wanted.append(contains(shown, query.search)[0])
    return wanted


async def _read(session: AsyncSession, ids: list[int]) -> dict[int, OwnedTokenRead]:
    found = await session.execute(WHOLE.where(_tokens.id.in_(ids)))
    return {token.id: token for token in to_reads(OwnedTokenRead, found)}

"""The list of checks: its pages, the counts of its filters, and its file."""

from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, Text, case, func, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.csv_lines import MAX_ROWS
from tca_app.core.database.pagination import Page, contains, page_of
from tca_app.core.database.sorting import order_by
from tca_app.core.facets import Facets
from tca_app.core.lists.counts import NO_LABEL, count_values
from tca_app.features.health import policy
from tca_app.features.health.history.service import read_chosen, visible_to
from tca_app.features.health.schemas import CheckFilter, CheckQuery, CheckRead
from tca_app.models import HealthCheck, MaintenanceCheck, MaintenanceWindow, Project

CheckField = Literal["shown_state", "kind", "project_id"]
_CHECKS, _PROJECTS = HealthCheck.__table__.alias("checks"), Project.__table__
_checks, _windows = _CHECKS.c, MaintenanceWindow.__table__.c
_ON_NOW = (
    select(MaintenanceCheck.__table__.c.check_id)
    .join(MaintenanceWindow.__table__, _windows.id == MaintenanceCheck.__table__.c.window_id)
    .where(_windows.cancelled_at.is_(None), _windows.starts_at <= func.now(), _windows.ends_at > func.now())
)
_SHOWN_STATE: ColumnElement[str] = case(
    (_checks.is_paused, literal("paused", Text)),
    (_checks.last_at.is_not(None) & _checks.last_ok.is_(None), literal("off", Text)),
    (_checks.id.in_(_ON_NOW), literal("maintenance", Text)),
    else_=_checks.state,
)
_STATES = {"failing": 1, "unknown": 2, "maintenance": 3, "passing": 4, "paused": 5, "off": 6}
_SORTS: dict[str, ColumnElement[Any]] = {
    "attention": tuple_(
        _checks.state != "failing",
        _checks.is_paused,
        _checks.project_id.is_not(None),
        -_checks.weight,
        func.lower(_checks.name),
    ),
    "name": func.lower(_checks.name),
    "state": case(_STATES, value=_SHOWN_STATE),
    "kind": _checks.kind,
    "project": func.lower(_PROJECTS.c.name),
    "latency": _checks.last_latency_ms,
    "since": _checks.since,
    "last_at": _checks.last_at,
    "certificate_until": _checks.certificate_until,
}
_NULLABLE = ("project", "latency", "last_at", "certificate_until")
_FIELDS: dict[CheckField, tuple[ColumnElement[Any], ColumnElement[str]]] = {
    "shown_state": (_SHOWN_STATE, NO_LABEL),
    "kind": (_checks.kind, NO_LABEL),
    "project_id": (_checks.project_id, _PROJECTS.c.name),
}


async def list_checks(session: AsyncSession, actor: Actor, query: CheckQuery) -> Page[CheckRead]:
    """Returns a page of the checks of the console and of the actor's projects, by default those to look at first."""
    chosen = _ordered(actor, query)
    ids, total, capped = await page_of(session, chosen, skip=query.skip, limit=query.limit, search=query.search)
    return Page(await read_chosen(session, actor, [row.id for row in ids]), total, capped)


async def find_check_ids(session: AsyncSession, actor: Actor, query: CheckFilter) -> list[int]:
    """Returns the ids of the list in its order, at most 50,000."""
    return list((await session.execute(_ordered(actor, query).limit(MAX_ROWS))).scalars())


async def read_listed(session: AsyncSession, actor: Actor, ids: list[int]) -> list[CheckRead]:
    """Returns those of the ids that the actor may still see."""
    left = await session.execute(_chosen(actor, CheckFilter()).where(_checks.id.in_(ids)))
    return await read_chosen(session, actor, list(left.scalars()))


async def count_checks(
    session: AsyncSession, actor: Actor, query: CheckFilter, field: CheckField, search: str = ""
) -> Facets:
    """Returns the values of a field with how many checks each has, under the other filters. `search` finds names."""
    value, label = _FIELDS[field]
    rows = _with_projects(_chosen(actor, query.model_copy(update={field: []})))
    return await count_values(session, rows, value, label, search)


def _ordered(actor: Actor, query: CheckFilter) -> Select[Any]:
    rows = _chosen(actor, query)
    rows = _with_projects(rows) if query.sort.endswith("project") else rows
    return rows.order_by(*order_by(_SORTS, query.sort, _checks.id, nullable=_NULLABLE))


def _with_projects(rows: Select[Any]) -> Select[Any]:
    return rows.outerjoin(_PROJECTS, _PROJECTS.c.id == _checks.project_id)


def _chosen(actor: Actor, query: CheckFilter) -> Select[Any]:
    """Selects the ids of the list without an order."""
    policy.require_list(actor)
    rows = select(_checks.id).select_from(_CHECKS).where(visible_to(actor, "checks.project_id"))
    rows = rows.where(_checks.retired_at.is_(None))
    if query.project_id:
        rows = rows.where(_checks.project_id.in_(query.project_id))
    if query.kind:
        rows = rows.where(_checks.kind.in_(query.kind))
    if query.state:
        rows = rows.where(_checks.state.in_(query.state))
    if query.shown_state:
        rows = rows.where(_SHOWN_STATE.in_(query.shown_state))
    if query.search:
        rows = rows.where(contains(func.fold_text(_checks.name + literal("\n") + _checks.url), query.search)[0])
    return rows

"""The list of maintenance windows: its pages, the counts of its filters, and its file."""

from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, Text, case, func, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.csv_lines import MAX_ROWS
from tca_app.core.database.pagination import Page, contains, page_of
from tca_app.core.database.sorting import order_by
from tca_app.core.display_name import display_name_sql
from tca_app.core.facets import Facets
from tca_app.core.filters import end_of, start_of
from tca_app.core.lists.counts import NO_LABEL, count_values, labels_of
from tca_app.features.health import policy
from tca_app.features.health.components import first_components
from tca_app.features.health.history.service import visible_to
from tca_app.features.health.maintenance.queries import read_chosen
from tca_app.features.health.maintenance.schemas import MaintenanceFilter, MaintenanceQuery, MaintenanceRead
from tca_app.models import HealthCheck, MaintenanceCheck, MaintenanceWindow, Project, User

MaintenanceField = Literal["state", "project_id", "check_id", "created_by_id"]
_WINDOWS, _AFFECTED = MaintenanceWindow.__table__, MaintenanceCheck.__table__
_PARTS, _PROJECTS, _USERS = HealthCheck.__table__.alias("parts"), Project.__table__, User.__table__
_windows = _WINDOWS.c
_AUTHOR = display_name_sql(_USERS.c)
_IS_OVER = _windows.cancelled_at.is_not(None) | (_windows.ends_at <= func.now())
_STATE: ColumnElement[str] = case(
    (_windows.cancelled_at.is_not(None), literal("cancelled", Text)),
    (_windows.ends_at <= func.now(), literal("completed", Text)),
    (_windows.starts_at <= func.now(), literal("active", Text)),
    else_=literal("scheduled", Text),
)
_STATES = {"active": 1, "scheduled": 2, "completed": 3, "cancelled": 4}
_SORTS: dict[str, ColumnElement[Any]] = {
    "coming": tuple_(_IS_OVER, case((~_IS_OVER, _windows.starts_at)), -func.extract("epoch", _windows.ends_at)),
    "title": func.lower(_windows.title),
    "state": case(_STATES, value=_STATE),
    "starts_at": _windows.starts_at,
    "ends_at": _windows.ends_at,
    "created_by": func.lower(_AUTHOR),
}
_NULLABLE = ("created_by", "component")


async def list_windows(session: AsyncSession, actor: Actor, query: MaintenanceQuery) -> Page[MaintenanceRead]:
    """Returns the windows of the console and of the actor's projects, by default current and planned ones first."""
    chosen = _ordered(actor, query)
    ids, total, capped = await page_of(session, chosen, skip=query.skip, limit=query.limit, search=query.search)
    return Page(await read_chosen(session, actor, [row.id for row in ids]), total, capped)


async def find_window_ids(session: AsyncSession, actor: Actor, query: MaintenanceFilter) -> list[int]:
    """Returns the ids of the list in its order, at most 50,000."""
    return list((await session.execute(_ordered(actor, query).limit(MAX_ROWS))).scalars())


async def read_listed(session: AsyncSession, actor: Actor, ids: list[int]) -> list[MaintenanceRead]:
    """Returns those of the ids that the actor may still see."""
    left = await session.execute(_chosen(actor, MaintenanceFilter()).where(_windows.id.in_(ids)))
    return await read_chosen(session, actor, list(left.scalars()))


async def count_windows(
    session: AsyncSession, actor: Actor, query: MaintenanceFilter, field: MaintenanceField, search: str = ""
) -> Facets:
    """Returns the values of a field with how many windows each has, under the other filters. `search` finds names."""
    rows = _chosen(actor, query.model_copy(update={field: []}))
    if field == "state":
        return await count_values(session, rows, _STATE, NO_LABEL)
    if field == "project_id":
        rows = rows.outerjoin(_PROJECTS, _PROJECTS.c.id == _windows.project_id)
        return await count_values(session, rows, _windows.project_id, _PROJECTS.c.name, search)
    if field == "created_by_id":
        return await count_values(session, _with_authors(rows), _windows.created_by_id, _AUTHOR, search)
    rows = rows.join(_AFFECTED, _AFFECTED.c.window_id == _windows.id).join(_PARTS, _PARTS.c.id == _AFFECTED.c.check_id)
    rows = rows.where(visible_to(actor, "parts.project_id"))
    return await count_values(session, rows, _PARTS.c.id, _PARTS.c.name, search)


async def author_names(session: AsyncSession, actor: Actor, ids: list[int]) -> dict[str, str]:
    """Returns the names of the people who planned windows that the actor sees, by id."""
    rows = _with_authors(_chosen(actor, MaintenanceFilter(created_by_id=ids)))
    return await labels_of(session, rows, _windows.created_by_id, _AUTHOR)


def _ordered(actor: Actor, query: MaintenanceFilter) -> Select[Any]:
    """Selects the ids of the list in its order."""
    rows, keys, name = _chosen(actor, query), dict(_SORTS), query.sort.removeprefix("-")
    if name == "created_by":
        rows = _with_authors(rows)
    elif name == "component":
        first = first_components(actor, _AFFECTED.c.window_id, _AFFECTED.c.check_id)
        rows = rows.outerjoin(first, first.c.window_id == _windows.id)
        keys["component"] = first.c.name
    return rows.order_by(*order_by(keys, query.sort, _windows.id, nullable=_NULLABLE))


def _with_authors(rows: Select[Any]) -> Select[Any]:
    return rows.outerjoin(_USERS, _USERS.c.id == _windows.created_by_id)


def _chosen(actor: Actor, query: MaintenanceFilter) -> Select[Any]:
    """Selects the ids of the list without an order."""
    policy.require_list(actor)
    rows = select(_windows.id).select_from(_WINDOWS).where(visible_to(actor, "maintenance_windows.project_id"))
    if query.project_id:
        rows = rows.where(_windows.project_id.in_(query.project_id))
    if query.check_id:
        affected = select(_AFFECTED.c.window_id).where(_AFFECTED.c.check_id.in_(query.check_id))
        rows = rows.where(_windows.id.in_(affected))
    if query.state:
        rows = rows.where(_STATE.in_(query.state))
    if query.created_by_id:
        rows = rows.where(_windows.created_by_id.in_(query.created_by_id))
    if query.since is not None:
        rows = rows.where(_windows.ends_at >= start_of(query.since))
    if query.until is not None:
        rows = rows.where(_windows.starts_at < end_of(query.until))
    if query.search:
        shown = func.fold_text(_windows.title + literal("\n") + _windows.message)
        rows = rows.where(contains(shown, query.search)[0])
    return rows

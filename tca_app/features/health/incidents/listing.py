"""The list of incidents: its pages, the counts of its filters, and its file."""

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Select,
    Subquery,
    Text,
    and_,
    case,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.csv_lines import MAX_ROWS
from tca_app.core.database.pagination import Page, contains, matching, page_of
from tca_app.core.database.similar import MAX_SIMILAR, newest, newest_of_each, resembles
from tca_app.core.database.sorting import order_by
from tca_app.core.display_name import display_name_sql
from tca_app.core.facets import Facets
from tca_app.core.filters import end_of, start_of
from tca_app.core.lists.counts import NO_LABEL, count_values
from tca_app.features.health import policy
from tca_app.features.health.components import first_components
from tca_app.features.health.history.service import visible_to
from tca_app.features.health.incidents.queries import PROJECT, read_chosen
from tca_app.features.health.incidents.schemas import IncidentFilter, IncidentQuery, IncidentRead
from tca_app.models import HealthCheck, Incident, IncidentCheck, Project, User

IncidentField = Literal["status", "severity", "acknowledged", "project_id", "check_id"]
_INCIDENTS, _AFFECTED = Incident.__table__, IncidentCheck.__table__
_CHECKS, _PARTS = HealthCheck.__table__.alias("checks"), HealthCheck.__table__.alias("parts")
_incidents, _projects, _users = _INCIDENTS.c, Project.__table__.c, User.__table__.c
_NAME = func.coalesce(_CHECKS.c.name, _incidents.title)
_PROJECT = func.coalesce(_incidents.project_id, _CHECKS.c.project_id)
_STATUS = case((_incidents.closed_at.is_not(None), literal("resolved", Text)), else_=_incidents.status)
_ACKNOWLEDGED = case((_incidents.acknowledged_at.is_not(None), literal("yes", Text)), else_=literal("no", Text))
_SEVERITIES = {"minor": 1, "major": 2, "critical": 3}
_STATUSES = {"investigating": 1, "identified": 2, "monitoring": 3, "resolved": 4}
_SORTS: dict[str, ColumnElement[Any]] = {
    "is_open": _incidents.closed_at.is_(None),
    "name": func.lower(_NAME),
    "severity": case(_SEVERITIES, value=_incidents.severity),
    "status": case(_STATUSES, value=_STATUS),
    "opened_at": _incidents.opened_at,
    "closed_at": _incidents.closed_at,
    "duration": func.coalesce(_incidents.closed_at, func.now()) - _incidents.opened_at,
    "acknowledged_by": func.lower(display_name_sql(_users)),
}
_NULLABLE = ("closed_at", "acknowledged_by", "component")


@dataclass(frozen=True, slots=True)
class OpenIncidents:
    """How many incidents are open, and how many of them people opened."""

    total: int
    by_people: int


async def list_incidents(session: AsyncSession, actor: Actor, query: IncidentQuery) -> Page[IncidentRead]:
    """Returns the incidents of the console and of the actor's projects, by default open ones first, then the newest."""
    chosen = await _ordered(session, actor, query)
    ids, total, capped = await page_of(session, chosen, skip=query.skip, limit=query.limit, search=query.search)
    return Page(await read_chosen(session, actor, [row.id for row in ids]), total, capped)


async def find_incident_ids(session: AsyncSession, actor: Actor, query: IncidentFilter) -> list[int]:
    """Returns the ids of the list in its order, at most 50,000."""
    chosen = await _ordered(session, actor, query)
    return list((await session.execute(chosen.limit(MAX_ROWS))).scalars())


async def read_listed(session: AsyncSession, actor: Actor, ids: list[int]) -> list[IncidentRead]:
    """Returns those of the ids that the actor may still see."""
    left = await session.execute(_seen(actor).where(_incidents.id.in_(ids)))
    return await read_chosen(session, actor, list(left.scalars()))


async def find_similar(session: AsyncSession, actor: Actor, text: str) -> list[IncidentRead]:
    """Returns incidents, newest first, of whose component, title and reason one has the letters of each word."""
    policy.require_list(actor)
    tried = _tried(actor)
    similar = select(tried.c.id).outerjoin_from(tried, _PARTS, _PARTS.c.id == tried.c.check_id)
    similar = similar.where(resembles(text, tried.c.search_text.like, func.lower(_PARTS.c.name).like))
    ids = await session.execute(similar.order_by(tried.c.id.desc()).limit(MAX_SIMILAR))
    return await read_chosen(session, actor, list(ids.scalars()))


def _tried(actor: Actor) -> Subquery:
    """Selects the incidents that a search for similar ones tries: those of people, and for a member of each check."""
    rows, check_id = select(_incidents.id, _incidents.check_id, _incidents.search_text), _incidents.check_id
    checks = select(_CHECKS.c.id).where(visible_to(actor, "checks.project_id"))
    of_people = check_id.is_(None) & visible_to(actor, "incidents.project_id")
    if actor.is_superuser:
        return newest(rows.where(check_id.in_(checks) | of_people), _incidents.id)
    seen = checks.cte("seen")
    of_checks = newest_of_each(seen, rows.where(check_id == seen.c.id), _incidents.id)
    return union_all(select(of_checks), select(newest(rows.where(of_people), _incidents.id))).subquery("tried")


async def count_open(session: AsyncSession, actor: Actor) -> OpenIncidents:
    by_people = func.count().filter(_incidents.check_id.is_(None))
    counted = _seen(actor).where(_incidents.closed_at.is_(None)).with_only_columns(func.count(), by_people)
    return OpenIncidents(*(await session.execute(counted)).one())


async def count_incidents(
    session: AsyncSession, actor: Actor, query: IncidentFilter, field: IncidentField, search: str = ""
) -> Facets:
    """Returns the values of a field with how many incidents each has, under the other filters. `search` finds names."""
    others = query.model_copy(update={field: None if field == "acknowledged" else []})
    rows = await _chosen(session, actor, others)
    if field == "project_id":
        rows = rows.outerjoin(Project.__table__, _projects.id == _PROJECT)
        return await count_values(session, rows, _PROJECT, _projects.name, search)
    if field == "check_id":
        rows = rows.outerjoin(_AFFECTED, _AFFECTED.c.incident_id == _incidents.id)
        rows = rows.join(_PARTS, _PARTS.c.id == func.coalesce(_incidents.check_id, _AFFECTED.c.check_id))
        rows = rows.where(visible_to(actor, "parts.project_id"))
        return await count_values(session, rows, _PARTS.c.id, _PARTS.c.name, search)
    values = {"status": _STATUS, "severity": _incidents.severity, "acknowledged": _ACKNOWLEDGED}
    return await count_values(session, rows, values[field], NO_LABEL)


async def _ordered(session: AsyncSession, actor: Actor, query: IncidentFilter) -> Select[Any]:
    """Selects the ids of the list in its order."""
    rows, keys, name = await _chosen(session, actor, query), dict(_SORTS), query.sort.removeprefix("-")
    if name == "acknowledged_by":
        rows = rows.outerjoin(User.__table__, _users.id == _incidents.acknowledged_by_id)
    elif name == "component":
        first = first_components(actor, _AFFECTED.c.incident_id, _AFFECTED.c.check_id)
        rows = rows.outerjoin(first, first.c.incident_id == _incidents.id)
        keys["component"] = func.coalesce(func.lower(_CHECKS.c.name), first.c.name)
    order = order_by(keys, query.sort, _incidents.id, nullable=_NULLABLE)
    if name == "is_open":  # the open ones and the others, each from the newest
        order = (order[0], *order_by(keys, query.sort.replace("is_open", "opened_at"), _incidents.id))
    return rows.order_by(*order)


async def _chosen(session: AsyncSession, actor: Actor, query: IncidentFilter) -> Select[Any]:
    """Selects the ids of the list without an order."""
    rows = _seen(actor).where(*_conditions(query))
    return rows.where(await _search_condition(session, query.search)) if query.search else rows


def _seen(actor: Actor) -> Select[Any]:
    """Selects the ids of all incidents that the actor may see."""
    policy.require_list(actor)
    rows = select(_incidents.id).select_from(_INCIDENTS).outerjoin(_CHECKS, _CHECKS.c.id == _incidents.check_id)
    return rows.where(visible_to(actor, PROJECT))


async def _search_condition(session: AsyncSession, search: str) -> ColumnElement[bool]:
    """Returns the condition of a search: the title and the reason, or the name of the check that opened the incident.

    The checks are looked up first: PostgreSQL can combine a list of ids with the index of the text, but not a subquery.
    """
    of_own = and_(*await matching(session, _INCIDENTS, search))
    named = select(_PARTS.c.id).where(contains(func.fold_text(_PARTS.c.name), search)[0])
    ids = list((await session.execute(named)).scalars())
    return or_(of_own, _incidents.check_id == func.any(literal(ids, ARRAY(BigInteger)))) if ids else of_own


def _conditions(query: IncidentFilter) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if query.project_id:
        wanted.append(_PROJECT.in_(query.project_id))
    if query.check_id:
        affected = select(_AFFECTED.c.incident_id).where(_AFFECTED.c.check_id.in_(query.check_id))
        wanted.append(or_(_incidents.check_id.in_(query.check_id), _incidents.id.in_(affected)))
    if query.open is not None:
        wanted.append(_incidents.closed_at.is_(None) if query.open else _incidents.closed_at.is_not(None))
    if query.status:
        wanted.append(_STATUS.in_(query.status))
    if query.severity:
        wanted.append(_incidents.severity.in_(query.severity))
    if query.acknowledged is not None:
        at = _incidents.acknowledged_at
        wanted.append(at.is_not(None) if query.acknowledged else at.is_(None))
    if query.since is not None:
        wanted.append(or_(_incidents.closed_at.is_(None), _incidents.closed_at >= start_of(query.since)))
    if query.until is not None:
        wanted.append(_incidents.opened_at < end_of(query.until))
    return wanted

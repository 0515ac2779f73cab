"""The list of deployments: its filters, its orders, and the pages that the actor may see."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, func, literal, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.days import in_days
from tca_app.core.database.pagination import SEARCH_TOTAL_CAP, Page, matching
from tca_app.core.database.sorting import order_by
from tca_app.core.display_name import display_name_sql
from tca_app.core.filters import end_of, start_of
from tca_app.core.periods import days_in
from tca_app.features.deployments.listing.groups import of_groups
from tca_app.features.deployments.listing.schemas import DeploymentExport, DeploymentQuery
from tca_app.features.deployments.queries import CREATOR, IN_TRASH, MINE, WHOLE, deployment_read
from tca_app.features.deployments.schemas import DeploymentRead
from tca_app.features.projects import policy
from tca_app.features.projects.queries import get_project
from tca_app.models import Deployment, Environment, Project

# Values that stand for several states; "completed" also for those that failed after they had started.
_SEVERAL = {"finished": ("succeeded", "failed"), "completed": ("succeeded",)}
MAX_NAMED = 200  # projects whose name a search matches
STEPS = ("pending_approval", "queued", "in_progress", "succeeded", "failed", "cancelled")
_deployments, _environments, _projects = Deployment.__table__.c, Environment.__table__.c, Project.__table__.c
_SORTS = {
    "version": func.lower(_deployments.version),
    "project": func.lower(_projects.name),
    "environment": func.lower(_environments.name),
    "status": func.array_position(literal(list(STEPS)), _deployments.status),
    "created_by": func.lower(func.coalesce(display_name_sql(CREATOR.c), _deployments.reporter)),
    "duration": _deployments.finished_at - _deployments.started_at,
}
# The tables that an order needs beside the deployments.
_JOINED: dict[str, tuple[FromClause, ColumnElement[bool]]] = {
    "project": (Project.__table__, _projects.id == _deployments.project_id),
    "environment": (Environment.__table__, _environments.id == _deployments.environment_id),
    "created_by": (CREATOR, CREATOR.c.id == _deployments.created_by_id),
}


async def list_deployments(session: AsyncSession, actor: Actor, query: DeploymentQuery) -> Page[DeploymentRead]:
    """Returns a page of deployments, by default newest first. The total stops at 10,000."""
    await require_visible(session, actor, query)
    wanted = await conditions(session, actor, query)
    ids = ordered_ids(actor, wanted, query, query.skip + query.limit)
    page = ids.offset(query.skip).limit(query.limit).subquery("page")
    rows = WHOLE.join(page, page.c.id == _deployments.id).order_by(*_order(query))
    found = (await session.execute(rows, {"actor_id": actor.user_id})).all()
    items = [deployment_read(row) for row in found]
    if query.skip == 0 and len(items) < query.limit:
        return Page(items, len(items))
    counted = seen(actor, wanted, query.project_id).limit(SEARCH_TOTAL_CAP + 1)
    total = select(func.count()).select_from(counted.subquery())
    number = (await session.execute(total, {"actor_id": actor.user_id})).scalar_one()
    return Page(items, min(number, SEARCH_TOTAL_CAP), number > SEARCH_TOTAL_CAP)


async def require_visible(session: AsyncSession, actor: Actor, query: DeploymentExport) -> None:
    """Raises NotFound when the query names one project that the actor may not see. Of several, others are left out."""
    policy.require(actor, "deployments.list")
    if len(query.project_id) == 1:
        await get_project(session, actor, query.project_id[0])


async def conditions(session: AsyncSession, actor: Actor, query: DeploymentExport) -> list[ColumnElement[bool]]:
    """Returns the conditions of the filters."""
    wanted = [await _found(session, actor, query.search)] if query.search else []
    wanted += _of_environments(query)
    if query.group_id:
        wanted.append(of_groups(actor, query.group_id))
    if query.status:
        wanted.append(_of_status(query.status))
    if query.source:
        wanted.append(_deployments.source.in_(query.source))
    if query.created_by_id:
        wanted.append(_deployments.created_by_id.in_(query.created_by_id))
    if query.external_id is not None:
        wanted.append(_deployments.external_id == query.external_id)
    if query.days is not None:
        today = func.date_trunc("day", func.now(), "UTC")
        wanted.append(_deployments.finished_at >= today - literal(timedelta(days=days_in(query.days) - 1)))
    wanted += [_deployments.finished_at >= start_of(day) for day in (query.ended_on, query.ended_since) if day]
    wanted += [_deployments.finished_at < end_of(day) for day in (query.ended_on, query.ended_until) if day]
    wanted += in_days(_deployments.created_at, query)
    return wanted


def _of_status(given: Sequence[str]) -> ColumnElement[bool]:
    states = set(given) - _SEVERAL.keys()
    states |= {status for several, statuses in _SEVERAL.items() if several in given for status in statuses}
    of_states = _deployments.status.in_(sorted(states))
    if "completed" not in given:
        return of_states
    return or_(of_states, and_(_deployments.status == "failed", _deployments.started_at.is_not(None)))


def _of_environments(query: DeploymentExport) -> list[ColumnElement[bool]]:
    wanted = []
    if query.environment:
        wanted.append(func.lower(_environments.name).in_([func.lower(name) for name in query.environment]))
    if query.tier:
        wanted.append(_environments.tier.in_(query.tier))
    return [_deployments.environment_id.in_(select(_environments.id).where(*wanted))] if wanted else []


async def _found(session: AsyncSession, actor: Actor, search: str) -> ColumnElement[bool]:
    """Returns the condition of a search: the text of the deployment, or the name of its project.

    The projects are looked up first, because PostgreSQL can combine a list of ids with the index of the text, but not
    a subquery.
    """
    of_own = and_(*await matching(session, Deployment.__table__, search))
    named = select(_projects.id).where(_projects.deleted_at.is_(None))
    named = named.where(*await matching(session, Project.__table__, search))
    if not actor.is_superuser:
        named = named.where(_projects.id.in_(MINE))
    rows = await session.execute(named.order_by(_projects.id).limit(MAX_NAMED), {"actor_id": actor.user_id})
    ids = list(rows.scalars())
    return or_(of_own, _deployments.project_id.in_(ids)) if ids else of_own


def ordered_ids(actor: Actor, wanted: list[ColumnElement[bool]], query: DeploymentExport, most: int) -> Select[int]:
    """Selects the ids of the list in its order. The caller limits them to `most`."""
    return _newest(actor, wanted, query, most) if query.sort == "-id" else _sorted(actor, wanted, query)


def _order(query: DeploymentExport) -> tuple[ColumnElement[Any], ...]:
    return order_by(_SORTS, query.sort, _deployments.id, nullable=("duration",))


def _newest(actor: Actor, wanted: list[ColumnElement[bool]], query: DeploymentExport, most: int) -> Select[int]:
    """Selects the newest ids. For a member it reads each project by its index, whatever others have."""
    newest = select(_deployments.id).where(*wanted).order_by(_deployments.id.desc()).limit(most)
    if actor.is_superuser:
        of_all = newest.where(_deployments.project_id.not_in(IN_TRASH), *_of(query.project_id)).subquery("newest")
        return select(of_all.c.id).order_by(of_all.c.id.desc())
    mine = MINE.where(_projects.id.in_(query.project_id) if query.project_id else true()).subquery("mine")
    of_one = newest.where(_deployments.project_id == mine.c.project_id).lateral("newest")
    return select(of_one.c.id).select_from(mine.join(of_one, true())).order_by(of_one.c.id.desc())


def _sorted(actor: Actor, wanted: list[ColumnElement[bool]], query: DeploymentExport) -> Select[int]:
    """Selects the ids in another order than newest first, which sorts all that the filters leave."""
    ids = seen(actor, wanted, query.project_id)
    if joined := _JOINED.get(query.sort.removeprefix("-")):
        ids = ids.outerjoin(*joined)
    return ids.order_by(*_order(query))


def seen(actor: Actor, wanted: list[ColumnElement[bool]], project_ids: list[int]) -> Select[int]:
    """Selects the visible ids without an order, for counting."""
    ids = select(_deployments.id).select_from(Deployment.__table__).where(*wanted, *_of(project_ids))
    if actor.is_superuser:
        return ids.where(_deployments.project_id.not_in(IN_TRASH))
    mine = MINE.subquery("mine")
    return ids.join(mine, mine.c.project_id == _deployments.project_id)


def _of(project_ids: list[int]) -> list[ColumnElement[bool]]:
    return [_deployments.project_id.in_(project_ids)] if project_ids else []

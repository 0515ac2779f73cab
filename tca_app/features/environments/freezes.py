"""Service functions for freeze windows, periods in which nothing new is deployed."""

from datetime import datetime
from typing import Any, ClassVar, NamedTuple

from sqlalchemy import Row, bindparam, delete, func, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.sorting import order_by
from tca_app.core.display_name import display_name_sql
from tca_app.core.errors import Conflict, Invalid, NotFound
from tca_app.core.events.log import emit
from tca_app.core.language.messages import N_, _
from tca_app.core.lists.bulk import BulkResult, for_each
from tca_app.features.environments import events
from tca_app.features.environments.schemas import FreezeCreate, FreezeQuery, FreezeRead
from tca_app.features.environments.service import find_environment
from tca_app.features.projects import policy
from tca_app.features.projects.service import find_project, get_project
from tca_app.features.users.schemas import PersonRead
from tca_app.models import Environment, FreezeWindow, User
from tca_app.models.base import UTC_TIME

MAX_FREEZES = 100
_freezes, _environments, _people = FreezeWindow.__table__.c, Environment.__table__.c, User.__table__.c
_ALL = (
    select(
        *(_freezes[name] for name in FreezeRead.model_fields if name in _freezes),
        _environments.name.label("environment"),
        _freezes.created_by_id,
        _people.username,
        _people.full_name,
    )
    .select_from(FreezeWindow.__table__)
    .outerjoin(Environment.__table__, _environments.id == _freezes.environment_id)
    .outerjoin(User.__table__, _people.id == _freezes.created_by_id)
    .where(_freezes.project_id == bindparam("project_id"))
)
_COMING = _ALL.where(_freezes.ends_at > func.now()).limit(MAX_FREEZES)
_SORTS = {
    "starts_at": _freezes.starts_at,
    "ends_at": _freezes.ends_at,
    "environment": func.lower(_environments.name),
    "why": func.lower(_freezes.why),
    "created_by": func.lower(display_name_sql(_people)),
}
_HOLDING = (
    _ALL.where(_freezes.starts_at <= func.now(), _freezes.ends_at > func.now())
    .order_by(_freezes.ends_at.desc(), _freezes.id)
    .limit(MAX_FREEZES)
)
_NOW = (
    select(_freezes.why, _freezes.ends_at)
    .where(
        _freezes.project_id == bindparam("project_id"),
        or_(_freezes.environment_id.is_(None), _freezes.environment_id == bindparam("environment_id")),
        _freezes.starts_at <= func.least(func.now(), bindparam("at", type_=UTC_TIME)),
        _freezes.ends_at > func.now(),
    )
    .order_by(_freezes.ends_at.desc(), _freezes.id)
    .limit(1)
)


class ActiveFreeze(NamedTuple):
    """What a refusal names of the window that holds now."""

    why: str
    ends_at: datetime


class TooManyFreezes(Conflict):
    code = "too_many_freezes"
    default = N_("A project has at most {most} current and planned freeze windows.")
    values: ClassVar = {"most": MAX_FREEZES}


async def list_freezes(
    session: AsyncSession, actor: Actor, project_id: int, query: FreezeQuery | None = None
) -> list[FreezeRead]:
    """Returns the current and planned windows, by default the next one first. Those without a value are last."""
    project = await get_project(session, actor, project_id)
    policy.require(actor, "environments.read", project.my_role)
    sort = (query or FreezeQuery()).sort
    ordered = _COMING.order_by(*order_by(_SORTS, sort, _freezes.id, nullable=("environment", "created_by")))
    return [_read(row) for row in await session.execute(ordered, {"project_id": project_id})]


async def list_holding(session: AsyncSession, actor: Actor, project_id: int) -> list[FreezeRead]:
    """Returns the windows active now. The one that ends last comes first, because a refusal names it."""
    project = await get_project(session, actor, project_id)
    policy.require(actor, "environments.read", project.my_role)
    return [_read(row) for row in await session.execute(_HOLDING, {"project_id": project_id})]


async def create_freeze(session: AsyncSession, actor: Actor, project_id: int, data: FreezeCreate) -> FreezeRead:
    """Creates a window. Raises Invalid when it ends before it starts."""
    project = await find_project(session, actor, "environments.write", project_id)
    if data.ends_at <= data.starts_at:
        raise Invalid.at("ends_at", _("The end must be after the start."))
    if data.environment_id is not None:
        await find_environment(session, project_id, data.environment_id)
    if len((await session.execute(_COMING, {"project_id": project_id})).all()) >= MAX_FREEZES:
        raise TooManyFreezes
    values = {"project_id": project_id, "created_by_id": actor.user_id, **data.model_dump()}
    made = await session.execute(insert(FreezeWindow.__table__).values(values).returning(_freezes.id))
    freeze = await _find(session, project_id, made.scalar_one())
    await emit(session, actor, events.FreezeSet.of(project, **_recorded(freeze)))
    return freeze


async def delete_freeze(session: AsyncSession, actor: Actor, project_id: int, freeze_id: int) -> None:
    """Lifts a freeze window, effective immediately."""
    project = await find_project(session, actor, "environments.write", project_id)
    freeze = await _find(session, project_id, freeze_id)
    await session.execute(delete(FreezeWindow.__table__).where(_freezes.id == freeze_id))
    await emit(session, actor, events.FreezeLifted.of(project, **_recorded(freeze)))


async def delete_freezes(
    session: AsyncSession, actor: Actor, project_id: int, freeze_ids: list[int]
) -> list[BulkResult]:
    """Lifts many windows of a project."""
    return await for_each(session, freeze_ids, lambda row_id: delete_freeze(session, actor, project_id, row_id))


async def freeze_now(
    session: AsyncSession, project_id: int, environment_id: int, at: datetime | None = None
) -> ActiveFreeze | None:
    """Returns the active window that ends last, or None. With `at` it must have begun by that time."""
    values = {"project_id": project_id, "environment_id": environment_id, "at": at}
    found = await session.execute(_NOW, values)
    row = found.mappings().first()
    return ActiveFreeze(**row) if row else None


async def _find(session: AsyncSession, project_id: int, freeze_id: int) -> FreezeRead:
    row = (await session.execute(_ALL.where(_freezes.id == freeze_id), {"project_id": project_id})).first()
    if row is None:
        raise NotFound
    return _read(row)


def _recorded(freeze: FreezeRead) -> dict[str, str]:
    times = {"starts_at": freeze.starts_at.isoformat(), "ends_at": freeze.ends_at.isoformat()}
    return {"environment": freeze.environment or "everything", "why": freeze.why, **times}


def _read(row: Row[*tuple[Any, ...]]) -> FreezeRead:
    by = PersonRead(id=row.created_by_id, username=row.username, full_name=row.full_name) if row.username else None
    return FreezeRead.model_validate({**row._mapping, "created_by": by})

"""Service functions for environments, the deployment targets of a project."""

from typing import Any, ClassVar, Protocol, get_args

from sqlalchemy import bindparam, exists, func, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tca_app.core.actor import Actor
from tca_app.core.database.concurrency import VersionedRow, changed_fields, check_version, fields_of
from tca_app.core.database.session import refuse_duplicates
from tca_app.core.database.sorting import order_by
from tca_app.core.errors import Conflict, NotFound
from tca_app.core.events.log import emit
from tca_app.core.language.messages import N_
from tca_app.features.environments import events
from tca_app.features.environments.schemas import (
    EnvironmentCreate,
    EnvironmentQuery,
    EnvironmentRead,
    EnvironmentUpdate,
)
from tca_app.features.environments.tiers import Tier, guess_tier
from tca_app.features.projects import policy
from tca_app.features.projects.service import find_project, get_project
from tca_app.models import Deployment, Environment
from tca_app.models.user import changed_by

MAX_ENVIRONMENTS = 50
NAME_TAKEN = N_("This project already has an environment with this name.")
_environments = Environment.__table__.c
_COLUMNS = tuple(_environments[name] for name in EnvironmentRead.model_fields)
_OF_PROJECT = select(*_COLUMNS).where(
    _environments.project_id == bindparam("project_id"), _environments.deleted_at.is_(None)
)
_SORTS = {
    "rank": _environments.rank,
    "name": func.lower(_environments.name),
    "tier": func.array_position(literal(list(get_args(Tier))), _environments.tier),
}


class LockedEnvironment(VersionedRow, Protocol):
    """A locked row, with the name of its last editor."""

    id: int
    name: str


class TooManyEnvironments(Conflict):
    code = "too_many_environments"
    default = N_("A project has at most {most} environments.")
    values: ClassVar = {"most": MAX_ENVIRONMENTS}


class EnvironmentInUse(Conflict):
    code = "environment_in_use"
    default = N_("A deployment to this environment is not finished. Wait for it or cancel it.")


async def list_environments(
    session: AsyncSession, actor: Actor, project_id: int, query: EnvironmentQuery | None = None
) -> list[EnvironmentRead]:
    """Returns the environments, by default in pipeline order."""
    project = await get_project(session, actor, project_id)
    policy.require(actor, "environments.read", project.my_role)
    ordered = _OF_PROJECT.order_by(*order_by(_SORTS, (query or EnvironmentQuery()).sort, _environments.id))
    rows = await session.execute(ordered, {"project_id": project_id})
    return [EnvironmentRead.model_validate(row) for row in rows]


async def create_environment(
    session: AsyncSession, actor: Actor, project_id: int, data: EnvironmentCreate
) -> EnvironmentRead:
    """Creates an environment. Guesses its tier from its name unless given. Raises Conflict for a name that is taken."""
    project = await find_project(session, actor, "environments.write", project_id)
    there = (await session.execute(_OF_PROJECT, {"project_id": project_id})).all()
    if len(there) >= MAX_ENVIRONMENTS:
        raise TooManyEnvironments
    given = data.model_dump() | {"tier": data.tier or guess_tier(data.name)}
    statement = insert(Environment.__table__).values(project_id=project_id, updated_by_id=actor.user_id, **given)
    with refuse_duplicates({"uq_environments_name": ("name", NAME_TAKEN)}):
        row = (await session.execute(statement.returning(*_COLUMNS))).one()
    await emit(session, actor, events.EnvironmentCreated.of(project, environment=data.name, after=given))
    return EnvironmentRead.model_validate(row)


async def update_environment(
    session: AsyncSession,
    actor: Actor,
    project_id: int,
    environment_id: int,
    data: EnvironmentUpdate,
    if_version: int | None = None,
) -> EnvironmentRead:
    """Updates the given fields. Running deployments keep the rules that they started with."""
    project = await find_project(session, actor, "environments.write", project_id)
    row = await find_environment(session, project_id, environment_id)
    given = data.given()
    check_version(row, given, if_version)
    changed = changed_fields(row, given)
    if not changed:
        return EnvironmentRead.model_validate(row)
    after = await _store(session, actor, environment_id, changed)
    about = {"environment": after.name, "before": fields_of(row, changed), "after": changed}
    await emit(session, actor, events.EnvironmentUpdated.of(project, **about))
    return after


async def delete_environment(
    session: AsyncSession, actor: Actor, project_id: int, environment_id: int, if_version: int | None = None
) -> None:
    """Deletes an environment but keeps its history. Raises EnvironmentInUse while a deployment is not finished."""
    project = await find_project(session, actor, "environments.write", project_id)
    row = await find_environment(session, project_id, environment_id)
    check_version(row, {}, if_version)
    going_on = exists().where(col(Deployment.environment_id) == environment_id, col(Deployment.finished_at).is_(None))
    if (await session.execute(select(going_on))).scalar_one():
        raise EnvironmentInUse
    await _store(session, actor, environment_id, {"deleted_at": func.now()})
    await emit(session, actor, events.EnvironmentDeleted.of(project, environment=row.name))


async def find_environment(session: AsyncSession, project_id: int, environment_id: int) -> LockedEnvironment:
    """Returns an environment and locks it: nobody can deploy to it until the transaction ends. Raises NotFound."""
    statement = select(*_COLUMNS, *changed_by(Environment.__table__)).where(
        _environments.id == environment_id,
        _environments.project_id == project_id,
        _environments.deleted_at.is_(None),
    )
    locked = statement.with_for_update(of=Environment.__table__, key_share=True)
    row = (await session.execute(locked)).first()
    if row is None:
        raise NotFound
    return row


async def _store(session: AsyncSession, actor: Actor, environment_id: int, changes: dict[str, Any]) -> EnvironmentRead:
    table = Environment.__table__
    statement = update(table).where(table.c.id == environment_id).returning(*_COLUMNS)
    kept = {"version": table.c.version + 1, "updated_by_id": actor.user_id}
    with refuse_duplicates({"uq_environments_name": ("name", NAME_TAKEN)}):
        row = (await session.execute(statement.values(**changes, **kept))).one()
    return EnvironmentRead.model_validate(row)

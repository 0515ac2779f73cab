"""Queries for deployments. They return, and count, only what the actor may see."""

from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import RowMapping, and_, bindparam, case, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.errors import NotFound
from tca_app.core.marks import Color
from tca_app.features.deployments.schemas import (
    DeploymentRead,
    EnvironmentRef,
    OpenDeployment,
)
from tca_app.features.projects import policy
from tca_app.features.projects.queries import get_project
from tca_app.features.projects.schemas import ProjectRef
from tca_app.features.users.schemas import PersonRead
from tca_app.models import Deployment, Environment, Project, ProjectMember, User

USUAL_OF = 5
_deployments, _environments = Deployment.__table__.c, Environment.__table__.c
_projects, _members = Project.__table__.c, ProjectMember.__table__.c
_me = ProjectMember.__table__.alias("me")
CREATOR, _decider = User.__table__.alias("creator"), User.__table__.alias("decider")
_OWN = tuple(name for name in DeploymentRead.model_fields if name in _deployments)
_ACTOR: Any = bindparam("actor_id")

WHOLE = (
    select(
        *(_deployments[name] for name in _OWN),
        _deployments.project_id,
        _deployments.environment_id,
        _deployments.created_by_id,
        _deployments.decided_by_id,
        _projects.name.label("project_name"),
        _projects.slug.label("project_slug"),
        _projects.color.label("project_color"),
        _projects.emoji.label("project_emoji"),
        _projects.repository_url,
        _environments.name.label("environment_name"),
        _environments.is_protected,
        CREATOR.c.username.label("creator_username"),
        CREATOR.c.full_name.label("creator_full_name"),
        _decider.c.username.label("decider_username"),
        _decider.c.full_name.label("decider_full_name"),
    )
    .select_from(Deployment.__table__)
    .join(Environment.__table__, _environments.id == _deployments.environment_id)
    .join(Project.__table__, and_(_projects.id == _deployments.project_id, _projects.deleted_at.is_(None)))
    .outerjoin(CREATOR, CREATOR.c.id == _deployments.created_by_id)
    .outerjoin(_decider, _decider.c.id == _deployments.decided_by_id)
)
"""Whole deployments of projects that are not in the trash, not yet filtered by what the actor may see."""
ONE = (
    WHOLE.add_columns(_me.c.role.label("my_role"))
    .outerjoin(_me, and_(_me.c.project_id == _deployments.project_id, _me.c.user_id == _ACTOR))
    .where(_deployments.id == bindparam("deployment_id"))
)

# Deployments of projects in the trash are hidden; few projects are there.
IN_TRASH = select(_projects.id).where(_projects.deleted_at.is_not(None))
_THEIRS = select(_members.project_id).where(_members.user_id == _ACTOR)
MINE = (
    select(_members.project_id)
    .join(Project.__table__, _projects.id == _members.project_id)
    .where(_members.user_id == _ACTOR, _projects.deleted_at.is_(None))
)


class DeploymentRow(Protocol):
    """A row of `WHOLE`."""

    id: int
    project_id: int
    project_name: str
    project_slug: str
    project_color: Color
    project_emoji: str
    repository_url: str
    environment_id: int
    environment_name: str
    is_protected: bool
    version: str
    commit_sha: str
    ref: str
    rollback_of_id: int | None
    source: str
    reporter: str
    reason: str
    freeze_reason: str
    status: str
    queued_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    timed_out_at: datetime | None
    decided_at: datetime | None
    log_lines: int
    created_by_id: int | None
    creator_username: str | None
    creator_full_name: str | None
    decided_by_id: int | None
    decider_username: str | None
    decider_full_name: str | None

    @property
    def _mapping(self) -> RowMapping: ...


class VisibleDeployment(DeploymentRow, Protocol):
    """A row of `ONE`."""

    my_role: str | None


def deployment_read(row: DeploymentRow) -> DeploymentRead:
    """Returns the schema of a row."""
    values = row._mapping
    color, emoji = row.project_color, row.project_emoji
    return DeploymentRead(
        **{name: values[name] for name in _OWN},
        project=ProjectRef(id=row.project_id, name=row.project_name, slug=row.project_slug, color=color, emoji=emoji),
        environment=EnvironmentRef(id=row.environment_id, name=row.environment_name, is_protected=row.is_protected),
        created_by=_person(row.created_by_id, row.creator_username, row.creator_full_name),
        decided_by=_person(row.decided_by_id, row.decider_username, row.decider_full_name),
    )


def _person(user_id: int | None, username: str | None, full_name: str | None) -> PersonRead | None:
    if user_id is None:
        return None
    return PersonRead(id=user_id, username=username or "", full_name=full_name or "")


async def find_visible(session: AsyncSession, actor: Actor, deployment_id: int) -> VisibleDeployment:
    """Returns the row of one deployment with `my_role`. Raises NotFound, for non-members too."""
    row = (await session.execute(ONE, {"deployment_id": deployment_id, "actor_id": actor.user_id})).first()
    if row is None:
        raise NotFound
    policy.require(actor, "deployments.read", row.my_role)
    return row


async def get_deployment(session: AsyncSession, actor: Actor, deployment_id: int) -> DeploymentRead:
    return deployment_read(await find_visible(session, actor, deployment_id))


_last = (
    select(_deployments.id)
    .where(_deployments.environment_id == _environments.id, _deployments.status == "succeeded")
    .order_by(_deployments.finished_at.desc(), _deployments.id.desc())
    .limit(1)
    .correlate(Environment.__table__)
    .scalar_subquery()
)
_CURRENT = WHOLE.where(
    _deployments.id.in_(select(_last).where(_environments.project_id == bindparam("project_id")).correlate(None))
)


async def current_by_environment(session: AsyncSession, actor: Actor, project_id: int) -> dict[int, DeploymentRead]:
    """Returns the current deployment of each environment of a project, by environment id."""
    await get_project(session, actor, project_id)
    rows = await session.execute(_CURRENT, {"project_id": project_id})
    return {row.environment_id: deployment_read(row) for row in rows}


_good = Deployment.__table__.alias("good")
_last_good = (
    select((_good.c.finished_at - _good.c.started_at).label("took"))
    .where(_good.c.environment_id == _deployments.environment_id, _good.c.status == "succeeded")
    .order_by(_good.c.finished_at.desc(), _good.c.id.desc())
    .limit(USUAL_OF)
    .correlate(Deployment.__table__)
    .lateral("last_good")
)
_median = func.percentile_cont(0.5).within_group(_last_good.c.took)
_USUAL: Any = select(func.extract("epoch", _median)).select_from(_last_good).correlate(Deployment.__table__)
_OPEN_ORDER = (case((_deployments.status == "in_progress", 0), else_=1), _deployments.id.desc())
_OPEN = (
    select(_deployments.id)
    .where(_deployments.finished_at.is_(None), _deployments.project_id.not_in(IN_TRASH))
    .order_by(*_OPEN_ORDER)
)


async def open_deployments(session: AsyncSession, actor: Actor, most: int) -> list[OpenDeployment]:
    """Returns deployments that have not ended: in progress first, then queued or awaiting approval, newest first."""
    policy.require(actor, "deployments.list")
    ids = _OPEN if actor.is_superuser else _OPEN.where(_deployments.project_id.in_(_THEIRS))
    page = ids.limit(most).subquery("page")
    whole = WHOLE.add_columns(_USUAL.scalar_subquery().label("usual_s")).join(page, page.c.id == _deployments.id)
    rows = await session.execute(whole.order_by(*_OPEN_ORDER), {"actor_id": actor.user_id})
    return [
        OpenDeployment(**dict(deployment_read(row)), usual_s=None if row.usual_s is None else float(row.usual_s))
        for row in rows
    ]


async def previous_success(
    session: AsyncSession, row: DeploymentRow, *, other_version: bool = False
) -> DeploymentRow | None:
    """Returns the previous successful deployment in the environment of `row`, by end time, or None."""
    before = select(_deployments.id).where(
        _deployments.environment_id == row.environment_id,
        _deployments.status == "succeeded",
        _deployments.id != row.id,
        tuple_(_deployments.finished_at, _deployments.id) < tuple_(row.finished_at or func.now(), row.id),
    )
    if other_version:
        before = before.where(_deployments.version != row.version)
    last = before.order_by(_deployments.finished_at.desc(), _deployments.id.desc()).limit(1)
    return (await session.execute(WHOLE.where(_deployments.id == last.scalar_subquery()))).first()


async def is_current(session: AsyncSession, row: DeploymentRow) -> bool:
    """Returns whether `row` is the last successful deployment of its environment."""
    last = (
        select(_deployments.id)
        .where(_deployments.environment_id == row.environment_id, _deployments.status == "succeeded")
        .order_by(_deployments.finished_at.desc(), _deployments.id.desc())
        .limit(1)
    )
    return (await session.execute(last)).scalar() == row.id


async def newest_finished(session: AsyncSession, environment_id: int) -> DeploymentRow:
    """Returns the last deployment of an environment that succeeded or failed."""
    ended = WHOLE.where(_deployments.environment_id == environment_id, _deployments.status.in_(("succeeded", "failed")))
    return (
        await session.execute(ended.order_by(_deployments.finished_at.desc(), _deployments.id.desc()).limit(1))
    ).one()

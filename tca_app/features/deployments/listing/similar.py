"""Finds deployments whose version, branch, commit or project is like a text that is not typed exactly."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.similar import MAX_SIMILAR, has_similar_word, newest, newest_of_each, resembles
from tca_app.features.deployments.queries import IN_TRASH, MINE, WHOLE, deployment_read
from tca_app.features.deployments.schemas import DeploymentRead
from tca_app.features.projects import policy
from tca_app.models import Deployment, Environment, Project

_deployments, _environments, _projects = Deployment.__table__.c, Environment.__table__.c, Project.__table__.c


async def find_similar(session: AsyncSession, actor: Actor, text: str) -> list[DeploymentRead]:
    """Returns deployments that the actor may see, newest first, with the letters of each word in their order.

    One word at least is in the deployment itself, so that the names of a project and an environment alone find none.
    """
    policy.require(actor, "deployments.list")
    rows = select(*(_deployments[name] for name in ("id", "project_id", "environment_id", "search_text")))
    if actor.is_superuser:
        tried = newest(rows.where(_deployments.project_id.not_in(IN_TRASH)), _deployments.id).c
    else:
        mine = MINE.cte("mine")
        tried = newest_of_each(mine, rows.where(_deployments.project_id == mine.c.project_id), _deployments.id).c
    names = (_projects.search_text, func.lower(_environments.name))
    chosen = (
        select(tried.id)
        .join(Project.__table__, _projects.id == tried.project_id)
        .join(Environment.__table__, _environments.id == tried.environment_id)
        .where(has_similar_word(text, tried.search_text.like))
        .where(resembles(text, tried.search_text.like, *(name.like for name in names)))
        .order_by(tried.id.desc())
        .limit(MAX_SIMILAR)
    )
    found = WHOLE.where(_deployments.id.in_(chosen)).order_by(_deployments.id.desc())
    return [deployment_read(row) for row in await session.execute(found, {"actor_id": actor.user_id})]

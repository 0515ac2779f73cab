"""Finds deployments whose version, branch, commit or project is like a text that is not typed exactly."""

from sqlalchemy import ColumnElement, ScalarSelect, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.similar import MAX_SIMILAR, has_similar_word, newest, resembles
from tca_app.features.deployments.queries import IN_TRASH, MINE, WHOLE, deployment_read
from tca_app.features.deployments.schemas import DeploymentRead
from tca_app.features.projects import policy
from tca_app.features.projects.similar import like_name
from tca_app.models import Deployment, Environment

_deployments, _environments = Deployment.__table__.c, Environment.__table__.c


async def find_similar(session: AsyncSession, actor: Actor, text: str) -> list[DeploymentRead]:
    """Returns deployments that the actor may see, newest first, with the letters of each word in their order.

    One word at least is in the deployment itself, so that the names of a project and an environment alone find none.
    """
    policy.require(actor, "deployments.list")
    rows = select(*(_deployments[name] for name in ("id", "project_id", "environment_id", "search_text")))
    tried = newest(rows, _deployments.id).c

    def in_environment(pattern: ScalarSelect[str]) -> ColumnElement[bool]:
        named = func.lower(_environments.name).like(pattern)
        return tried.environment_id.in_(select(_environments.id).where(named))

    chosen = (
        select(tried.id)
        .where(tried.project_id.in_(MINE) if not actor.is_superuser else tried.project_id.not_in(IN_TRASH))
        .where(has_similar_word(text, tried.search_text.like))
        .where(resembles(text, tried.search_text.like, like_name(tried.project_id), in_environment))
        .order_by(tried.id.desc())
        .limit(MAX_SIMILAR)
    )
    found = WHOLE.where(_deployments.id.in_(chosen)).order_by(_deployments.id.desc())
    return [deployment_read(row) for row in await session.execute(found, {"actor_id": actor.user_id})]

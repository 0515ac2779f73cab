"""What runs where: each project's environments with the version that was last brought there, in one statement."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.features.deployments.schemas import MatrixQuery, Place, ProjectRef, WhatRunsWhere
from tca_app.features.projects import policy

_PLACES = text(
    """
    WITH page AS (
      SELECT id, name, slug FROM projects
      WHERE deleted_at IS NULL AND status <> 'archived'
        AND (:sees_all OR id IN (SELECT project_id FROM project_members WHERE user_id = :actor_id))
      ORDER BY lower(name), id OFFSET :skip LIMIT :limit
    )
    SELECT page.id, page.name, page.slug, environments.id AS environment_id, environments.name AS environment,
      environments.rank, environments.url, current.id AS deployment_id, current.version, current.finished_at,
      coalesce(nullif(users.full_name, ''), users.username, current.reporter) AS who,
      EXISTS (SELECT FROM deployments AS going
              WHERE going.environment_id = environments.id AND going.status = 'in_progress'
                AND going.finished_at IS NULL) AS is_deploying
    FROM page
    LEFT JOIN environments ON environments.project_id = page.id AND environments.deleted_at IS NULL
    LEFT JOIN LATERAL (
      SELECT * FROM deployments
      WHERE deployments.environment_id = environments.id AND deployments.status = 'succeeded'
      ORDER BY finished_at DESC, id DESC LIMIT 1
    ) AS current ON true
    LEFT JOIN users ON users.id = current.created_by_id
    ORDER BY lower(page.name), page.id, environments.rank, environments.id
    """
)


async def what_runs_where(session: AsyncSession, actor: Actor, query: MatrixQuery) -> list[WhatRunsWhere]:
    """The projects that the actor may see and that are not archived, by name."""
    policy.require(actor, "deployments.list")
    values = query.model_dump() | {"actor_id": actor.user_id, "sees_all": actor.is_superuser}
    found: dict[int, WhatRunsWhere] = {}
    for row in await session.execute(_PLACES, values):
        project = ProjectRef(id=row.id, name=row.name, slug=row.slug)
        line = found.setdefault(row.id, WhatRunsWhere(project=project, places=[]))
        if row.environment_id is not None:
            line.places.append(Place.model_validate(row))
    return list(found.values())

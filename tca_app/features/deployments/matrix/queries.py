"""The environment matrix: the environments of each project with the current version, in one statement."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.display_name import DISPLAY_NAME_TEXT
from tca_app.features.deployments.matrix.schemas import EnvironmentMatrixRow, MatrixCell, MatrixQuery
from tca_app.features.deployments.schemas import ProjectRef
from tca_app.features.projects import policy

_VISIBLE = (
    "deleted_at IS NULL AND (:sees_all OR id IN (SELECT project_id FROM project_members WHERE user_id = :actor_id))"
)
_BY_NAME = f"WHERE {_VISIBLE} AND status <> 'archived' ORDER BY lower(name), id OFFSET :skip LIMIT :limit"
_BY_IDS = f"WHERE {_VISIBLE} AND id = ANY(:ids)"
# A release is a version that was deployed successfully anywhere in the project; a newer one arrived later. Only the
# last deployments are read, so that an environment that was left behind for years costs no more than the others.
MAX_BEHIND_READ = 200
_BEHIND = f"""
    LEFT JOIN LATERAL (
      SELECT min(finished_at) AS at FROM deployments
      WHERE project_id = page.id AND version = current.version AND status = 'succeeded'
    ) AS arrival ON true
    LEFT JOIN LATERAL (
      SELECT count(DISTINCT later.version) AS count FROM (
        SELECT version FROM deployments
        WHERE project_id = page.id AND status = 'succeeded' AND finished_at > arrival.at
        ORDER BY finished_at DESC LIMIT {MAX_BEHIND_READ}) AS later
      WHERE NOT EXISTS (
        SELECT FROM deployments AS earlier
        WHERE earlier.project_id = page.id AND earlier.version = later.version AND earlier.status = 'succeeded'
          AND earlier.finished_at <= arrival.at)
    ) AS newer ON current.id IS NOT NULL
"""  # noqa: S608  constant SQL
_MATRIX = """
    WITH page AS (SELECT id, name, slug FROM projects {which})
    SELECT page.id, page.name, page.slug, environments.id AS environment_id, environments.name AS environment,
      environments.rank, environments.url, environments.tier, environments.is_protected,
      current.id AS deployment_id, current.version, current.finished_at,
      coalesce({display_name}, current.reporter) AS who, newer.count AS behind,
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
    {behind}
    ORDER BY lower(page.name), page.id, environments.rank, environments.id
"""
_MATRIX_BY_NAME, _MATRIX_BY_IDS = (
    text(_MATRIX.format(which=which, display_name=DISPLAY_NAME_TEXT, behind=_BEHIND)) for which in (_BY_NAME, _BY_IDS)
)


async def environment_matrix(session: AsyncSession, actor: Actor, query: MatrixQuery) -> list[EnvironmentMatrixRow]:
    """Returns the projects that the actor may see and that are not archived, by name."""
    return list((await _read(session, actor, _MATRIX_BY_NAME, query.model_dump())).values())


async def environments_with_versions(
    session: AsyncSession, actor: Actor, ids: Sequence[int]
) -> dict[int, EnvironmentMatrixRow]:
    """Returns the same for these project ids, without projects that the actor may not see or that are in the trash."""
    return await _read(session, actor, _MATRIX_BY_IDS, {"ids": list(ids)})


async def _read(
    session: AsyncSession, actor: Actor, statement: TextClause, values: dict[str, Any]
) -> dict[int, EnvironmentMatrixRow]:
    policy.require(actor, "deployments.list")
    who = {"actor_id": actor.user_id, "sees_all": actor.is_superuser}
    found: dict[int, EnvironmentMatrixRow] = {}
    for row in await session.execute(statement, values | who):
        project = ProjectRef(id=row.id, name=row.name, slug=row.slug)
        line = found.setdefault(row.id, EnvironmentMatrixRow(project=project, places=[]))
        if row.environment_id is not None:
            line.places.append(MatrixCell.model_validate(row))
    return found

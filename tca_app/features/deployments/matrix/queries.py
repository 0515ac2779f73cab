"""The environment matrix: the environments of each project with the current version, in one statement."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.display_name import DISPLAY_NAME_TEXT
from tca_app.features.deployments.matrix.schemas import EnvironmentMatrixRow, MatrixCell, MatrixQuery, MatrixSearch
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
_CURRENT_JOIN = """
    LEFT JOIN LATERAL (
      SELECT * FROM deployments
      WHERE deployments.environment_id = environments.id AND deployments.status = 'succeeded'
      ORDER BY finished_at DESC, id DESC LIMIT 1
    ) AS current ON true
"""
# Administrators see every group, others those that they are in.
_KNOWN_GROUPS = """
    SELECT id FROM groups WHERE :sees_all OR id IN (SELECT group_id FROM group_members WHERE user_id = :actor_id)
"""
_MATRIX = """
    WITH page AS (SELECT id, name, slug, repository_url FROM projects {which})
    SELECT page.id, page.name, page.slug, page.repository_url,
      environments.id AS environment_id, environments.name AS environment, environments.rank, environments.url,
      environments.tier, environments.is_protected,
      current.id AS deployment_id, current.version, current.commit_sha, current.finished_at,
      coalesce({display_name}, current.reporter) AS who, newer.count AS behind,
      EXISTS (SELECT FROM deployments AS going
              WHERE going.environment_id = environments.id AND going.status = 'in_progress'
                AND going.finished_at IS NULL) AS is_deploying
    FROM page
    LEFT JOIN environments ON environments.project_id = page.id AND environments.deleted_at IS NULL
    {current}
    LEFT JOIN users ON users.id = current.created_by_id
    {behind}
    ORDER BY lower(page.name), page.id, environments.rank, environments.id
"""
_SEARCHED = f"""
    WHERE {_VISIBLE} AND status <> 'archived'
      AND (CAST(:search AS text) = '' OR position(lower(:search) IN lower(name || ' ' || slug)) > 0)
      AND (CAST(:group_id AS bigint) IS NULL OR EXISTS (
        SELECT FROM project_groups
        WHERE project_id = projects.id AND group_id = :group_id AND group_id IN ({_KNOWN_GROUPS})))
"""
_IS_BEHIND = f"""
    AND EXISTS (
      SELECT FROM (SELECT projects.id AS id) AS page JOIN environments ON project_id = page.id
        AND environments.deleted_at IS NULL {_CURRENT_JOIN} {_BEHIND} WHERE newer.count > 0)
"""


def _matrix(which: str) -> TextClause:
    parts = {"display_name": DISPLAY_NAME_TEXT, "behind": _BEHIND, "current": _CURRENT_JOIN}
    return text(_MATRIX.format(which=which, **parts))


_BY_PAGE = "ORDER BY lower(name), id LIMIT :limit"
_MATRIX_BY_NAME, _MATRIX_BY_IDS = _matrix(_BY_NAME), _matrix(_BY_IDS)
_MATRIX_SEARCHED = _matrix(f"{_SEARCHED} {_BY_PAGE}")
_MATRIX_BEHIND = _matrix(f"{_SEARCHED} {_IS_BEHIND} {_BY_PAGE}")
_GROUPS = text(f"SELECT id, name FROM groups WHERE id IN ({_KNOWN_GROUPS}) ORDER BY lower(name) LIMIT 500")  # noqa: S608


async def environment_matrix(session: AsyncSession, actor: Actor, query: MatrixQuery) -> list[EnvironmentMatrixRow]:
    """Returns the projects that the actor may see and that are not archived, by name."""
    return list((await _read(session, actor, _MATRIX_BY_NAME, query.model_dump())).values())


async def search_matrix(session: AsyncSession, actor: Actor, query: MatrixSearch) -> list[EnvironmentMatrixRow]:
    """Returns the first projects by name that match, and that are not archived."""
    statement = _MATRIX_BEHIND if query.only_behind else _MATRIX_SEARCHED
    values = {"search": query.search, "group_id": query.group_id, "limit": query.limit}
    return list((await _read(session, actor, statement, values)).values())


async def list_known_groups(session: AsyncSession, actor: Actor) -> list[tuple[int, str]]:
    """Returns the ids and names of the groups by which the actor may filter."""
    policy.require(actor, "deployments.list")
    rows = await session.execute(_GROUPS, {"actor_id": actor.user_id, "sees_all": actor.is_superuser})
    return [(row.id, row.name) for row in rows]


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
        line = found.setdefault(
            row.id, EnvironmentMatrixRow(project=project, repository_url=row.repository_url, places=[])
        )
        if row.environment_id is not None:
            line.places.append(MatrixCell.model_validate(row))
    return found

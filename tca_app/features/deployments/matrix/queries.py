"""The environment matrix: the environments of each project with the current version, in one statement."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.csv_lines import MAX_ROWS
from tca_app.core.database.pagination import Page
from tca_app.core.display_name import DISPLAY_NAME_TEXT
from tca_app.core.facets import MAX_FACETS, Facets, facets_of
from tca_app.features.deployments.matrix.schemas import (
    EnvironmentLine,
    EnvironmentMatrixRow,
    MatrixCell,
    MatrixFilter,
    MatrixQuery,
)
from tca_app.features.projects import policy
from tca_app.features.projects.schemas import ProjectRef

_VISIBLE = (
    "deleted_at IS NULL AND (:sees_all OR id IN (SELECT project_id FROM project_members WHERE user_id = :actor_id))"
)
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
    WITH page AS (SELECT id, name, slug, color, emoji, repository_url FROM projects {which})
    SELECT page.id, page.name, page.slug, page.color, page.emoji, page.repository_url,
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
    ORDER BY lower(page.name) {way}, page.id {way}, environments.rank, environments.id
"""
_MATCHING = f"""
    WHERE {_VISIBLE} AND status <> 'archived'
      AND (CAST(:search AS text) = '' OR position(lower(:search) IN lower(name || ' ' || slug)) > 0)
      AND (CAST(:group_id AS bigint[]) = '{{}}' OR EXISTS (
        SELECT FROM project_groups
        WHERE project_id = projects.id AND group_id = ANY(:group_id) AND group_id IN ({_KNOWN_GROUPS})))
"""
_IS_BEHIND = f"""
    EXISTS (
      SELECT FROM (SELECT projects.id AS id) AS page JOIN environments ON project_id = page.id
        AND environments.deleted_at IS NULL {_CURRENT_JOIN} {_BEHIND} WHERE newer.count > 0)
"""
_DRIFT = {None: "", True: f"AND {_IS_BEHIND}", False: f"AND NOT {_IS_BEHIND}"}
_GROUPS = text(f"SELECT id, name FROM groups WHERE id IN ({_KNOWN_GROUPS}) AND id = ANY(:ids)")  # noqa: S608
_COUNTED_GROUPS = f"""
    SELECT groups.id, groups.name, count(*) FROM (SELECT id FROM projects {{which}}) AS page
    JOIN project_groups ON project_groups.project_id = page.id JOIN groups ON groups.id = project_groups.group_id
    WHERE groups.id IN ({_KNOWN_GROUPS}) AND (:find = '' OR position(lower(:find) IN lower(groups.name)) > 0)
    GROUP BY groups.id ORDER BY count(*) DESC, lower(groups.name) LIMIT {MAX_FACETS}
"""  # noqa: S608


def _matrix(which: str, way: str = "ASC") -> TextClause:
    parts = {"display_name": DISPLAY_NAME_TEXT, "behind": _BEHIND, "current": _CURRENT_JOIN}
    return text(_MATRIX.format(which=which, way=way, **parts))


_MATRIX_BY_IDS = _matrix(_BY_IDS)


def _which(query: MatrixFilter) -> str:
    """Returns the condition of the filters: constant SQL, chosen from a dictionary."""
    return f"{_MATCHING} {_DRIFT[query.is_behind]}"


def _values(actor: Actor, query: MatrixFilter) -> dict[str, Any]:
    return {"search": query.search, "group_id": query.group_id} | _who(actor)


def _who(actor: Actor) -> dict[str, Any]:
    return {"actor_id": actor.user_id, "sees_all": actor.is_superuser}


def _ordered(query: MatrixFilter) -> tuple[str, str]:
    way = "DESC" if query.sort == "-name" else "ASC"
    return f"{_which(query)} ORDER BY lower(name) {way}, id {way} OFFSET :skip LIMIT :limit", way


async def environment_matrix(session: AsyncSession, actor: Actor, query: MatrixQuery) -> Page[EnvironmentMatrixRow]:
    """Returns a page of the projects that the actor may see and that are not archived, by name."""
    values = _values(actor, query) | {"skip": query.skip, "limit": query.limit}
    rows = list((await _read(session, actor, _matrix(*_ordered(query)), values)).values())
    if query.skip == 0 and len(rows) < query.limit:
        return Page(rows, len(rows))
    return Page(rows, await _count(session, actor, query))


async def _count(session: AsyncSession, actor: Actor, query: MatrixFilter) -> int:
    total = text(f"SELECT count(*) FROM projects {_which(query)}")  # noqa: S608
    return int((await session.execute(total, _values(actor, query))).scalar_one())


async def find_project_ids(session: AsyncSession, actor: Actor, query: MatrixFilter) -> list[int]:
    """Returns the ids of the projects in the matrix, at most 50,000."""
    policy.require(actor, "deployments.list")
    ids = text(f"SELECT id FROM projects {_ordered(query)[0]}")  # noqa: S608
    values = _values(actor, query) | {"skip": 0, "limit": MAX_ROWS}
    return list((await session.execute(ids, values)).scalars())


async def read_environments(session: AsyncSession, actor: Actor, ids: list[int]) -> list[EnvironmentLine]:
    """Returns the environments of those of the projects that the actor may still see."""
    found = await environments_with_versions(session, actor, ids)
    return [
        EnvironmentLine(
            **place.model_dump(),
            project_id=row.project.id,
            project_name=row.project.name,
            project_slug=row.project.slug,
        )
        for row in found.values()
        for place in row.places
    ]


async def count_groups(session: AsyncSession, actor: Actor, query: MatrixFilter, search: str = "") -> Facets:
    """Returns the groups by which the actor may filter, with how many projects each has under the other filters."""
    policy.require(actor, "deployments.list")
    others = query.model_copy(update={"group_id": []})
    counted = text(_COUNTED_GROUPS.format(which=_which(others)))
    rows = await session.execute(counted, _values(actor, others) | {"find": search})
    return facets_of([(row[0], row[1], row[2]) for row in rows])


async def count_drift(session: AsyncSession, actor: Actor, query: MatrixFilter) -> tuple[int, int]:
    """Returns how many projects are behind and how many are not, under the other filters."""
    policy.require(actor, "deployments.list")
    behind = await _count(session, actor, query.model_copy(update={"is_behind": True}))
    return behind, await _count(session, actor, query.model_copy(update={"is_behind": None})) - behind


async def group_names(session: AsyncSession, actor: Actor, ids: list[int]) -> dict[str, str]:
    """Returns the names of those of the groups by which the actor may filter, by id."""
    policy.require(actor, "deployments.list")
    rows = await session.execute(_GROUPS, {"ids": ids} | _who(actor))
    return {str(row.id): row.name for row in rows}


async def environments_with_versions(
    session: AsyncSession, actor: Actor, ids: Sequence[int]
) -> dict[int, EnvironmentMatrixRow]:
    """Returns the same for these project ids, without projects that the actor may not see or that are in the trash."""
    return await _read(session, actor, _MATRIX_BY_IDS, {"ids": list(ids)})


async def _read(
    session: AsyncSession, actor: Actor, statement: TextClause, values: dict[str, Any]
) -> dict[int, EnvironmentMatrixRow]:
    policy.require(actor, "deployments.list")
    found: dict[int, EnvironmentMatrixRow] = {}
    for row in await session.execute(statement, values | _who(actor)):
        project = ProjectRef.model_validate(row)
        line = found.setdefault(
            row.id, EnvironmentMatrixRow(project=project, repository_url=row.repository_url, places=[])
        )
        if row.environment_id is not None:
            line.places.append(MatrixCell.model_validate(row))
    return found

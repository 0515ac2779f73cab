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
from tca_app.features.deployments.matrix.fragments import BEHIND, CURRENT, KNOWN_GROUPS, VISIBLE
from tca_app.features.deployments.matrix.orders import order_of
from tca_app.features.deployments.matrix.schemas import (
    EnvironmentLine,
    EnvironmentMatrixRow,
    MatrixCell,
    MatrixFilter,
    MatrixPage,
)
from tca_app.features.projects import policy
from tca_app.features.projects.schemas import ProjectRef

_BY_IDS = f"WHERE {VISIBLE} AND id = ANY(:ids)"
# The names of the groups are read after the page is chosen: they are shown, and need not be known for all projects.
_PAGE = """
    SELECT * FROM (
      SELECT id, name, slug, color, emoji, repository_url, {key} AS order_key FROM projects {which}) AS page
    ORDER BY {order}
"""
_MATRIX = """
    WITH page AS ({page}),
    named AS MATERIALIZED (
      SELECT page.*, ARRAY(
        SELECT groups.name FROM project_groups JOIN groups ON groups.id = project_groups.group_id
        WHERE project_groups.project_id = page.id AND groups.id IN ({known_groups})
        ORDER BY lower(groups.name)) AS groups
      FROM page)
    SELECT page.id, page.name, page.slug, page.color, page.emoji, page.repository_url, page.groups,
      environments.id AS environment_id, environments.name AS environment, environments.rank, environments.url,
      environments.tier, environments.is_protected,
      current.id AS deployment_id, current.version, current.commit_sha, current.finished_at,
      coalesce({display_name}, current.reporter) AS who, current.created_by_id, newer.count AS behind,
      EXISTS (SELECT FROM deployments AS going
              WHERE going.environment_id = environments.id AND going.status = 'in_progress'
                AND going.finished_at IS NULL) AS is_deploying
    FROM named AS page
    LEFT JOIN environments ON environments.project_id = page.id AND environments.deleted_at IS NULL
    {current}
    LEFT JOIN users ON users.id = current.created_by_id
    {behind}
    ORDER BY {order}, environments.rank, environments.id
"""
_MATCHING = f"""
    WHERE {VISIBLE} AND status <> 'archived'
      AND (CAST(:search AS text) = '' OR position(lower(:search) IN lower(name || ' ' || slug)) > 0)
      AND (CAST(:group_id AS bigint[]) = '{{}}' OR EXISTS (
        SELECT FROM project_groups
        WHERE project_id = projects.id AND group_id = ANY(:group_id) AND group_id IN ({KNOWN_GROUPS})))
"""
_IS_BEHIND = f"""
    EXISTS (
      SELECT FROM (SELECT projects.id AS id) AS page JOIN environments ON project_id = page.id
        AND environments.deleted_at IS NULL {CURRENT} {BEHIND} WHERE newer.count > 0)
"""
_DRIFT = {None: "", True: f"AND {_IS_BEHIND}", False: f"AND NOT {_IS_BEHIND}"}
_GROUPS = text(f"SELECT id, name FROM groups WHERE id IN ({KNOWN_GROUPS}) AND id = ANY(:ids)")  # noqa: S608
_COUNTED_GROUPS = f"""
    SELECT groups.id, groups.name, count(*) FROM (SELECT id FROM projects {{which}}) AS page
    JOIN project_groups ON project_groups.project_id = page.id JOIN groups ON groups.id = project_groups.group_id
    WHERE groups.id IN ({KNOWN_GROUPS}) AND (:find = '' OR position(lower(:find) IN lower(groups.name)) > 0)
    GROUP BY groups.id ORDER BY count(*) DESC, lower(groups.name) LIMIT {MAX_FACETS}
"""  # noqa: S608


def _page(which: str, sort: str = "name") -> str:
    key, order, _ = order_of(sort)
    return _PAGE.format(key=key, which=which, order=order)


def _matrix(which: str, sort: str = "name", part: str = "") -> TextClause:
    page = f"{_page(which, sort)} {part}"
    parts = {"display_name": DISPLAY_NAME_TEXT, "behind": BEHIND, "current": CURRENT, "known_groups": KNOWN_GROUPS}
    return text(_MATRIX.format(page=page, order=order_of(sort)[1], **parts))


_MATRIX_BY_IDS = _matrix(_BY_IDS)
_PART = "OFFSET :skip LIMIT :limit"


def _which(query: MatrixFilter) -> str:
    """Returns the condition of the filters: constant SQL, chosen from a dictionary."""
    return f"{_MATCHING} {_DRIFT[query.is_behind]}"


def _values(actor: Actor, query: MatrixFilter) -> dict[str, Any]:
    return {"search": query.search, "group_id": query.group_id} | _who(actor)


def _who(actor: Actor) -> dict[str, Any]:
    return {"actor_id": actor.user_id, "sees_all": actor.is_superuser}


def _ordered(actor: Actor, query: MatrixFilter, skip: int, limit: int) -> dict[str, Any]:
    environment = order_of(query.sort)[2]
    order = {"environment": environment} if environment else {}
    return _values(actor, query) | order | {"skip": skip, "limit": limit}


async def environment_matrix(session: AsyncSession, actor: Actor, query: MatrixPage) -> Page[EnvironmentMatrixRow]:
    """Returns a page of the projects that the actor may see and that are not archived."""
    statement = _matrix(_which(query), query.sort, _PART)
    values = _ordered(actor, query, query.skip, query.limit)
    rows = list((await _read(session, actor, statement, values)).values())
    if query.skip == 0 and len(rows) < query.limit:
        return Page(rows, len(rows))
    return Page(rows, await _count(session, actor, query))


async def _count(session: AsyncSession, actor: Actor, query: MatrixFilter) -> int:
    total = text(f"SELECT count(*) FROM projects {_which(query)}")  # noqa: S608
    return int((await session.execute(total, _values(actor, query))).scalar_one())


async def find_project_ids(session: AsyncSession, actor: Actor, query: MatrixFilter) -> list[int]:
    """Returns the ids of the projects in the matrix, at most 50,000."""
    policy.require(actor, "deployments.list")
    page = text(f"{_page(_which(query), query.sort)} {_PART}")
    return [row.id for row in await session.execute(page, _ordered(actor, query, 0, MAX_ROWS))]


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
        if row.id not in found:
            project = ProjectRef.model_validate(row)
            found[row.id] = EnvironmentMatrixRow(
                project=project, repository_url=row.repository_url, groups=row.groups, places=[]
            )
        if row.environment_id is not None:
            found[row.id].places.append(MatrixCell.model_validate(row))
    return found

"""Reads maintenance windows: current and planned ones first, then those that are over."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Row, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.csv_lines import MAX_ROWS
from tca_app.core.database.pagination import Page
from tca_app.core.display_name import DISPLAY_NAME_TEXT
from tca_app.core.errors import NotFound
from tca_app.features.health import policy
from tca_app.features.health.history.service import VISIBLE, role_in, viewer, visible
from tca_app.features.health.maintenance.schemas import MaintenanceFilter, MaintenanceQuery, MaintenanceRead
from tca_app.features.health.schemas import Component

Found = Row[*tuple[Any, ...]]
STATE = """CASE WHEN cancelled_at IS NOT NULL THEN 'cancelled' WHEN ends_at <= now() THEN 'completed'
    WHEN starts_at <= now() THEN 'active' ELSE 'scheduled' END"""
_FROM = f"FROM maintenance_windows AS windows WHERE {visible('windows.project_id')}"
_CHOSEN = f"""
    {_FROM} AND (CAST(:project_id AS bigint) IS NULL OR windows.project_id = :project_id)
      AND (CAST(:check_id AS bigint) IS NULL
        OR windows.id IN (SELECT window_id FROM maintenance_checks WHERE maintenance_checks.check_id = :check_id))
      AND (CAST(:state AS text) IS NULL OR {STATE} = :state)
"""  # noqa: S608  constant SQL
_COUNT = text(f"SELECT count(*) {_CHOSEN}")


def _name_of(column: str) -> str:
    return f"coalesce((SELECT {DISPLAY_NAME_TEXT} FROM users WHERE users.id = windows.{column}), '')"  # noqa: S608


_COLUMNS = f"""
    windows.id, windows.project_id, {role_in("windows.project_id")}, title, title AS name, message, starts_at, ends_at,
    {STATE} AS state, is_public, {_name_of("created_by_id")} AS created_by, windows.created_at, cancelled_at, version,
    updated_at, {_name_of("updated_by_id")} AS changed_by, windows.updated_by_id AS changed_by_id
"""
_IS_OVER = "(cancelled_at IS NOT NULL OR ends_at <= now())"
_ORDER = f"ORDER BY {_IS_OVER}, CASE WHEN NOT {_IS_OVER} THEN starts_at END, ends_at DESC, windows.id DESC"
_LIST = text(
    f"""
    WITH page AS (SELECT windows.* {_CHOSEN} {_ORDER} OFFSET :skip LIMIT :limit)
    SELECT {_COLUMNS} FROM page AS windows {_ORDER}
    """  # noqa: S608  constant SQL
)
_IDS_OF_LIST = text(f"SELECT windows.id {_CHOSEN} {_ORDER} LIMIT {MAX_ROWS}")
_IDS = bindparam("ids", type_=ARRAY(BigInteger))
_SOME = text(f"SELECT {_COLUMNS} {_FROM} AND windows.id = ANY(:ids)").bindparams(_IDS)
_COMING = text(f"SELECT {_COLUMNS} {_FROM} AND NOT {_IS_OVER} ORDER BY starts_at, windows.id LIMIT :most")
_ONE = text(f"SELECT {_COLUMNS} {_FROM} AND windows.id = :window_id")
_LOCKED = text(f"{_ONE.text} FOR NO KEY UPDATE OF windows")
_COMPONENTS = text(
    f"""
    SELECT window_id, check_id, checks.name
    FROM maintenance_checks JOIN health_checks AS checks ON checks.id = check_id
    WHERE window_id = ANY(:ids) AND {VISIBLE} ORDER BY lower(checks.name), check_id
    """  # noqa: S608
).bindparams(_IDS)


async def list_windows(session: AsyncSession, actor: Actor, query: MaintenanceQuery) -> Page[MaintenanceRead]:
    """Returns the windows of the console and of the actor's projects."""
    policy.require_list(actor)
    values = query.model_dump() | viewer(actor)
    rows = (await session.execute(_LIST, values)).all()
    total: int = (await session.execute(_COUNT, values)).scalar_one()
    return Page(await _reads(session, actor, rows), total)


async def find_window_ids(session: AsyncSession, actor: Actor, query: MaintenanceFilter) -> list[int]:
    """Returns the ids of the list in its order, at most 50,000."""
    policy.require_list(actor)
    return list((await session.execute(_IDS_OF_LIST, query.model_dump() | viewer(actor))).scalars())


async def read_windows(session: AsyncSession, actor: Actor, ids: list[int]) -> list[MaintenanceRead]:
    """Returns those of the ids that the actor may see."""
    policy.require_list(actor)
    return await _reads(session, actor, (await session.execute(_SOME, viewer(actor) | {"ids": ids})).all())


async def list_coming(session: AsyncSession, actor: Actor, most: int) -> list[MaintenanceRead]:
    """Returns the current and planned windows, those that began or begin first."""
    policy.require_list(actor)
    return await _reads(session, actor, (await session.execute(_COMING, viewer(actor) | {"most": most})).all())


async def get_window(session: AsyncSession, actor: Actor, window_id: int) -> MaintenanceRead:
    """Returns one window. Raises NotFound, for non-members too."""
    policy.require_list(actor)
    (window,) = await _reads(session, actor, [await find_window(session, actor, window_id)])
    return window


async def find_window(session: AsyncSession, actor: Actor, window_id: int, *, locks: bool = False) -> Found:
    """Returns the row of one window that the actor may see. Raises NotFound."""
    values = viewer(actor) | {"window_id": window_id}
    row = (await session.execute(_LOCKED if locks else _ONE, values)).first()
    if row is None:
        raise NotFound
    return row


async def _reads(session: AsyncSession, actor: Actor, rows: Sequence[Found]) -> list[MaintenanceRead]:
    components: dict[int, list[Component]] = defaultdict(list)
    for line in await session.execute(_COMPONENTS, viewer(actor) | {"ids": [row.id for row in rows]}):
        components[line.window_id].append(Component.model_validate(line))
    return [
        MaintenanceRead.model_validate(
            {
                **row._mapping,
                "components": components[row.id],
                "may_manage": policy.may_manage(actor, row.project_id, row.role),
            }
        )
        for row in rows
    ]

"""Reads maintenance windows."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Row, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.display_name import DISPLAY_NAME_TEXT
from tca_app.core.errors import NotFound
from tca_app.features.health import policy
from tca_app.features.health.history.service import VISIBLE, role_in, viewer, visible
from tca_app.features.health.maintenance.schemas import MaintenanceRead
from tca_app.features.health.schemas import Component

Found = Row[*tuple[Any, ...]]
STATE = """CASE WHEN cancelled_at IS NOT NULL THEN 'cancelled' WHEN ends_at <= now() THEN 'completed'
    WHEN starts_at <= now() THEN 'active' ELSE 'scheduled' END"""
_FROM = f"FROM maintenance_windows AS windows WHERE {visible('windows.project_id')}"


def _name_of(column: str) -> str:
    return f"coalesce((SELECT {DISPLAY_NAME_TEXT} FROM users WHERE users.id = windows.{column}), '')"  # noqa: S608


_COLUMNS = f"""
    windows.id, windows.project_id, {role_in("windows.project_id")}, title, title AS name, message, starts_at, ends_at,
    {STATE} AS state, is_public, {_name_of("created_by_id")} AS created_by, created_by_id, windows.created_at,
    cancelled_at, version, updated_at, {_name_of("updated_by_id")} AS changed_by, windows.updated_by_id AS changed_by_id
"""
_IS_OVER = "(cancelled_at IS NOT NULL OR ends_at <= now())"
_IDS = bindparam("ids", type_=ARRAY(BigInteger))
_CHOSEN = text(f"SELECT {_COLUMNS} FROM maintenance_windows AS windows WHERE windows.id = ANY(:ids)").bindparams(_IDS)  # noqa: S608
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


async def read_chosen(session: AsyncSession, actor: Actor, ids: list[int]) -> list[MaintenanceRead]:
    """Returns these windows in this order. The caller has chosen them among those that the actor may see."""
    rows = {row.id: row for row in await session.execute(_CHOSEN, viewer(actor) | {"ids": ids})}
    return await _reads(session, actor, [rows[number] for number in ids if number in rows])


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

"""Service functions for maintenance windows: plan, change and cancel. While one is on, no incident opens."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.concurrency import changed_fields, check_version, fields_of
from tca_app.core.database.session import lock
from tca_app.core.errors import Conflict, Forbidden, Invalid
from tca_app.core.events.log import emit
from tca_app.core.language.messages import N_, _
from tca_app.features.health import events, policy
from tca_app.features.health.components import component_names, require_components
from tca_app.features.health.maintenance.queries import Found, find_window, get_window
from tca_app.features.health.maintenance.schemas import MaintenanceCreate, MaintenanceRead, MaintenanceUpdate
from tca_app.features.projects.service import find_project
from tca_app.models import MaintenanceCheck, MaintenanceWindow

MAX_WINDOWS = 100  # current and planned, of a project or of the console
MAX_LENGTH = timedelta(days=30)
_WINDOWS, _CHECKS = MaintenanceWindow.__table__, MaintenanceCheck.__table__
_windows = _WINDOWS.c


class TooManyWindows(Conflict):
    code = "too_many_windows"
    default = N_("There are {most} current and planned maintenance windows already. Cancel one first.")
    values: ClassVar = {"most": MAX_WINDOWS}


class MaintenanceOver(Conflict):
    code = "maintenance_over"
    default = N_("This maintenance is over. Plan a new one.")


async def create_window(session: AsyncSession, actor: Actor, data: MaintenanceCreate) -> MaintenanceRead:
    """Plans maintenance, which may overlap with other maintenance. Raises NotFound, Forbidden, Invalid."""
    await _require_plan(session, actor, data.project_id)
    now = await _now(session)
    starts_at = max(data.starts_at, now)
    _require_period(starts_at, data.ends_at, now)
    check_ids = await require_components(session, data.project_id, data.check_ids)
    await _refuse_too_many(session, data.project_id)
    values = data.model_dump(exclude={"check_ids"}) | {"starts_at": starts_at, "created_by_id": actor.user_id}
    window_id = (await session.execute(insert(_WINDOWS).values(values).returning(_windows.id))).scalar_one()
    await _store_components(session, window_id, check_ids)
    window = await find_window(session, actor, window_id)
    await emit(session, actor, events.MaintenanceScheduled.of(window, **period_fields(starts_at, data.ends_at)))
    return await get_window(session, actor, window_id)


async def update_window(
    session: AsyncSession, actor: Actor, window_id: int, data: MaintenanceUpdate, if_version: int | None = None
) -> MaintenanceRead:
    """Updates the given fields. Raises NotFound, Forbidden, Stale, Invalid, MaintenanceOver."""
    row = await require_manage(session, actor, window_id)
    given = data.given()
    check_ids = given.pop("check_ids", None)
    check_version(row, given, if_version)
    changed = changed_fields(row, given)
    _require_change(row, changed, await _now(session))
    before, after = _recorded(fields_of(row, changed)), _recorded(changed)
    if check_ids is not None:
        old, new = await _replace_components(session, row, check_ids)
        if old != new:
            before, after = before | {"components": old}, after | {"components": new}
    if after:
        stored = changed | {"version": _windows.version + 1, "updated_by_id": actor.user_id}
        await session.execute(update(_WINDOWS).where(_windows.id == window_id).values(stored))
        period = period_fields(changed.get("starts_at", row.starts_at), changed.get("ends_at", row.ends_at))
        await emit(session, actor, events.MaintenanceUpdated.of(row, **period, before=before, after=after))
    return await get_window(session, actor, window_id)


async def cancel_window(session: AsyncSession, actor: Actor, window_id: int) -> MaintenanceRead:
    """Cancels planned maintenance, and ends maintenance that is on now. Raises NotFound, Forbidden, MaintenanceOver."""
    row = await require_manage(session, actor, window_id)
    if row.state not in ("scheduled", "active"):
        raise MaintenanceOver
    values = {"ends_at": func.now()} if row.state == "active" else {"cancelled_at": func.now()}
    stored = values | {"version": _windows.version + 1, "updated_by_id": actor.user_id}
    await session.execute(update(_WINDOWS).where(_windows.id == window_id).values(stored))
    event = events.MaintenanceCancelled.of(row, **period_fields(row.starts_at, row.ends_at))
    await emit(session, actor, event)
    return await get_window(session, actor, window_id)


async def require_manage(session: AsyncSession, actor: Actor, window_id: int) -> Found:
    """Locks and returns the window. Raises NotFound for non-members, Forbidden for roles below maintainer."""
    row = await find_window(session, actor, window_id, locks=True)
    policy.require_manage(actor, row.project_id, row.role)
    return row


async def _require_plan(session: AsyncSession, actor: Actor, project_id: int | None) -> None:
    if project_id is not None:
        await find_project(session, actor, policy.MANAGE, project_id)
    elif not policy.may_manage(actor, None, None):
        raise Forbidden(_("Only administrators plan maintenance of the console. Choose a project."))


def _require_period(starts_at: datetime, ends_at: datetime, now: datetime) -> None:
    if ends_at <= now:
        raise Invalid.at("ends_at", _("The end must be in the future."))
    if ends_at <= starts_at:
        raise Invalid.at("ends_at", _("The end must be after the start."))
    if ends_at - starts_at > MAX_LENGTH:
        raise Invalid.at("ends_at", _("Maintenance lasts at most {days} days.", days=MAX_LENGTH.days))


def _require_change(row: Found, changed: dict[str, Any], now: datetime) -> None:
    """Refuses what would change the past, which figures leave out already."""
    if row.state not in ("scheduled", "active"):
        raise MaintenanceOver
    if "starts_at" in changed:
        if row.state == "active":
            raise Invalid.at("starts_at", _("This maintenance has begun: its start cannot be changed."))
        changed["starts_at"] = max(changed["starts_at"], now)
    _require_period(changed.get("starts_at", row.starts_at), changed.get("ends_at", row.ends_at), now)


async def _now(session: AsyncSession) -> datetime:
    """Returns the time of the transaction, at which maintenance that starts now is on already."""
    return (await session.execute(select(func.now()))).scalar_one()


def _recorded(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in fields.items()}


def period_fields(starts_at: datetime, ends_at: datetime) -> dict[str, Any]:
    """Returns the period as fields of an event; `window` is "2026-05-04 09:00 to 10:30 UTC"."""
    start, end = starts_at.astimezone(UTC), ends_at.astimezone(UTC)
    until = f"{end:%H:%M}" if end.date() == start.date() else f"{end:%Y-%m-%d %H:%M}"
    words = f"{start:%Y-%m-%d %H:%M} to {until} UTC"
    return {"window": words, "starts_at": start.isoformat(), "ends_at": end.isoformat()}


async def _refuse_too_many(session: AsyncSession, project_id: int | None) -> None:
    await lock(session, f"maintenance_windows {project_id or 'console'}")
    of_project = _windows.project_id.is_not_distinct_from(project_id)
    coming = (_windows.cancelled_at.is_(None), _windows.ends_at > func.now())
    count = select(func.count()).select_from(_WINDOWS).where(of_project, *coming)
    if (await session.execute(count)).scalar_one() >= MAX_WINDOWS:
        raise TooManyWindows


async def _store_components(session: AsyncSession, window_id: int, check_ids: Sequence[int]) -> None:
    await session.execute(insert(_CHECKS), [{"window_id": window_id, "check_id": check_id} for check_id in check_ids])


async def _replace_components(
    session: AsyncSession, row: Found, check_ids: Sequence[int]
) -> tuple[list[str], list[str]]:
    """Replaces the components. Returns their names before and after."""
    wanted = await require_components(session, row.project_id, check_ids)
    of_window = select(_CHECKS.c.check_id).where(_CHECKS.c.window_id == row.id)
    before = await component_names(session, list((await session.execute(of_window)).scalars()))
    await session.execute(delete(_CHECKS).where(_CHECKS.c.window_id == row.id))
    await _store_components(session, row.id, wanted)
    return before, await component_names(session, wanted)

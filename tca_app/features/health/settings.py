"""Updates the settings of a check: the request, its weight, whether it is paused and whether it is public."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.concurrency import changed_fields, check_version, fields_of
from tca_app.core.errors import FieldError, Invalid, NotFound
from tca_app.core.events.log import emit
from tca_app.core.language.messages import _
from tca_app.features.health import policy
from tca_app.features.health.events import HealthCheckUpdated
from tca_app.features.health.history.service import ROLE, SEEN, get_check, viewer
from tca_app.features.health.schemas import CheckRead, CheckUpdate
from tca_app.models import HealthCheck
from tca_app.models.user import changed_by

ABOUT = ("id", "kind", "name", "project_id", "version", "updated_at")
OF_ADDRESSES = ("expected_status", "any_status", "timeout_s")  # no other kind has a status or a timeout of its own
_checks = HealthCheck.__table__.c
_COLUMNS = tuple(_checks[name] for name in CheckUpdate.model_fields if name != "any_status")
_NOW = select(*_COLUMNS, *(_checks[name] for name in ABOUT), *changed_by(HealthCheck.__table__))
_MINE = text(
    f"SELECT {ROLE} {SEEN} AND checks.retired_at IS NULL AND checks.id = :check_id FOR NO KEY UPDATE OF checks"
)
# A paused check cannot recover, so its incident is closed.
_END = text(
    "UPDATE incidents SET closed_at = greatest(opened_at, :now) WHERE check_id = :check_id AND closed_at IS NULL"
)


async def update_check(
    session: AsyncSession, actor: Actor, check_id: int, data: CheckUpdate, if_version: int | None = None
) -> CheckRead:
    """Updates the given fields; earlier results stay.

    Raises NotFound for non-members, Invalid for a field that has no effect here, Stale for an old version.
    """
    mine = (await session.execute(_MINE, viewer(actor) | {"check_id": check_id})).first()
    if mine is None:
        raise NotFound
    row = (await session.execute(_NOW.where(_checks.id == check_id))).one()
    policy.require_manage(actor, row.project_id, mine.role)
    given = _given(data, row.kind)
    check_version(row, given, if_version)
    changed = changed_fields(row, given)
    if changed:
        await _store(session, actor, check_id, changed)
        about = {"subject_id": row.id, "subject_name": row.name, "project_id": row.project_id}
        before = fields_of(row, changed)
        await emit(session, actor, HealthCheckUpdated(**about, before=before, after=changed))
    return await get_check(session, actor, check_id)


def _given(data: CheckUpdate, kind: str) -> dict[str, Any]:
    """Returns the changed fields. Refuses fields without an effect, because the caller expects one."""
    given = data.given()
    unused = [name for name in OF_ADDRESSES if name in given and kind != "environment"]
    if unused:
        detail = _("This setting only applies to environments with a URL.")
        raise Invalid(errors=[FieldError(f"/{name}", detail) for name in unused])
    if "any_status" in given and "expected_status" in given:
        raise Invalid.at("any_status", _("Leave this out when you set an expected status."))
    if given.pop("any_status", False):
        given["expected_status"] = None
    return given


async def _store(session: AsyncSession, actor: Actor, check_id: int, changed: dict[str, Any]) -> None:
    now = datetime.now(UTC)
    kept: dict[str, Any] = {"version": _checks.version + 1, "updated_by_id": actor.user_id}
    if "interval_s" in changed:
        kept["next_at"] = now  # otherwise the new interval would start only after the old one, which may be a day
    if "is_paused" in changed:
        # The state is unknown until the next check, which runs as soon as it is resumed.
        kept |= {"state": "unknown", "since": now, "failures": 0, "passes": 0, "next_at": now}
        await session.execute(_END, {"check_id": check_id, "now": now})
    await session.execute(update(HealthCheck.__table__).where(_checks.id == check_id).values(**changed, **kept))

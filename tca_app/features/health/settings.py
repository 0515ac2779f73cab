"""How a check is asked and what it weighs in the score."""

from typing import Any

from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.errors import NotFound
from tca_app.core.events import emit
from tca_app.features.health import policy
from tca_app.features.health.events import HealthCheckUpdated
from tca_app.features.health.history import SEEN, viewer
from tca_app.features.health.schemas import CheckRead, CheckUpdate
from tca_app.models import HealthCheck

_checks = HealthCheck.__table__.c
_COLUMNS = tuple(_checks[name] for name in CheckRead.model_fields)
_MINE = text(
    f"SELECT checks.id, me.role {SEEN} AND checks.retired_at IS NULL AND checks.id = :check_id FOR UPDATE OF checks"
)


async def update_check(session: AsyncSession, actor: Actor, check_id: int, data: CheckUpdate) -> CheckRead:
    """Change the given fields; what was found so far stays. Raises NotFound to a stranger."""
    mine = (await session.execute(_MINE, viewer(actor) | {"check_id": check_id})).first()
    if mine is None:
        raise NotFound
    row = (await session.execute(select(*_COLUMNS).where(_checks.id == check_id))).one()
    policy.require_manage(actor, row.project_id, mine.role)
    changed = {name: value for name, value in _given(data).items() if row._mapping[name] != value}
    if not changed:
        return CheckRead.model_validate(row)
    statement = update(HealthCheck.__table__).where(_checks.id == check_id).values(**changed).returning(*_COLUMNS)
    after = (await session.execute(statement)).one()
    before = {name: row._mapping[name] for name in changed}
    about = {"subject_id": row.id, "subject_name": row.name, "project_id": row.project_id}
    await emit(session, actor, HealthCheckUpdated(**about, before=before, after=changed))
    return CheckRead.model_validate(after)


def _given(data: CheckUpdate) -> dict[str, Any]:
    given = data.given()
    if given.pop("any_status", False):
        given["expected_status"] = None
    return given

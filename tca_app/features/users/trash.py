"""Who moved what to the trash, as the event log says."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, FromClause, Select, Text, bindparam, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import BigInteger

from tca_app.core.actor import Actor
from tca_app.core.display_name import display_name_sql
from tca_app.features.users import policy
from tca_app.models import LoggedEvent, User

Subject = Literal["user", "project"]
_events = LoggedEvent.__table__.c
_users = User.__table__.c


class Deleter(NamedTuple):
    """Who deleted a row. `user_id` is None when it was no person."""

    user_id: int | None
    name: str


def _last_deletion(subject: Subject, row_id: ColumnElement[Any]) -> Select[Any]:
    """Selects the last event that moved a row to the trash. The index of the chains finds it from its end."""
    name = func.coalesce(select(display_name_sql(_users)).where(_users.id == _events.actor_id).scalar_subquery(), "")
    return (
        select(_events.actor_id, func.coalesce(func.nullif(name, ""), _events.actor_name).label("name"))
        .where(_events.subject_type == subject, _events.subject_id == row_id, _events.type == f"{subject}_deleted")
        .order_by(_events.sequence.desc())
        .limit(1)
    )


def deleter_name(subject: Subject, table: FromClause) -> ColumnElement[str]:
    """Returns the name of who deleted a row of `table`, to sort by; null for what is not in the trash."""
    last = _last_deletion(subject, table.c.id).correlate(table).subquery("last")
    return select(func.lower(last.c.name, type_=Text)).where(table.c.deleted_at.is_not(None)).scalar_subquery()


async def list_deleters(
    session: AsyncSession, actor: Actor, subject: Subject, ids: Sequence[int]
) -> dict[int, Deleter]:
    """Returns who deleted these rows, by their id. The caller has listed them."""
    policy.require(actor, "users.directory")
    if not ids:
        return {}
    wanted = select(func.unnest(bindparam("ids", type_=ARRAY(BigInteger))).label("id")).subquery("wanted")
    last = _last_deletion(subject, wanted.c.id).correlate(wanted).lateral("last")
    rows = await session.execute(
        select(wanted.c.id, last.c.actor_id, last.c.name).join(last, literal(True)), {"ids": list(ids)}
    )
    return {row.id: Deleter(row.actor_id, row.name) for row in rows}

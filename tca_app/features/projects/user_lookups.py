"""Looks up the users of a project, who must be active, and their display names."""

from collections.abc import Iterable

from sqlalchemy import ARRAY, BigInteger, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.display_name import display_name_sql
from tca_app.core.errors import Conflict, FieldError
from tca_app.core.language.messages import N_
from tca_app.models import User

_users = User.__table__.c
_ACTIVE = (
    select(_users.id)
    .where(_users.id == func.any(bindparam("ids", type_=ARRAY(BigInteger))), _users.is_active)
    .where(_users.deleted_at.is_(None), _users.kind == "person")
    .order_by(_users.id)
    .with_for_update(read=True, key_share=True)
)


class UnknownPerson(Conflict):
    """The request is well formed, but the user does not exist (409, as for a broken foreign key)."""

    code = "no_such_person"
    default = N_("This user does not exist or is inactive.")


async def display_names(session: AsyncSession, user_ids: Iterable[int]) -> dict[int, str]:
    """Returns the display names of users, by id."""
    name = display_name_sql(_users).label("name")
    rows = await session.execute(select(_users.id, name).where(_users.id.in_(set(user_ids))))
    return {row.id: row.name for row in rows}


async def active_users(session: AsyncSession, user_ids: Iterable[int]) -> set[int]:
    """Returns the active people and locks them, so that nobody deletes them before the transaction ends."""
    return set((await session.execute(_ACTIVE, {"ids": list(set(user_ids))})).scalars())


async def require_active_user(session: AsyncSession, field: str, user_id: int) -> None:
    """Raises UnknownPerson at `field` unless this user can get a project or a role in one."""
    if user_id not in await active_users(session, [user_id]):
        raise UnknownPerson(errors=[FieldError(f"/{field}", UnknownPerson.default)])

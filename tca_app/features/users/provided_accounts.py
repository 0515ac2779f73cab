"""Accounts without a password, of a sign-in provider or an import, and the role of administrator from a provider."""

import re
import unicodedata
from typing import Any

import structlog
from pydantic import ValidationError
from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.concurrency import fields_of
from tca_app.core.database.session import lock, refuse_duplicates
from tca_app.core.display_name import display_name
from tca_app.core.errors import Conflict, Invalid
from tca_app.core.events.log import emit
from tca_app.core.security.tokens import new_token
from tca_app.features.auth import service as auth
from tca_app.features.auth.step_up import require_recent_proof
from tca_app.features.users import events, policy, service as users
from tca_app.features.users.queries import COLUMNS, user_read
from tca_app.features.users.schemas import ImportedUser, ProvidedUser, UserRead
from tca_app.models import User

log = structlog.get_logger(__name__)
MAX_USERNAME = 40  # leaves room for a number
_users = User.__table__.c
_NO_LETTER = re.compile(r"[^A-Za-z0-9]")
_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]")


async def email_is_taken(session: AsyncSession, email: str) -> bool:
    return (await session.execute(select(_users.id).where(_users.email == email.casefold()))).first() is not None


async def insert_without_password(
    session: AsyncSession, *, email: str, username: str, full_name: str, is_superuser: bool
) -> UserRead:
    """Inserts a user who signs in at a provider only. Raises Invalid for an address that mail cannot reach."""
    await lock(session, "provided usernames")
    try:
        data = ProvidedUser(
            email=email,
            username=await _free_username(session, username or email),
            full_name=_INVISIBLE.sub("", full_name[:100]),
            is_superuser=is_superuser,
        )
    except ValidationError:
        raise Invalid from None
    with refuse_duplicates(users.UNIQUE):
        statement = insert(User).values(data.model_dump()).returning(*COLUMNS)
        made = user_read((await session.execute(statement)).one())
    about = {"subject_id": made.id, "subject_name": display_name(made)}
    await emit(session, None, events.UserCreated(**about, after=fields_of(made, users.RECORDED)))
    return made


async def import_user(session: AsyncSession, actor: Actor, data: ImportedUser) -> UserRead:
    """Creates a user of a file. Raises Conflict (email or username taken), ReauthenticationRequired.

    Nobody is notified: thousands of users can come at once, and the importer chose what these get by mail.
    """
    policy.require(actor, "users.create")
    if data.is_superuser:
        await require_recent_proof(session, actor, is_credential=True)
    with refuse_duplicates(users.UNIQUE):
        values = data.model_dump() | {"updated_by_id": actor.user_id}
        made = user_read((await session.execute(insert(User).values(values).returning(*COLUMNS))).one())
    event = events.UserCreated(**users.subject_of(made), after=fields_of(made, users.RECORDED))
    await emit(session, actor, event, leave_out=("notifications",))
    return made


def username_from(text: str) -> str:
    """Returns a valid username from what a provider says: a login, a name or an address."""
    ascii_text = unicodedata.normalize("NFKD", text[:200].partition("@")[0])
    letters = _NO_LETTER.sub("", ascii_text)[:MAX_USERNAME]
    return letters if len(letters) >= 3 else f"user{letters}"


async def _free_username(session: AsyncSession, text: str) -> str:
    base = username_from(text)
    candidates = [base, *(f"{base}{number}" for number in range(2, 30))]
    lowered = func.lower(_users.username)
    rows = await session.execute(select(lowered).where(lowered.in_([name.lower() for name in candidates])))
    taken = set(rows.scalars())
    free = (name for name in candidates if name.lower() not in taken)
    return next(free, f"{base[:30]}{_NO_LETTER.sub('', new_token())[:12]}")


async def set_superuser(session: AsyncSession, user_id: int, is_superuser: bool, provider: str) -> None:
    """Gives or takes the role of administrator as the provider says; never takes it from the last one."""
    await users.lock_superusers(session)
    columns = (_users.id, _users.username, _users.full_name, _users.is_active, _users.is_superuser)
    locked = select(*columns).where(_users.id == user_id).with_for_update(key_share=True)
    row: Any = (await session.execute(locked)).one()
    if row.is_superuser == is_superuser:
        return
    values: dict[str, Any] = {"is_superuser": is_superuser, "version": User.version + 1, "updated_by_id": None}
    if not is_superuser:
        try:
            await users.keep_a_superuser(session, row)
        except Conflict:
            log.warning("last_administrator_kept", user_id=user_id, provider=provider)
            return
        values["auth_version"] = User.auth_version + 1
    else:
        values["superuser_since"] = func.now()
    await session.execute(update(User).where(_users.id == user_id).values(values))
    auth.forget_person(session, user_id)
    about = {"subject_id": user_id, "subject_name": display_name(row)}
    before, after = {"is_superuser": row.is_superuser}, {"is_superuser": is_superuser}
    await emit(session, None, events.UserUpdated(**about, before=before, after=after))
    if not is_superuser:
        await auth.revoke_user(session, None, user_id, f"role taken by {provider}")

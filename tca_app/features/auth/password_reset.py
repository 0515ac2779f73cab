"""Forgotten passwords: a link by mail sets a new one. Whether an address has an account is told only to its mailbox."""

from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tca_app.config.settings import get_settings
from tca_app.core.actor import Actor
from tca_app.core.errors import Gone
from tca_app.core.jobs.queue import enqueue
from tca_app.core.language.messages import N_
from tca_app.features.auth import one_time_tokens
from tca_app.features.auth.callers import Client
from tca_app.features.auth.schemas import PasswordReset
from tca_app.features.users import service as users
from tca_app.models import OneTimeToken, User

TASK = "send_reset_link"
NEW_ACCOUNT_TASK = "send_new_account_link"
PURPOSE = "password_reset"
TOKEN_LIFE = timedelta(hours=1)
NEW_ACCOUNT_LIFE = timedelta(hours=24)  # as long as an invitation
PAUSE = timedelta(minutes=2)  # between two mails to one person, so that a stranger cannot flood a mailbox
_users = User.__table__.c
_PERSON = (_users.id, _users.email, _users.username, _users.full_name, _users.language)


class Person(NamedTuple):
    """Someone who may sign in."""

    id: int
    email: str
    username: str
    full_name: str
    language: str | None


class ResetLinkExpired(Gone):
    code = "reset_link_expired"
    default = N_("This link was used already, or it is older than an hour. Ask for a new one.")


async def request_reset(session: AsyncSession, email: str) -> None:
    """Queues the search for the account. The caller gets the same answer, as quickly, for every address."""
    if get_settings().has_mail:
        await enqueue(session, TASK, email=email)


async def new_reset_link(session: AsyncSession, email: str) -> tuple[Person, str] | None:
    """Returns the person with this address and a new token, or None: nobody, inactive, or a mail went out just now."""
    active = select(*_PERSON).where(
        _users.email == email, _users.is_active, _users.deleted_at.is_(None), _users.kind == "person"
    )
    row = (await session.execute(active.with_for_update())).first()
    if row is None or await _was_sent_just_now(session, row.id):
        return None
    person = Person(*row)
    return person, await one_time_tokens.issue(session, PURPOSE, TOKEN_LIFE, user_id=person.id, email=person.email)


async def new_account_link(session: AsyncSession, user_id: int) -> tuple[Person, str] | None:
    """Returns a new user without a password and a token to choose one, or None: gone, inactive, or has one by now."""
    new = select(*_PERSON).where(
        _users.id == user_id, _users.is_active, _users.deleted_at.is_(None), _users.hashed_password.is_(None)
    )
    row = (await session.execute(new.with_for_update())).first()
    if row is None:
        return None
    person = Person(*row)
    return person, await one_time_tokens.issue(
        session, PURPOSE, NEW_ACCOUNT_LIFE, user_id=person.id, email=person.email
    )


async def _was_sent_just_now(session: AsyncSession, user_id: int) -> bool:
    sent = select(col(OneTimeToken.id)).where(
        col(OneTimeToken.purpose) == PURPOSE,
        col(OneTimeToken.user_id) == user_id,
        col(OneTimeToken.created_at) > func.now() - PAUSE,
    )
    return (await session.execute(sent)).first() is not None


async def reset_password(session: AsyncSession, data: PasswordReset, client: Client) -> None:
    """Sets the password, ends every session of the account and uses up the link.

    Raises ResetLinkExpired, or Invalid for a weak password, after which the link still works.
    """
    found = await one_time_tokens.redeem(session, PURPOSE, data.token)
    row = None
    if found is not None:
        columns = (_users.username, _users.full_name, _users.is_superuser)
        owner = select(*columns).where(
            _users.id == found.user_id, _users.email == found.email, _users.is_active, _users.deleted_at.is_(None)
        )
        row = (await session.execute(owner)).first()
    if found is None or found.user_id is None or row is None:
        raise ResetLinkExpired
    owner_of_link = Actor(found.user_id, row.username, row.full_name, row.is_superuser, ip=client.ip)
    await users.set_forgotten_password(session, owner_of_link, data.password)

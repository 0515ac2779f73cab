"""A person's new email address counts once they open the link that is sent to it; the old address gets a notice."""

from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.config.settings import get_settings
from tca_app.core.errors import Conflict, FieldError, Gone
from tca_app.core.jobs.queue import enqueue
from tca_app.core.language.messages import N_, _
from tca_app.core.security.rate_limits import get_limits
from tca_app.features.auth import one_time_tokens
from tca_app.models import User

CONFIRM_TASK = "send_email_confirmation"
NOTICE_TASK = "send_email_notice"
PURPOSE = "email_change"
TOKEN_LIFE = timedelta(hours=1)
TAKEN = N_("This email address is taken.")
_users = User.__table__.c


class ConfirmationExpired(Gone):
    code = "confirmation_expired"
    default = N_("This link was used already, or it is older than an hour. Save the address in Settings again.")


class Recipient(NamedTuple):
    """Whom a mail about a change of address goes to."""

    id: int
    email: str
    username: str
    full_name: str
    language: str | None


def is_confirmed_by_mail() -> bool:
    """Returns whether a person's own change waits for the link. Without mail it could never be opened."""
    return get_settings().has_mail


async def count_attempt(user_id: int) -> None:
    """Raises TooManyRequests: nobody has mails sent to strangers, or tries which addresses have accounts."""
    await get_limits().refuse_excess("email_changes", str(user_id))


async def _refuse_taken(session: AsyncSession, email: str) -> None:
    if (await session.execute(select(_users.id).where(_users.email == email))).first() is not None:
        raise Conflict(_(TAKEN), errors=[FieldError("/email", _(TAKEN))])


async def ask_for_confirmation(session: AsyncSession, user_id: int, email: str) -> None:
    """Sends the link to the new address. Raises Conflict when it is taken, TooManyRequests when it got many mails."""
    await _refuse_taken(session, email)
    await get_limits().refuse_mail(email)
    await one_time_tokens.withdraw(session, PURPOSE, user_id)
    await enqueue(session, CONFIRM_TASK, user_id=user_id)


async def tell_old_address(session: AsyncSession, user_id: int, email: str) -> None:
    if get_settings().has_mail:
        await enqueue(session, NOTICE_TASK, user_id=user_id, email=email)


async def new_confirmation_link(session: AsyncSession, user_id: int) -> tuple[Recipient, str] | None:
    """Returns the new address and a token for it, or None when nothing waits for confirmation any more."""
    columns = (_users.id, _users.pending_email, _users.username, _users.full_name, _users.language)
    waiting = select(*columns).where(
        _users.id == user_id, _users.pending_email != "", _users.is_active, _users.deleted_at.is_(None)
    )
    row = (await session.execute(waiting.with_for_update())).first()
    if row is None:
        return None
    recipient = Recipient(*row)
    token = await one_time_tokens.issue(session, PURPOSE, TOKEN_LIFE, user_id=user_id, email=recipient.email)
    return recipient, token


async def recipient_at(session: AsyncSession, user_id: int, email: str) -> Recipient | None:
    """Returns a user under an address that is no longer theirs."""
    columns = (_users.id, _users.username, _users.full_name, _users.language)
    row = (await session.execute(select(*columns).where(_users.id == user_id))).first()
    return Recipient(row.id, email, row.username, row.full_name, row.language) if row else None

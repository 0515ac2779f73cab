"""Setup: creates the first administrator with a one-time link or a command. Open only while there is none."""

from datetime import timedelta

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tca_app.core.database.session import lock
from tca_app.core.errors import FieldError, Forbidden, Invalid, NotFound
from tca_app.core.language.messages import N_
from tca_app.core.schema import in_words
from tca_app.features.auth import one_time_tokens
from tca_app.features.auth.schemas import SetupRequest
from tca_app.features.auth.service import Client, SignIn, open_session
from tca_app.features.users import service as users
from tca_app.features.users.schemas import UserCreate, UserRead
from tca_app.models import User

PURPOSE = "setup"
TOKEN_LIFE = timedelta(hours=24)


class SetupTokenRefused(Forbidden):
    """The one-time token is not the latest one, or it has expired."""

    code = "setup_token_refused"
    default = N_("This setup link is no longer valid. Restart the console to get a new one.")


async def setup_open(session: AsyncSession) -> bool:
    """Returns whether there is no superuser yet. Deactivated ones count, so setup never reopens by itself."""
    found = await session.execute(
        select(col(User.id)).where(col(User.is_superuser), col(User.deleted_at).is_(None)).limit(1)
    )
    return found.first() is None


async def ensure_setup_token(session: AsyncSession) -> str | None:
    """Returns a new one-time token, which replaces the previous one, or None when there is a superuser."""
    await lock(session, PURPOSE)
    if not await setup_open(session):
        return None
    return await one_time_tokens.issue(session, PURPOSE, TOKEN_LIFE)


async def set_up(session: AsyncSession, data: SetupRequest, client: Client) -> SignIn:
    """Creates the first administrator and signs them in. Raises NotFound once there is one, or SetupTokenRefused."""
    await lock(session, PURPOSE)
    if not await setup_open(session):
        raise NotFound
    # The token is checked first, so that a caller without one cannot make the server compute a hash.
    if await one_time_tokens.redeem(session, PURPOSE, data.token) is None:
        raise SetupTokenRefused
    admin = UserCreate(**data.model_dump(exclude={"token"}), is_superuser=True)
    person = await users.insert_user(session, admin, None)
    return await open_session(session, person.id, client, "browser")


async def create_admin(
    session: AsyncSession, *, email: str, username: str, full_name: str = "", password: str
) -> UserRead:
    """Creates a superuser for the command line and FIRST_SUPERUSER_*. Raises Invalid or Conflict with the fields."""
    try:
        data = UserCreate(email=email, username=username, full_name=full_name, password=password, is_superuser=True)
    except ValidationError as error:
        faults = [FieldError(f"/{fault['loc'][0]}", in_words(fault)) for fault in error.errors()]
        raise Invalid(errors=faults) from None
    await lock(session, PURPOSE)
    return await users.insert_user(session, data, None)

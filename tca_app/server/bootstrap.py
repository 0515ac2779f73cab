"""Database helpers of the commands: run one action in a transaction, and create the first admin."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.config.schema import Settings
from tca_app.core.cache.redis import close_redis
from tca_app.core.database.session import close_db, lock, transaction
from tca_app.features.auth import setup

T = TypeVar("T")


def run_once(act: Callable[[AsyncSession], Awaitable[T]]) -> T:
    """Run one action in its own transaction and event loop, for a command that then ends."""

    async def whole() -> T:
        try:
            async with transaction() as session:
                return await act(session)
        finally:
            await close_db()
            await close_redis()

    return asyncio.run(whole())


async def first_admin(session: AsyncSession, settings: Settings) -> str | None:
    """Create the admin of FIRST_SUPERUSER_*, or return a one-time token for `/setup`. None when an admin exists."""
    await lock(session, setup.PURPOSE)  # replicas may start at the same time
    if settings.first_superuser_username and await setup.setup_open(session):
        await setup.create_admin(
            session,
            email=settings.first_superuser_email,
            username=settings.first_superuser_username,
            password=settings.first_superuser_password.get_secret_value(),
        )
        return None
    return await setup.ensure_setup_token(session)

"""What the commands do to the database: the first admin and the demo data, by the same rules as everything else."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.config.schema import Settings
from tca_app.core.database.session import close_db, lock, transaction
from tca_app.features.auth import setup

T = TypeVar("T")


def run_once(act: Callable[[AsyncSession], Awaitable[T]]) -> T:
    """Carry out one act in a transaction of its own, for a command that then ends."""

    async def whole() -> T:
        try:
            async with transaction() as session:
                return await act(session)
        finally:
            await close_db()

    return asyncio.run(whole())


async def first_admin(session: AsyncSession, settings: Settings) -> str | None:
    """Make the admin that FIRST_SUPERUSER_* names, else a one-time token for `/setup`; None when there is an admin."""
    await lock(session, setup.PURPOSE)  # replicas that start at the same moment
    if settings.first_superuser_username and await setup.setup_open(session):
        await setup.create_admin(
            session,
            email=settings.first_superuser_email,
            username=settings.first_superuser_username,
            password=settings.first_superuser_password.get_secret_value(),
        )
        return None
    return await setup.ensure_setup_token(session)

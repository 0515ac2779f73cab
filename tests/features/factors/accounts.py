"""Accounts with second factors, as the rules make them, and codes of their apps."""

import time
from dataclasses import dataclass

import httpx
import pyotp
from sqlalchemy import select, update

from tca_app.core.actor import Actor
from tca_app.core.database.session import transaction
from tca_app.models import Factor, LoggedEvent
from tests.factories import make_user, signed_in

FACTORS = "/api/auth/factors"


@dataclass
class Account:
    """A user with an authenticator app, their session, and the recovery codes that they wrote down."""

    actor: Actor
    headers: dict[str, str]
    factor_id: int
    secret: str
    recovery_codes: list[str]

    def code(self, steps: int = 0) -> str:
        return code_of(self.secret, steps)


def code_of(secret: str, steps: int = 0) -> str:
    """The code of an app whose clock is so many steps ahead."""
    return pyotp.TOTP(secret).at(int(time.time()) + steps * 30)


def wrong(*codes: str) -> str:
    """A code that is none of these."""
    return next(text for number in range(100) if (text := f"{number:06d}") not in codes)


async def add_app(api: httpx.AsyncClient, headers: dict[str, str], name: str = "Phone") -> tuple[int, str, list[str]]:
    """Add an authenticator app; returns its id, its secret and the recovery codes that came with it."""
    made = (await api.post(f"{FACTORS}/totp", json={"name": name}, headers=headers)).raise_for_status().json()
    confirm = {"code": code_of(made["secret"])}
    done = await api.post(f"{FACTORS}/totp/{made['id']}/confirm", json=confirm, headers=headers)
    return made["id"], made["secret"], done.raise_for_status().json()["recovery_codes"]


async def account_with_app(api: httpx.AsyncClient, username: str = "ana", **fields: object) -> Account:
    actor, headers = await signed_in(await make_user(username, **fields))
    account = Account(actor, headers, *await add_app(api, headers))
    await forget_used_codes()
    return account


async def forget_used_codes() -> None:
    """Let the codes of this moment be unused, as if some time had gone by."""
    async with transaction() as session:
        await session.execute(update(Factor).values(last_step=0))


async def event_types() -> list[str]:
    async with transaction() as session:
        return list((await session.execute(select(LoggedEvent.type).order_by(LoggedEvent.id))).scalars())

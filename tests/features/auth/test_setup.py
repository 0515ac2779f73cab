"""The first administrator: one link that works once, also for concurrent requests."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import func, select, update

from tca_app.config.settings import get_settings
from tca_app.core.database.session import transaction
from tca_app.core.errors import Conflict, Invalid
from tca_app.features.auth import setup
from tca_app.models import OneTimeToken, User
from tca_app.server.bootstrap import first_admin
from tests.factories import PASSWORD, make_admin, make_user, run

SETUP = "/api/auth/setup"
FIRST = {"email": "First@example.com", "username": "first", "full_name": "First", "password": PASSWORD}


async def test_the_first_admin_is_made_with_the_link_and_signed_in(api):
    token = await run(setup.ensure_setup_token)
    assert await run(setup.setup_open)
    done = await api.post(SETUP, json=FIRST | {"token": token})
    assert (done.status_code, done.content) == (204, b"")
    assert "sid" in done.cookies
    assert not await run(setup.setup_open)
    assert await run(setup.ensure_setup_token) is None
    assert (await api.post(SETUP, json=FIRST | {"token": token})).status_code == 404
    async with transaction() as session:
        row = (await session.execute(select(User.is_superuser, User.email))).one()
    assert row == (True, "first@example.com")


async def test_only_the_hash_of_the_token_is_kept():
    token = await run(setup.ensure_setup_token)
    async with transaction() as session:
        kept = (await session.execute(select(OneTimeToken.token_hash))).scalar_one()
    assert token is not None
    assert token.encode() not in kept


async def test_twenty_who_use_the_link_at_once_make_one_admin(api):
    token = await run(setup.ensure_setup_token)

    async def use(number: int) -> int:
        body = {"token": token, "email": f"a{number}@example.com", "username": f"admin{number}", "password": PASSWORD}
        return (await api.post(SETUP, json=body)).status_code

    assert sorted(await asyncio.gather(*(use(n) for n in range(20)))) == [204] + [404] * 19
    async with transaction() as session:
        assert (await session.execute(select(func.count()).select_from(User))).scalar_one() == 1


async def test_replicas_that_start_at_once_make_one_first_admin(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("username", "email", "password"):
        given = {"username": "first", "email": "first@example.com", "password": SecretStr(PASSWORD)}
        monkeypatch.setattr(get_settings(), f"first_superuser_{name}", given[name])
    made = await asyncio.gather(*(run(first_admin, get_settings()) for _ in range(4)))
    assert made == [None] * 4
    assert not await run(setup.setup_open)


async def test_a_wrong_an_old_and_a_replaced_link_are_refused(api):
    replaced = await run(setup.ensure_setup_token)
    token = await run(setup.ensure_setup_token)
    for wrong in (replaced, "x" * 43):
        refused = await api.post(SETUP, json=FIRST | {"token": wrong})
        assert (refused.status_code, refused.json()["code"]) == (403, "setup_token_refused")
    async with transaction() as session:
        await session.execute(update(OneTimeToken).values(expires_at=datetime.now(UTC) - timedelta(seconds=1)))
    assert (await api.post(SETUP, json=FIRST | {"token": token})).status_code == 403


async def test_a_weak_password_does_not_spend_the_link(api):
    token = await run(setup.ensure_setup_token)
    weak = await api.post(SETUP, json=FIRST | {"token": token, "password": "Password1"})
    assert (weak.status_code, weak.json()["errors"][0]["pointer"]) == (422, "/password")
    assert (await api.post(SETUP, json=FIRST | {"token": token})).status_code == 204


async def test_set_up_stays_closed_when_the_only_superuser_is_deactivated():
    await make_user(is_superuser=True, is_active=False)
    assert not await run(setup.setup_open)


async def test_the_command_makes_an_admin_by_the_same_rules():
    made = await run(setup.create_admin, email="Ops@example.com", username="ops", password=PASSWORD)
    assert (made.is_superuser, made.email) == (True, "ops@example.com")
    await make_admin()
    with pytest.raises(Conflict) as taken:
        await run(setup.create_admin, email="other@example.com", username="OPS", password=PASSWORD)
    assert taken.value.field_details == {"username": "This username is taken."}
    with pytest.raises(Invalid) as faults:
        await run(setup.create_admin, email="nope", username="a b", password="short")
    assert set(faults.value.field_details) == {"email", "username", "password"}

"""A new email address counts once its owner opened the link; the old address gets a notice."""

import asyncio
from datetime import timedelta

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import update

from tca_app.config.settings import get_settings
from tca_app.core.actor import Actor
from tca_app.core.cache.redis import get_redis
from tca_app.core.database.session import transaction
from tca_app.models import OneTimeToken, User
from tests.factories import PASSWORD, bearer, make_admin, make_user, row_of
from tests.mailbox import Mailbox, mailbox

__all__ = ["mailbox"]
CONFIRM = "/api/auth/email/confirm"
Headers = dict[str, str]


async def change(api: httpx.AsyncClient, actor: Actor, headers: Headers, email: str) -> httpx.Response:
    body = {"email": email, "current_password": PASSWORD}
    return await api.patch(f"/api/v1/users/{actor.user_id}", json=body, headers=headers)


async def confirm(api: httpx.AsyncClient, token: str) -> httpx.Response:
    return await api.post(CONFIRM, json={"token": token})


async def emails_of(actor: Actor) -> tuple[str, str]:
    row = await row_of(User, actor.user_id)
    return row["email"], row["pending_email"]


@pytest.fixture(autouse=True)
async def _fresh_limits() -> None:
    await get_redis().flushdb()


@pytest.fixture
async def ana() -> Actor:
    return await make_user("ana")


async def test_the_link_at_the_new_address_changes_it(api: httpx.AsyncClient, mailbox: Mailbox, ana: Actor) -> None:
    headers = await bearer(ana)
    answer = await change(api, ana, headers, "new@example.com")
    assert answer.json()["pending_email"] == "new@example.com"
    assert await emails_of(ana) == ("ana@example.com", "new@example.com")
    (mail,) = await mailbox.deliver()
    assert ("new@example.com" in mail.to, mail.subject) == (True, "Confirm your new email address")

    assert (await confirm(api, mail.token)).status_code == 204
    assert await emails_of(ana) == ("new@example.com", "")
    assert (await api.get("/api/auth/verify", headers=headers)).status_code == 401  # the link was opened elsewhere
    notice = (await mailbox.deliver())[-1]
    assert ("ana@example.com" in notice.to, "email address" in notice.subject) == (True, True)
    assert (await api.post("/api/auth/login", json={"email": "new@example.com", "password": PASSWORD})).is_success


async def test_the_browser_that_opens_the_link_stays_signed_in(
    api: httpx.AsyncClient, mailbox: Mailbox, ana: Actor
) -> None:
    body = {"username": "ana", "password": PASSWORD}
    assert (await api.post("/api/auth/session", json=body)).status_code == 204
    await change(api, ana, await bearer(ana), "new@example.com")
    assert (await confirm(api, (await mailbox.deliver())[-1].token)).status_code == 204
    assert (await api.get("/api/v1/deployments/1/logs")).status_code == 404  # not 401


async def test_a_link_works_once(api: httpx.AsyncClient, mailbox: Mailbox, ana: Actor) -> None:
    await change(api, ana, await bearer(ana), "new@example.com")
    (mail,) = await mailbox.deliver()
    answers = await asyncio.gather(*(confirm(api, mail.token) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [204, 410, 410, 410, 410]


async def test_only_the_last_address_can_be_confirmed(api: httpx.AsyncClient, mailbox: Mailbox, ana: Actor) -> None:
    headers = await bearer(ana)
    await change(api, ana, headers, "first@example.com")
    first = (await mailbox.deliver())[-1].token
    await change(api, ana, headers, "second@example.com")
    assert (await confirm(api, first)).status_code == 410
    assert (await confirm(api, (await mailbox.deliver())[-1].token)).status_code == 204
    assert await emails_of(ana) == ("second@example.com", "")


async def test_saving_the_old_address_cancels(api: httpx.AsyncClient, mailbox: Mailbox, ana: Actor) -> None:
    headers = await bearer(ana)
    await change(api, ana, headers, "new@example.com")
    token = (await mailbox.deliver())[-1].token
    await api.patch(f"/api/v1/users/{ana.user_id}", json={"email": "ana@example.com"}, headers=headers)
    assert await emails_of(ana) == ("ana@example.com", "")
    assert (await confirm(api, token)).status_code == 410


async def test_it_expires_after_an_hour(api: httpx.AsyncClient, mailbox: Mailbox, ana: Actor) -> None:
    await change(api, ana, await bearer(ana), "new@example.com")
    (mail,) = await mailbox.deliver()
    async with transaction() as session:
        await session.execute(update(OneTimeToken).values(expires_at=OneTimeToken.expires_at - timedelta(minutes=61)))
    assert (await confirm(api, mail.token)).json()["code"] == "confirmation_expired"


async def test_an_address_that_is_taken_meanwhile_is_refused(
    api: httpx.AsyncClient, mailbox: Mailbox, ana: Actor
) -> None:
    await change(api, ana, await bearer(ana), "new@example.com")
    (mail,) = await mailbox.deliver()
    await make_user("eve", email="new@example.com")
    assert (await confirm(api, mail.token)).status_code == 409
    assert (await emails_of(ana))[0] == "ana@example.com"


async def test_an_administrator_changes_it_at_once(api: httpx.AsyncClient, mailbox: Mailbox, ana: Actor) -> None:
    headers = await bearer(await make_admin())
    body = {"email": "new@example.com"}
    assert (await api.patch(f"/api/v1/users/{ana.user_id}", json=body, headers=headers)).status_code == 200
    assert await emails_of(ana) == ("new@example.com", "")
    assert any("ana@example.com" in mail.to for mail in await mailbox.deliver())


async def test_without_mail_it_changes_at_once(
    api: httpx.AsyncClient, ana: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(get_settings()), "has_mail", property(lambda _: False))
    await change(api, ana, await bearer(ana), "new@example.com")
    assert await emails_of(ana) == ("new@example.com", "")


async def test_nobody_sends_mails_to_strangers_without_end(
    api: httpx.AsyncClient, mailbox: Mailbox, ana: Actor
) -> None:
    """Ten a day to one address, and twenty a day of one person."""
    headers, bob = await bearer(ana), await make_user("bob")
    theirs = await bearer(bob)
    for _ in range(5):
        for actor, using in ((ana, headers), (bob, theirs)):
            assert (await change(api, actor, using, "stranger@example.com")).status_code == 200
            assert (await change(api, actor, using, f"{actor.username}@example.com")).status_code == 200
    assert (await change(api, ana, headers, "stranger@example.com")).status_code == 429
    others = [(await change(api, ana, headers, f"other{number}@example.com")).status_code for number in range(20)]
    assert others == [200] * 14 + [429] * 6
    assert await emails_of(ana) == ("ana@example.com", "other13@example.com")
    assert not await get_redis().keys("*stranger*")


@pytest.mark.parametrize("smtp_url", ["", "off"])
async def test_nobody_tries_which_addresses_have_accounts(
    api: httpx.AsyncClient, mailbox: Mailbox, ana: Actor, monkeypatch: pytest.MonkeyPatch, smtp_url: str
) -> None:
    """A member may not know who has an account, and learns it of twenty addresses a day at most."""
    monkeypatch.setattr(get_settings(), "smtp_url", SecretStr(smtp_url))
    headers = await bearer(ana)
    await make_user("bob")
    answers = [(await change(api, ana, headers, "bob@example.com")).status_code for _ in range(21)]
    assert answers == [409] * 20 + [429]

"""Forgotten passwords: a link by mail, which works once for an hour and tells nobody who has an account."""

import asyncio
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import func, select, text, update

from tca_app.config.settings import get_settings
from tca_app.core.database.session import transaction
from tca_app.features.auth import password_reset
from tca_app.models import OneTimeToken, User
from tests.factories import PASSWORD, bearer, make_admin, make_user, row_of
from tests.features.auth.test_sign_in import log_in
from tests.mailbox import Mailbox, mailbox

__all__ = ["mailbox"]
NEW = "Violet-Train-17"
FORGOT, RESET = "/api/auth/password/forgot", "/api/auth/password/reset"


async def ask(api: httpx.AsyncClient, email: str = "ana@example.com") -> httpx.Response:
    return await api.post(FORGOT, json={"email": email})


async def token_of(api: httpx.AsyncClient, mailbox: Mailbox) -> str:
    assert (await ask(api)).status_code == 202
    return (await mailbox.deliver())[-1].token


async def reset(api: httpx.AsyncClient, token: str, password: str = NEW) -> httpx.Response:
    return await api.post(RESET, json={"token": token, "password": password})


async def make_older(by: timedelta) -> None:
    async with transaction() as session:
        times = {"created_at": OneTimeToken.created_at - by, "expires_at": OneTimeToken.expires_at - by}
        await session.execute(update(OneTimeToken).values(times))


async def test_the_link_sets_a_new_password_and_ends_every_session(api: httpx.AsyncClient, mailbox: Mailbox) -> None:
    ana = await make_user("ana")
    open_session = await bearer(ana)
    token = await token_of(api, mailbox)
    answer = await reset(api, token)
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await api.get("/api/auth/verify", headers=open_session)).status_code == 401
    assert (await log_in(api, "ana", PASSWORD)).status_code == 401
    assert (await log_in(api, "ana", NEW)).status_code == 200
    notice = (await mailbox.deliver())[-1]
    assert (notice.subject, "ana@example.com" in notice.to) == ("Your password was changed", True)


async def test_nobody_learns_whether_an_address_has_an_account(api: httpx.AsyncClient, mailbox: Mailbox) -> None:
    await make_user("ana")
    await make_user("idle", is_active=False)
    await make_user("gone", deleted_at=func.now())
    answers = [await ask(api, f"{name}@example.com") for name in ("ana", "idle", "gone", "ghost")]
    assert {(answer.status_code, answer.content) for answer in answers} == {(202, b"")}
    assert ["ana@example.com" in mail.to for mail in await mailbox.deliver()] == [True]


async def test_the_request_does_the_same_work_for_every_address(api: httpx.AsyncClient, mailbox: Mailbox) -> None:
    """It only queues a job; the worker looks for the account."""
    await make_user("ana")
    await ask(api), await ask(api, "ghost@example.com")
    async with transaction() as session:
        rows = (await session.execute(text("SELECT task_name, args ? 'email' FROM procrastinate_jobs"))).all()
        assert (await session.execute(select(func.count()).select_from(OneTimeToken))).scalar_one() == 0
    assert [tuple(row) for row in rows] == [(password_reset.TASK, True)] * 2


async def test_a_link_works_once_under_parallel_requests(api: httpx.AsyncClient, mailbox: Mailbox) -> None:
    await make_user("ana")
    token = await token_of(api, mailbox)
    answers = await asyncio.gather(*(reset(api, token, f"Violet-Train-{number}") for number in range(20, 30)))
    assert sorted(answer.status_code for answer in answers) == [204] + [410] * 9


async def test_it_expires_after_an_hour(api: httpx.AsyncClient, mailbox: Mailbox) -> None:
    await make_user("ana")
    token = await token_of(api, mailbox)
    await make_older(timedelta(minutes=61))
    answer = await reset(api, token)
    assert (answer.status_code, answer.json()["code"]) == (410, "reset_link_expired")


async def test_a_newer_link_replaces_the_older_one(api: httpx.AsyncClient, mailbox: Mailbox) -> None:
    await make_user("ana")
    first = await token_of(api, mailbox)
    await make_older(timedelta(minutes=3))
    second = await token_of(api, mailbox)
    assert first != second
    assert (await reset(api, first)).status_code == 410
    assert (await reset(api, second)).status_code == 204


async def test_a_mailbox_is_not_flooded(api: httpx.AsyncClient, mailbox: Mailbox) -> None:
    await make_user("ana")
    first = await token_of(api, mailbox)
    for _ in range(3):
        await ask(api)
    assert len(await mailbox.deliver()) == 1
    assert (await reset(api, first)).status_code == 204


@pytest.mark.parametrize("change", [{"password": "Amber-Wagon-99"}, {"email": "ana2@example.com"}])
async def test_a_change_of_the_account_ends_the_link(
    api: httpx.AsyncClient, mailbox: Mailbox, change: dict[str, str]
) -> None:
    ana, admin = await make_user("ana"), await bearer(await make_admin())
    token = await token_of(api, mailbox)
    assert (await api.patch(f"/api/v1/users/{ana.user_id}", json=change, headers=admin)).status_code == 200
    assert (await reset(api, token)).status_code == 410


async def test_a_weak_password_keeps_the_link(api: httpx.AsyncClient, mailbox: Mailbox) -> None:
    await make_user("ana")
    token = await token_of(api, mailbox)
    answer = await reset(api, token, "Password1")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/password")
    assert (await reset(api, token)).status_code == 204


async def test_it_ends_the_waiting_time_of_a_guessed_account(api: httpx.AsyncClient, mailbox: Mailbox) -> None:
    ana = await make_user("ana")
    token = await token_of(api, mailbox)
    for _ in range(6):
        await log_in(api, "ana", "Wrong-Boat-1")
    assert (await reset(api, token)).status_code == 204
    assert (await log_in(api, "ana@example.com", NEW)).status_code == 200
    assert (await row_of(User, ana.user_id))["is_active"]


async def test_no_job_event_or_log_holds_the_token(
    api: httpx.AsyncClient, mailbox: Mailbox, capfd: pytest.CaptureFixture[str]
) -> None:
    await make_user("ana")
    token = await token_of(api, mailbox)
    await reset(api, token)
    async with transaction() as session:
        stored = "SELECT string_agg(t::text, ' ') FROM {} t"
        for table in ("procrastinate_jobs", "events", "one_time_tokens", "notifications"):
            found = (await session.execute(text(stored.format(table)))).scalar_one() or ""
            assert token not in found, table
    assert token not in "".join(capfd.readouterr())


async def test_without_mail_nothing_is_queued(api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(get_settings()), "has_mail", property(lambda _: False))
    await make_user("ana")
    assert (await ask(api)).status_code == 202
    async with transaction() as session:
        assert (await session.execute(text("SELECT count(*) FROM procrastinate_jobs"))).scalar_one() == 0

"""Signing in with a second factor: the password alone opens no session, and every code works once."""

import asyncio

import httpx
import pytest
from sqlalchemy import update

from tca_app.core.database.session import transaction
from tca_app.models import OneTimeToken, User
from tests.factories import PASSWORD, make_user
from tests.features.auth.test_sign_in import log_in
from tests.features.auth.test_step_up import grow_old
from tests.features.auth.test_throttle import From, client_at, let_time_pass, told
from tests.features.factors.accounts import Account, account_with_app, event_types, forget_used_codes, wrong

__all__ = ["client_at"]
FINISH, SESSION = "/api/auth/login/second-factor", "/api/auth/session"
OURS = {"Origin": "http://localhost:8000"}
REAUTHENTICATE = "/api/auth/reauthenticate/code"


@pytest.fixture
async def ana(api: httpx.AsyncClient) -> Account:
    return await account_with_app(api)


async def challenge_for(api: httpx.AsyncClient, username: str = "ana") -> str:
    refused = await log_in(api, username)
    assert (refused.status_code, refused.json()["code"]) == (401, "second_factor_required")
    challenge: str = refused.json()["second_factor"]["challenge"]
    return challenge


async def finish(api: httpx.AsyncClient, challenge: str, code: str) -> httpx.Response:
    return await api.post(FINISH, json={"challenge": challenge, "code": code})


def wrong_for(ana: Account) -> str:
    return wrong(*(ana.code(step) for step in (-2, -1, 0, 1, 2)))


async def test_a_script_signs_in_with_a_code(api: httpx.AsyncClient, ana: Account) -> None:
    refused = (await log_in(api, "ana")).json()
    assert "access_token" not in refused
    assert refused["second_factor"]["methods"] == ["totp", "recovery_code"]
    assert refused["second_factor"]["expires_in"] == 300
    done = await finish(api, refused["second_factor"]["challenge"], ana.code())
    assert done.status_code == 200
    header = {"Authorization": f"Bearer {done.json()['access_token']}"}
    assert (await api.get("/api/auth/verify", headers=header)).json()["username"] == "ana"


async def test_the_form_of_oauth2_opens_no_session_either(api: httpx.AsyncClient, ana: Account) -> None:
    refused = await api.post("/api/auth/token", data={"username": "ana", "password": PASSWORD})
    assert (refused.status_code, refused.json()["code"]) == (401, "second_factor_required")


async def test_a_browser_has_the_challenge_as_a_cookie(api: httpx.AsyncClient, ana: Account) -> None:
    refused = await api.post(SESSION, json={"username": "ana", "password": PASSWORD}, headers=OURS)
    assert refused.status_code == 401
    assert refused.json()["second_factor"] == {"methods": ["totp", "recovery_code"]}
    assert [line.partition("=")[0] for line in refused.headers.get_list("set-cookie")] == ["second_factor"]
    assert "HttpOnly" in refused.headers["set-cookie"]
    done = await api.post(f"{SESSION}/second-factor", json={"code": ana.code()}, headers=OURS)
    assert done.status_code == 204
    assert {"sid", "device"} <= {line.partition("=")[0] for line in done.headers.get_list("set-cookie")}


async def test_another_browser_cannot_finish_it(api: httpx.AsyncClient, client_at: From, ana: Account) -> None:
    await api.post(SESSION, json={"username": "ana", "password": PASSWORD}, headers=OURS)
    stranger = client_at("203.0.113.9")
    answer = await stranger.post(f"{SESSION}/second-factor", json={"code": ana.code()}, headers=OURS)
    assert (answer.status_code, answer.json()["code"]) == (401, "second_factor_expired")


async def test_another_site_cannot_finish_it(api: httpx.AsyncClient, ana: Account) -> None:
    await api.post(SESSION, json={"username": "ana", "password": PASSWORD}, headers=OURS)
    foreign = {"Origin": "https://evil.example"}
    answer = await api.post(f"{SESSION}/second-factor", json={"code": ana.code()}, headers=foreign)
    assert answer.status_code == 403


async def test_a_wrong_password_says_nothing_about_factors(api: httpx.AsyncClient, ana: Account) -> None:
    await make_user("bob")
    answers = [await log_in(api, name, "Wrong-Boat-42") for name in ("ana", "bob", "nobody")]
    assert told(answers[0]) == told(answers[1]) == told(answers[2])


async def test_a_code_is_accepted_once(api: httpx.AsyncClient, ana: Account) -> None:
    code = ana.code()
    assert (await finish(api, await challenge_for(api), code)).status_code == 200
    again = await finish(api, await challenge_for(api), code)
    assert (again.status_code, again.json()["code"]) == (401, "wrong_second_factor")


async def test_an_older_code_is_refused_after_a_newer_one(api: httpx.AsyncClient, ana: Account) -> None:
    assert (await finish(api, await challenge_for(api), ana.code(1))).status_code == 200
    assert (await finish(api, await challenge_for(api), ana.code())).status_code == 401


@pytest.mark.parametrize(("steps", "status"), [(-3, 401), (-1, 200), (1, 200), (3, 401)])
async def test_a_clock_may_be_one_step_off(api: httpx.AsyncClient, ana: Account, steps: int, status: int) -> None:
    assert (await finish(api, await challenge_for(api), ana.code(steps))).status_code == status


async def test_of_twenty_parallel_calls_with_one_code_one_succeeds(api: httpx.AsyncClient, ana: Account) -> None:
    challenge, code = await challenge_for(api), ana.code()
    answers = await asyncio.gather(*(finish(api, challenge, code) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers)[:2] == [200, 401]


async def test_of_twenty_parallel_calls_with_one_recovery_code_one_succeeds(
    api: httpx.AsyncClient, ana: Account
) -> None:
    challenge = await challenge_for(api)
    answers = await asyncio.gather(*(finish(api, challenge, ana.recovery_codes[0]) for _ in range(20)))
    assert [answer.status_code for answer in answers].count(200) == 1


async def test_a_challenge_works_once(api: httpx.AsyncClient, ana: Account) -> None:
    challenge = await challenge_for(api)
    assert (await finish(api, challenge, ana.code())).status_code == 200
    await forget_used_codes()
    again = await finish(api, challenge, ana.code())
    assert (again.status_code, again.json()["code"]) == (401, "second_factor_expired")


async def test_a_challenge_expires(api: httpx.AsyncClient, ana: Account) -> None:
    challenge = await challenge_for(api)
    async with transaction() as session:
        await session.execute(update(OneTimeToken).values(expires_at=OneTimeToken.created_at))
    assert (await finish(api, challenge, ana.code())).json()["code"] == "second_factor_expired"


async def test_a_recovery_code_signs_in_once_and_is_recorded(api: httpx.AsyncClient, ana: Account) -> None:
    typed = ana.recovery_codes[3].replace("-", " ").upper()
    assert (await finish(api, await challenge_for(api), typed)).status_code == 200
    assert (await event_types())[-1] == "recovery_code_used"
    assert (await finish(api, await challenge_for(api), typed)).status_code == 401
    assert (await event_types())[-1] == "second_factor_failed"


async def test_codes_of_another_account_do_not_work(api: httpx.AsyncClient, ana: Account) -> None:
    eve = await account_with_app(api, "eve")
    challenge = await challenge_for(api)
    assert (await finish(api, challenge, eve.code())).status_code == 401
    assert (await finish(api, challenge, eve.recovery_codes[0])).status_code == 401


async def test_after_five_wrong_codes_even_the_right_one_waits(api: httpx.AsyncClient, ana: Account) -> None:
    for number in range(5):
        challenge = await challenge_for(api)  # the right password in between resets nothing
        given = wrong_for(ana) if number % 2 else "aaaa-aaaa-aaaa"
        assert (await finish(api, challenge, given)).status_code == 401
    waits = await finish(api, challenge, ana.code())
    assert waits.status_code == 429
    assert int(waits.headers["retry-after"]) in range(20, 31)
    await let_time_pass(31)
    assert (await finish(api, challenge, ana.code())).status_code == 200


async def test_guesses_from_many_addresses_wait_without_saying_so(
    client_at: From, api: httpx.AsyncClient, ana: Account
) -> None:
    challenge = await challenge_for(api)
    for number in range(5):
        await finish(client_at(f"198.51.100.{number}"), challenge, wrong_for(ana))
    answer = await finish(client_at("198.51.100.77"), challenge, ana.code())
    assert (answer.status_code, answer.json()["code"]) == (401, "wrong_second_factor")


async def test_a_new_password_ends_a_sign_in_that_has_begun(api: httpx.AsyncClient, ana: Account) -> None:
    challenge = await challenge_for(api)
    change = {"password": "Other-Boat-43", "current_password": PASSWORD}
    changed = await api.patch(f"/api/v1/users/{ana.actor.user_id}", json=change, headers=ana.headers)
    assert changed.status_code == 200
    assert (await finish(api, challenge, ana.code())).status_code == 401


async def test_a_deactivated_user_does_not_get_in(api: httpx.AsyncClient, ana: Account) -> None:
    challenge = await challenge_for(api)
    async with transaction() as session:
        await session.execute(update(User).values(is_active=False))
    assert (await finish(api, challenge, ana.code())).status_code == 401


async def test_a_code_is_a_proof_for_sensitive_changes(api: httpx.AsyncClient, ana: Account) -> None:
    await grow_old()
    url, body = f"/api/auth/factors/{ana.factor_id}", {"name": "Tablet"}
    assert (await api.patch(url, json=body, headers=ana.headers)).status_code == 403
    code = ana.code()
    assert (await api.post(REAUTHENTICATE, json={"code": code}, headers=ana.headers)).status_code == 204
    assert (await api.patch(url, json=body, headers=ana.headers)).status_code == 200
    again = await api.post(REAUTHENTICATE, json={"code": code}, headers=ana.headers)
    assert (again.status_code, again.json()["code"]) == (422, "wrong_second_factor")


async def test_wrong_proofs_are_counted_and_then_wait(api: httpx.AsyncClient, ana: Account) -> None:
    for _ in range(5):
        answer = await api.post(REAUTHENTICATE, json={"code": wrong_for(ana)}, headers=ana.headers)
        assert answer.status_code == 422
    assert (await api.post(REAUTHENTICATE, json={"code": ana.code()}, headers=ana.headers)).status_code == 429

"""The throttle of failed sign-ins: who waits, who does not, and that no response tells about an account."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select, update
from sqlmodel import col
from starlette.types import ASGIApp

from tca_app.core.database.session import transaction
from tca_app.features.auth import throttle
from tca_app.models import LoginThrottle
from tests.factories import PASSWORD, bearer, make_user
from tests.features.auth.test_sign_in import log_in
from tests.statements import statements

WRONG = "Wrong-Boat-42"
USERS = "/api/v1/users"
From = Callable[[str], httpx.AsyncClient]


@pytest.fixture
async def client_at(edge: ASGIApp) -> AsyncIterator[From]:
    """A client of the REST side at a network address."""
    async with AsyncExitStack() as stack:
        clients: dict[str, httpx.AsyncClient] = {}

        def at(address: str) -> httpx.AsyncClient:
            if address not in clients:
                transport = httpx.ASGITransport(edge, client=(address, 40000))
                clients[address] = httpx.AsyncClient(transport=transport, base_url="http://localhost")
                stack.push_async_callback(clients[address].aclose)
            return clients[address]

        yield at


async def let_time_pass(seconds: float) -> None:
    """Move every remembered failure back, as if that much time had gone by."""
    back = timedelta(seconds=seconds)
    async with transaction() as session:
        await session.execute(
            update(LoginThrottle).values(
                last_failed_at=col(LoginThrottle.last_failed_at) - back,
                blocked_until=col(LoginThrottle.blocked_until) - back,
            )
        )


async def counts() -> list[tuple[str, int]]:
    async with transaction() as session:
        rows = await session.execute(select(LoginThrottle.key, LoginThrottle.failures))
        return [(key, failures) for key, failures in rows]


def told(answer: httpx.Response) -> tuple[int, dict[str, object], str]:
    """All that an answer says, but for what is different for each request."""
    body = {name: value for name, value in answer.json().items() if name != "request_id"}
    wait = answer.headers.get("retry-after", "")
    if wait:
        assert body.pop("detail") == f"Too many attempts. Try again in {wait} seconds."
    return answer.status_code, body, "a wait" if wait else ""


async def test_five_failures_make_even_the_right_password_wait(api: httpx.AsyncClient) -> None:
    await make_user("ana")
    for _ in range(5):
        assert (await log_in(api, "ana", "Wrong-Boat-42")).status_code == 401
    refused = await log_in(api, "ana")
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 30
    await let_time_pass(31)
    assert (await log_in(api, "ana")).status_code == 200


@pytest.mark.parametrize("name", ["ana", "ghost"])
async def test_a_refusal_speaks_of_a_wait_after_several_failures(api: httpx.AsyncClient, name: str) -> None:
    await make_user("ana")
    details = [(await log_in(api, name, WRONG)).json()["detail"] for _ in range(4)]
    one = "Incorrect username or password."
    assert details == [one] * 2 + [f"{one} If you are sure of both, try again in 15 minutes."] * 2


async def test_failures_elsewhere_change_no_response(client_at: From) -> None:
    """The sentence about the wait must not reveal that somebody else guesses at an account."""
    await make_user("ana")
    for number in range(6):
        await log_in(client_at(f"10.0.3.{number}"), "ana", WRONG)
    answers = [told(await log_in(client_at("10.0.4.1"), name, WRONG)) for name in ("ana", "ghost")]
    assert answers[0] == answers[1]
    assert answers[0][1]["detail"] == "Incorrect username or password."


async def test_waits_double_up_to_a_quarter_of_an_hour() -> None:
    waits = [throttle.wait_after(n) for n in range(4, 14)]
    assert waits == [0, 30, 60, 120, 240, 480, 900, 900, 900, 900]
    assert throttle.wait_after(100) == 12 * 3600


async def test_a_name_that_nobody_has_is_throttled_alike(api: httpx.AsyncClient) -> None:
    for _ in range(5):
        await log_in(api, "ghost", "Wrong-Boat-42")
    assert (await log_in(api, "ghost", "Wrong-Boat-42")).status_code == 429


async def test_a_success_forgets_the_failures(api: httpx.AsyncClient) -> None:
    await make_user("ana")
    for _ in range(4):
        await log_in(api, "ana", "Wrong-Boat-42")
    assert (await log_in(api, "ana")).status_code == 200
    assert (await log_in(api, "ana", "Wrong-Boat-42")).status_code == 401


async def test_failures_are_forgotten_after_twelve_hours(api: httpx.AsyncClient) -> None:
    await make_user("ana")
    for _ in range(4):
        await log_in(api, "ana", "Wrong-Boat-42")
    await let_time_pass(12 * 3600 + 1)
    for _ in range(4):
        assert (await log_in(api, "ana", "Wrong-Boat-42")).status_code == 401
    assert (await log_in(api, "ana")).status_code == 200


async def test_parallel_guesses_get_no_more_than_five_tries(api: httpx.AsyncClient) -> None:
    await make_user("ana")
    answers = await asyncio.gather(*(log_in(api, "ana", f"Wrong-Boat-{n}") for n in range(20)))
    assert sorted(answer.status_code for answer in answers) == [401] * 5 + [429] * 15


async def test_a_known_browser_is_not_locked_out_by_a_stranger(api: httpx.AsyncClient) -> None:
    await make_user("ana")
    body = {"username": "ana", "password": PASSWORD}
    first = await api.post("/api/auth/session", json=body)
    assert first.status_code == 204
    device = first.cookies["device"]
    api.cookies.clear()
    for _ in range(200):
        await log_in(api, "ana", "Wrong-Boat-42")
    assert (await log_in(api, "ana")).status_code == 429
    again = await api.post("/api/auth/session", json=body, headers={"cookie": f"device={device}"})
    assert again.status_code == 204
    forged = await api.post("/api/auth/session", json=body, headers={"cookie": f"device={device[:-2]}xx"})
    assert forged.status_code == 429


@pytest.mark.parametrize("last", ["name", "email"])
async def test_two_names_of_one_person_answer_as_two_unknown_names_do(client_at: From, last: str) -> None:
    """Five failures with one name and one more with the other, then all again: what is answered must be the same."""
    await make_user("ana")
    stories = []
    for address, names in (
        ("10.0.0.1", {"name": "ana", "email": "ana@example.com"}),
        ("10.0.0.2", {"name": "ghost", "email": "ghost@example.com"}),
        ("10.0.0.3", {"name": "ghost", "email": "ana@example.com"}),
    ):
        first = "email" if last == "name" else "name"
        api = client_at(address)
        tries = [*[names[first]] * 7, *[names[last]] * 7, names[first]]
        stories.append([told(await log_in(api, name, WRONG)) for name in tries])
        await let_time_pass(12 * 3600 + 1)
    assert stories[0] == stories[1] == stories[2]
    assert [answer[0] for answer in stories[0]] == [*[401] * 5, *[429] * 2] * 2 + [429]


async def test_guesses_at_one_account_are_counted_together_whatever_was_typed_and_wherever(client_at: From) -> None:
    await make_user("ana")
    for number in range(5):
        name = ("ana", "ana@example.com")[number % 2]
        assert (await log_in(client_at(f"10.0.1.{number}"), name, WRONG)).status_code == 401
    elsewhere = client_at("10.0.2.1")
    wrong, right = [await log_in(elsewhere, "ana", password) for password in (WRONG, PASSWORD)]
    assert told(right) == told(wrong)
    assert right.json()["code"] == "bad_credentials"
    await let_time_pass(31)
    assert (await log_in(elsewhere, "ana")).status_code == 200


async def test_an_account_that_waits_costs_as_much_as_an_unknown_name(client_at: From) -> None:
    await make_user("ana")
    for number in range(5):
        await log_in(client_at(f"10.0.1.{number}"), "ana", WRONG)
    api, asked = client_at("10.0.2.1"), {}
    for name, password in (("ana@example.com", WRONG), ("ana", PASSWORD), ("ghost", WRONG)):
        with statements() as sent:
            assert (await log_in(api, name, password)).status_code == 401
        asked[name, password] = [statement.split("VALUES")[0] for statement in sent]
    known, waiting, unknown = asked.values()
    assert known == waiting == unknown


async def test_nobody_sees_that_somebody_else_signed_in_or_failed(client_at: From) -> None:
    """Neither the waits of another address nor a success ends or begins one's own."""
    await make_user("ana")
    home, stranger = client_at("10.0.0.1"), client_at("10.0.0.2")
    for _ in range(4):
        assert (await log_in(stranger, "ana", WRONG)).status_code == 401
    assert (await log_in(home, "ana")).status_code == 200
    for _ in range(4):
        assert (await log_in(home, "ana", WRONG)).status_code == 401
    answers = [(await log_in(stranger, "ana", WRONG)).status_code for _ in range(2)]
    assert answers == [401, 429], "as for a name that nobody has"


async def test_a_sign_in_leaves_no_count_behind_and_no_failures_out(client_at: From) -> None:
    await make_user("ana")
    api = client_at("10.0.0.1")
    assert (await log_in(api, "ana")).status_code == 200
    assert await counts() == []
    assert (await log_in(api, "ana", WRONG)).status_code == 401
    assert (await log_in(api, "ana")).status_code == 200
    assert [(key.partition(":")[0], failures) for key, failures in await counts()] == [("typed", 1)]


async def test_a_strangers_failures_do_not_stop_what_a_signed_in_person_does(client_at: From) -> None:
    person = await make_user("ana")
    header, url = await bearer(person), f"{USERS}/{person.user_id}"
    stranger, home = client_at("10.0.0.2"), client_at("10.0.0.1")
    for _ in range(30):
        await log_in(stranger, "ana", WRONG)
        await let_time_pass(31)
    assert (await log_in(home, "ana")).status_code == 401, "a new device waits"
    assert (await home.get(f"{USERS}/me", headers=header)).status_code == 200
    change = {"password": "Blue-Kite-77", "current_password": PASSWORD}
    assert (await home.patch(url, json=change, headers=header)).status_code == 200
    assert (await log_in(home, "ana", "Blue-Kite-77")).status_code == 200, "and who knows the password ends the wait"


async def test_guesses_of_a_stolen_session_stop_only_that_session(client_at: From) -> None:
    person = await make_user("ana")
    stolen, own, url = await bearer(person), await bearer(person), f"{USERS}/{person.user_id}"
    api = client_at("10.0.0.1")
    for number in range(6):
        guess = {"email": "new@example.com", "current_password": f"guess {number}"}
        await api.patch(url, json=guess, headers=stolen)
    right = {"email": "new@example.com", "current_password": PASSWORD}
    assert (await api.patch(url, json=right, headers=stolen)).status_code == 429
    assert (await api.patch(url, json=right, headers=own)).status_code == 200

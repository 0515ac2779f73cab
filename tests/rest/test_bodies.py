"""Bodies of requests: limits by path, slots for large ones, and a time limit."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from starlette.requests import ClientDisconnect

from tca_app.core.errors import BadRequest, Invalid, Unavailable
from tca_app.rest import bodies
from tca_app.rest.bodies import (
    LARGE_BODIES,
    MAX_BODY,
    MAX_GITHUB_BODY,
    MAX_KEYS,
    MAX_TOKEN_EXCHANGE,
    max_body,
    read_json,
    whole_body,
)


async def large() -> AsyncIterator[bytes]:
    for size in (MAX_BODY, 1, 1):
        yield b"x" * size


async def endless() -> AsyncIterator[bytes]:
    yield b"x"
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        ("/api/hooks/github/7", MAX_GITHUB_BODY),
        ("/api/auth/token-exchange", MAX_TOKEN_EXCHANGE),
        ("/api/v1/projects/7/github-hook", MAX_BODY),
        ("/api", MAX_BODY),
    ],
)
def test_only_deliveries_of_github_may_be_large(path: str, limit: int) -> None:
    assert max_body(path) == limit


async def test_only_a_few_large_bodies_are_in_memory_at_once() -> None:
    async with AsyncExitStack() as held:
        for number in range(LARGE_BODIES):
            await held.enter_async_context(whole_body(large(), f"10.0.0.{number}"))
        refused = large()
        with pytest.raises(Unavailable):
            await held.enter_async_context(whole_body(refused, "10.0.1.1"))
        assert [chunk async for chunk in refused] == []  # it was read to its end, so that the caller sees the answer
    async with whole_body(large(), "10.0.1.1") as body:
        assert len(body) == MAX_BODY + 2


async def test_a_body_that_does_not_arrive_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "BODY_TIMEOUT_S", 0.05)
    with pytest.raises(BadRequest, match="did not arrive"):
        async with whole_body(endless(), "10.0.0.1"):
            pytest.fail("it has no end")


async def test_a_body_that_stops_arriving_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "CHUNK_TIMEOUT_S", 0.05)
    with pytest.raises(BadRequest, match="did not arrive"):
        async with whole_body(endless(), "10.0.0.1"):
            pytest.fail("it has no end")


async def test_one_address_does_not_take_the_slots_of_others() -> None:
    async with whole_body(large(), "10.0.0.1"):
        with pytest.raises(Unavailable):
            async with whole_body(large(), "10.0.0.1"):
                pytest.fail("it has a slot already")
        async with whole_body(large(), "10.0.0.2") as body:
            assert len(body) == MAX_BODY + 2


async def test_a_caller_that_disconnects_during_its_body_is_no_error() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"x"
        raise ClientDisconnect

    with pytest.raises(BadRequest, match="ended before"):
        async with whole_body(broken(), "10.0.0.1"):
            pytest.fail("it is not complete")


def test_an_object_with_a_crowd_of_keys_is_refused() -> None:
    body = json.dumps({f"k{number}": 1 for number in range(MAX_KEYS + 1)}).encode()
    with pytest.raises(Invalid, match="more than 1000 keys"):
        read_json(body)

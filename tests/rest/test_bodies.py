"""Bodies of requests: limits by path, slots for large ones, and a time limit."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from tca_app.core.errors import BadRequest, Unavailable
from tca_app.rest import bodies
from tca_app.rest.bodies import LARGE_BODIES, MAX_BODY, MAX_GITHUB_BODY, max_body, whole_body


async def large() -> AsyncIterator[bytes]:
    for size in (MAX_BODY, 1, 1):
        yield b"x" * size


async def endless() -> AsyncIterator[bytes]:
    yield b"x"
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("path", "limit"),
    [("/api/hooks/github/7", MAX_GITHUB_BODY), ("/api/v1/projects/7/github-hook", MAX_BODY), ("/api", MAX_BODY)],
)
def test_only_deliveries_of_github_may_be_large(path: str, limit: int) -> None:
    assert max_body(path) == limit


async def test_only_a_few_large_bodies_are_in_memory_at_once() -> None:
    async with AsyncExitStack() as held:
        for _ in range(LARGE_BODIES):
            await held.enter_async_context(whole_body(large()))
        refused = large()
        with pytest.raises(Unavailable):
            await held.enter_async_context(whole_body(refused))
        assert [chunk async for chunk in refused] == []  # it was read to its end, so that the caller sees the answer
    async with whole_body(large()) as body:
        assert len(body) == MAX_BODY + 2


async def test_a_body_that_does_not_arrive_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "BODY_TIMEOUT_S", 0.05)
    with pytest.raises(BadRequest, match="did not arrive"):
        async with whole_body(endless()):
            pytest.fail("it has no end")

"""Reads request bodies: size limits per route, bounded memory for large bodies, and strict JSON."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import orjson
from starlette.datastructures import FormData
from starlette.requests import ClientDisconnect, Request

from tca_app.core.errors import BadRequest, Invalid, Unavailable
from tca_app.core.language.messages import _
from tca_app.core.outgoing.resilience import BulkheadFull, bulkhead

MAX_BODY = 1024 * 1024
MAX_GITHUB_BODY = 25 * MAX_BODY  # GitHub caps what it sends at 25 MB
MAX_TOKEN_EXCHANGE = 64 * 1024
MAX_IMPORT = 3 * MAX_BODY  # a file of 2 MB as base64
MAX_BODY_BY_PATH = {
    "/api/hooks/github/": MAX_GITHUB_BODY,
    "/api/auth/token-exchange": MAX_TOKEN_EXCHANGE,
    "/api/v1/imports": MAX_IMPORT,
}
LARGE_BODIES = 4  # in memory at once
LARGE_BODIES_OF_CALLER = 1  # one address cannot hold the slots of all others
BODY_TIMEOUT_S = 30.0
CHUNK_TIMEOUT_S = 5.0
MAX_KEYS = 1000  # of one object; each unknown one would be looked at and answered


def max_body(path: str) -> int:
    """Return the largest body that the route at `path` accepts, in bytes."""
    return next((limit for beginning, limit in MAX_BODY_BY_PATH.items() if path.startswith(beginning)), MAX_BODY)


def read_json(body: bytes) -> object:
    """Parse a JSON body. Raises Invalid for an object with a repeated key.

    RFC 8259 leaves repeated keys undefined: a proxy in front may have read, and allowed, the other value. orjson
    refuses lone surrogates, NaN and deep nesting.
    """
    value = orjson.loads(body)
    try:
        json.loads(body, object_pairs_hook=_refuse_repeated, parse_int=str, parse_float=str)
    except RecursionError:
        raise Invalid("The body is nested too deeply.") from None
    return value


def _refuse_repeated(pairs: list[tuple[str, Any]]) -> None:
    if len(pairs) > MAX_KEYS:
        raise Invalid(f"An object has more than {MAX_KEYS} keys.")
    refuse_repeated((key for key, _ in pairs), "key")


def refuse_repeated(names: Iterable[str], what: str) -> None:
    """Raise Invalid at the first repeated name."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise Invalid.at(name[:50], f"This {what} is given more than once.")
        seen.add(name)


class StrictRequest(Request):
    """A request whose body must not repeat a name."""

    async def json(self) -> object:
        if not hasattr(self, "_json"):
            self._json = read_json(await self.body())
        return self._json

    async def form(self, **limits: int) -> FormData:  # type: ignore[override]  # FastAPI awaits it
        form = await super().form(**limits)
        refuse_repeated((name for name, _ in form.multi_items()), "field")
        return form


@asynccontextmanager
async def whole_body(chunks: AsyncIterator[bytes], caller: str) -> AsyncIterator[bytearray]:
    """Read the body of a request. A body above MAX_BODY holds one of a few slots while it is in use.

    `caller` is the network address. Raises Unavailable when the slots are taken, BadRequest when the body stops
    arriving: the connection ends, a part takes longer than CHUNK_TIMEOUT_S, or all of it longer than BODY_TIMEOUT_S.
    """
    async with AsyncExitStack() as slots:
        try:
            async with asyncio.timeout(BODY_TIMEOUT_S):
                body = await _read(_in_time(chunks), slots, caller)
        except ClientDisconnect as error:
            raise BadRequest("The body ended before it was complete.") from error
        except TimeoutError as error:
            raise BadRequest("The body did not arrive in time.") from error
        yield body


async def _in_time(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    parts = aiter(chunks)
    while True:
        async with asyncio.timeout(CHUNK_TIMEOUT_S):
            chunk = await anext(parts, None)
        if chunk is None:
            return
        yield chunk


async def _read(chunks: AsyncIterator[bytes], slots: AsyncExitStack, caller: str) -> bytearray:
    """Read the chunks. A refused body is read to the end and dropped, so that the client can receive the response."""
    body, refusal = bytearray(), None
    async for chunk in chunks:
        if refusal is None and len(body) <= MAX_BODY < len(body) + len(chunk):
            try:
                await slots.enter_async_context(bulkhead(f"large request bodies of {caller}", LARGE_BODIES_OF_CALLER))
                await slots.enter_async_context(bulkhead("large request bodies", LARGE_BODIES))
            except BulkheadFull as error:
                refusal = error
        if refusal is None:
            body += chunk
        else:
            body.clear()
    if refusal is not None:
        raise Unavailable(_("Other large requests are being processed. Try again in a moment.")) from refusal
    return body

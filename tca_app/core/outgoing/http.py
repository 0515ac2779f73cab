"""Calls to other services over HTTP: one pooled client, short time-outs, retries where they are safe, a circuit.

For addresses that the operator set. What users enter goes through `core.outbound`, which looks where it leads.
"""

import asyncio
import random
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
import structlog

from tca_app.core.jobs.queue import PermanentFailure, RetryAfter, Unreachable
from tca_app.core.outgoing.circuit import forget_circuits, note, refuse_if_open
from tca_app.core.telemetry.log import request_id_var

log = structlog.get_logger(__name__)

TIMEOUT = httpx.Timeout(5.0, connect=2.0, pool=2.0)
TOTAL_S = 10.0  # until there is a status, whatever the single steps take
BODY_S = 2.0
MAX_BODY_BYTES = 64 * 1024
ATTEMPTS = 3
FIRST_WAIT_S = 0.2
MAX_RETRY_AFTER_S = 3600.0
# RFC 9110, 9.2.2: a second one changes nothing.
IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
# Of the 4xx those that say "not now"; all others stay as they are however often one asks.
NOT_NOW = frozenset({408, 409, 425, 429})

_client: httpx.AsyncClient | None = None


class TargetUnreachable(Unreachable):
    """It could not be reached, or answered that it cannot just now."""


def get_http() -> httpx.AsyncClient:
    """The shared client. No proxies or credentials from the environment, no redirects."""
    global _client
    if _client is None:
        _client = httpx.AsyncClient(timeout=TIMEOUT, follow_redirects=False, trust_env=False)
    return _client


async def close_http() -> None:
    global _client
    if _client is not None:
        closing, _client = _client, None
        await closing.aclose()
    forget_circuits()


async def ask(method: str, url: str, *, json: Any = None, headers: dict[str, str]) -> httpx.Response:
    """The status and headers of the answer. Its body means nothing here: it is read up to a bound, so that the
    connection can be used again, and forgotten. Raises httpx.TransportError, TimeoutError."""
    request = get_http().build_request(method, url, json=json, headers=headers)
    async with asyncio.timeout(TOTAL_S):
        answer = await get_http().send(request, stream=True)
    size = 0
    try:
        # A body that breaks off does not undo what the status says.
        with suppress(httpx.HTTPError, TimeoutError):
            async with asyncio.timeout(BODY_S):
                async for chunk in answer.aiter_raw():
                    size += len(chunk)
                    if size > MAX_BODY_BYTES:
                        break
    finally:
        await answer.aclose()
    return answer


async def call(method: str, url: str, *, json: Any = None, key: str | None = None) -> httpx.Response:
    """Ask, and give back the answer when it is a 2xx. Only its status counts; there is no body to read.

    Sent up to three times when repeating it changes nothing: by its method, or because `key` is its Idempotency-Key.
    Raises CircuitOpen, TargetUnreachable, RetryAfter when the answer says when to come back, and PermanentFailure for
    an answer that another attempt would not change."""
    name = urlsplit(url).netloc.rpartition("@")[2]
    headers = {"X-Request-Id": request_id_var.get()} | ({"Idempotency-Key": key} if key else {})
    attempts = ATTEMPTS if key or method in IDEMPOTENT else 1
    for attempt in range(1, attempts + 1):
        refuse_if_open(name)
        try:
            answer = await ask(method, url, json=json, headers=headers)
            is_away = answer.status_code >= 500 or answer.status_code in NOT_NOW
        except (httpx.TransportError, TimeoutError) as error:
            answer, is_away = None, True
            failure = TargetUnreachable(f"{name} cannot be reached ({type(error).__name__})")
        # 429 is an answer of a healthy service: it opens no circuit.
        note(name, not is_away or (answer is not None and answer.status_code == 429))
        if answer is not None and not is_away:
            return _accepted(name, answer)
        if answer is not None:
            wait = retry_after(answer.headers)
            failure = TargetUnreachable(f"{name} answered {answer.status_code}")
            if wait is not None:
                raise RetryAfter(str(failure), wait)
        if attempt < attempts:
            await asyncio.sleep(FIRST_WAIT_S * 2**attempt * random.uniform(0.5, 1))  # noqa: S311
    raise failure


def _accepted(name: str, answer: httpx.Response) -> httpx.Response:
    if answer.is_success:
        return answer
    raise PermanentFailure(f"{name} answered {answer.status_code}")


def retry_after(headers: httpx.Headers) -> float | None:
    """Seconds that an answer asks to wait (RFC 9110, 10.2.3): a number or a date; at most an hour."""
    given = headers.get("Retry-After", "")
    if not given:
        return None
    if given.isascii() and given.isdigit():
        seconds = float(given)
    else:
        try:
            seconds = (parsedate_to_datetime(given) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_S)

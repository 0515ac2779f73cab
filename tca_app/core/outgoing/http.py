"""HTTP client for other services: pooled, with short timeouts, safe retries and a circuit breaker.

It is for URLs that the operator configured. URLs that users enter go through `core.outgoing.ssrf_safe`.
"""

import asyncio
import random
from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx
import structlog

from tca_app.core.jobs.queue import PermanentFailure, RetryAfter, Unreachable
from tca_app.core.outgoing.resilience import circuit_breaker
from tca_app.core.telemetry.log import request_id_var
from tca_app.core.telemetry.tracing import Span, client_span, trace_headers

log = structlog.get_logger(__name__)

TIMEOUT = httpx.Timeout(5.0, connect=2.0, pool=2.0)
TOTAL_S = 10.0  # until the status arrives, over all steps together
BODY_S = 2.0
MAX_BODY_BYTES = 64 * 1024
ATTEMPTS = 3
FIRST_WAIT_S = 0.2
MAX_RETRY_AFTER_S = 3600.0
# Methods that are safe to repeat (RFC 9110, 9.2.2).
IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
# The 4xx codes that a retry may resolve; all others are final.
NOT_NOW = frozenset({408, 409, 425, 429})

_client: httpx.AsyncClient | None = None


class TargetUnreachable(Unreachable):
    """The target could not be reached, or answered that it is temporarily unavailable."""


def get_http() -> httpx.AsyncClient:
    """Return the shared client. It ignores proxies and credentials of the environment and follows no redirects."""
    global _client
    if _client is None:
        _client = httpx.AsyncClient(timeout=TIMEOUT, follow_redirects=False, trust_env=False)
    return _client


async def close_http() -> None:
    global _client
    if _client is not None:
        closing, _client = _client, None
        await closing.aclose()
    circuit_breaker.cache_clear()


async def ask(
    method: str, url: str, *, json: object = None, content: bytes | None = None, headers: dict[str, str]
) -> httpx.Response:
    """Send a request and return the response for its status and headers. Raises httpx.TransportError, TimeoutError.

    The body is read up to a limit, so that the connection can be reused, and discarded.
    """
    with call_span(method, httpx.URL(url)) as span:
        request = get_http().build_request(method, url, json=json, content=content, headers=headers | trace_headers())
        async with asyncio.timeout(TOTAL_S):
            answer = await get_http().send(request, stream=True)
        span.set_attribute("http.response.status_code", answer.status_code)
    await _discard(answer)
    return answer


def call_span(method: str, url: httpx.URL) -> AbstractContextManager[Span]:
    """Open a span for a call to another server. It has the host, not the path: that of Slack is a secret."""
    attributes: dict[str, str | int] = {"http.request.method": method, "server.address": url.host}
    return client_span(method, attributes | ({"server.port": url.port} if url.port else {}))


async def _discard(answer: httpx.Response) -> None:
    size = 0
    try:
        # A truncated body does not change the status.
        with suppress(httpx.HTTPError, TimeoutError):
            async with asyncio.timeout(BODY_S):
                async for chunk in answer.aiter_raw():
                    size += len(chunk)
                    if size > MAX_BODY_BYTES:
                        break
    finally:
        await answer.aclose()


async def call(
    method: str,
    url: str,
    *,
    json: object = None,
    content: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    key: str | None = None,
) -> httpx.Response:
    """Call a service and return its 2xx response, without the body. `content` is a body that is signed as it is.

    An idempotent call, by its method or by `key` as its Idempotency-Key, is sent up to three times. Raises CircuitOpen,
    TargetUnreachable, RetryAfter when the response has Retry-After, and PermanentFailure when a retry cannot help.
    """
    name = urlsplit(url).netloc.rpartition("@")[2]
    own = {"X-Request-Id": request_id_var.get()} | ({"Idempotency-Key": key} if key else {}) | dict(headers or {})
    attempts = ATTEMPTS if key or method in IDEMPOTENT else 1
    breaker = circuit_breaker(name)
    for attempt in range(1, attempts + 1):
        breaker.refuse_if_open()
        try:
            answer = await ask(method, url, json=json, content=content, headers=own)
            is_away = answer.status_code >= 500 or answer.status_code in NOT_NOW
        except (httpx.TransportError, TimeoutError) as error:
            answer, is_away = None, True
            failure = TargetUnreachable(f"{name} cannot be reached ({type(error).__name__})")
        # 429 comes from a healthy service and does not open the circuit.
        breaker.record(not is_away or (answer is not None and answer.status_code == 429))
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
    """Return the seconds of Retry-After (RFC 9110, 10.2.3), a number or a date; at most an hour."""
    value = headers.get("Retry-After", "")
    if not value:
        return None
    if value.isascii() and value.isdigit():
        seconds = float(value)
    else:
        try:
            seconds = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_S)

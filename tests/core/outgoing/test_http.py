"""Calls to other services: safe retries, the circuit breaker, and errors by what helps."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import urlsplit

import httpx
import pytest

from tca_app.core.jobs.queue import PermanentFailure, RetryAfter
from tca_app.core.outgoing import http
from tca_app.core.outgoing.http import TargetUnreachable, call, close_http, retry_after
from tca_app.core.outgoing.resilience import FAILURES_TO_OPEN, CircuitOpen, circuit_breaker
from tca_app.core.telemetry.log import request_id_var
from tests.factories import until
from tests.sinks import HttpSink


@pytest.fixture
async def sink(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[HttpSink]:
    monkeypatch.setattr(http, "FIRST_WAIT_S", 0.0)
    async with HttpSink() as running:
        yield running
    await close_http()


async def test_a_safe_call_is_repeated_until_it_is_answered(sink: HttpSink) -> None:
    sink.answers = [503, 502, 200]
    request_id_var.set("req-1")
    assert (await call("GET", sink.url)).status_code == 200
    assert len(sink.got) == 3
    assert {request.headers["x-request-id"] for request in sink.got} == {"req-1"}


async def test_a_post_is_repeated_only_with_a_key(sink: HttpSink) -> None:
    sink.answers = [503]
    with pytest.raises(TargetUnreachable):
        await call("POST", sink.url, json={})
    assert len(sink.got) == 1
    sink.answers = [503, 200]
    await call("POST", f"{sink.url}/events", json={"a": 1}, key="k1")
    assert [request.headers["idempotency-key"] for request in sink.got[1:]] == ["k1", "k1"]
    assert sink.got[-1].path == "/events"
    assert sink.got[-1].json() == {"a": 1}


@pytest.mark.parametrize("code", [400, 401, 403, 404, 410, 422, 301])
async def test_an_answer_that_will_not_change_is_final(sink: HttpSink, code: int) -> None:
    sink.answers = [code]
    with pytest.raises(PermanentFailure, match=str(code)):
        await call("GET", sink.url)
    assert len(sink.got) == 1


async def test_when_to_come_back_is_the_others_word(sink: HttpSink) -> None:
    sink.answers, sink.headers = [429], {"Retry-After": "120"}
    with pytest.raises(RetryAfter) as caught:
        await call("POST", sink.url, json={}, key="k")
    assert caught.value.after_s == 120
    assert len(sink.got) == 1


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("5", 5), ("", None), ("soon", None), ("-3", None), ("99999999", 3600), ("Thu, 01 Jan 1970 00:00:00 GMT", 0)],
)
def test_retry_after_in_every_form(value: str, seconds: float | None) -> None:
    assert retry_after(httpx.Headers({"Retry-After": value})) == seconds


def test_retry_after_as_a_date() -> None:
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    wait = retry_after(httpx.Headers({"Retry-After": at}))
    assert wait is not None
    assert 50 < wait <= 60


async def test_who_fails_again_and_again_is_left_alone_and_others_are_not(sink: HttpSink) -> None:
    async with HttpSink() as other:
        sink.answers = [500]
        for _ in range(2):
            with pytest.raises((TargetUnreachable, CircuitOpen)):
                await call("GET", sink.url)
        asked = len(sink.got)
        assert asked == FAILURES_TO_OPEN
        with pytest.raises(CircuitOpen):
            await call("GET", sink.url)
        assert len(sink.got) == asked
        assert (await call("GET", other.url)).status_code == 200


async def test_an_open_circuit_is_tried_again_after_a_while(sink: HttpSink) -> None:
    circuit_breaker(urlsplit(sink.url).netloc).open_s = 0.01
    sink.answers = [500] * FAILURES_TO_OPEN + [200]
    for _ in range(2):
        with pytest.raises((TargetUnreachable, CircuitOpen)):
            await call("GET", sink.url)

    async def is_answered() -> bool:
        try:
            return (await call("GET", sink.url)).status_code == 200
        except CircuitOpen:
            return False

    await until(is_answered)


@pytest.mark.parametrize("body", [b"OK", b"", b"{", b"\xff\xfe", b"x" * (http.MAX_BODY_BYTES * 4)])
async def test_only_the_status_of_an_answer_counts(sink: HttpSink, body: bytes) -> None:
    sink.body = body
    assert (await call("POST", sink.url, json={}, key="k")).status_code == 200
    assert len(sink.got) == 1


async def test_an_answer_that_breaks_off_after_its_status_counts(
    sink: HttpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "BODY_S", 0.05)
    sink.headers = {"Content-Length": "1000000"}
    sink.body = b""
    assert (await call("POST", sink.url, json={}, key="k")).status_code == 200
    assert len(sink.got) == 1


async def test_an_answer_without_an_end_is_not_waited_for(sink: HttpSink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "TOTAL_S", 0.05)
    sink.hold = asyncio.Event()
    with pytest.raises(TargetUnreachable, match="TimeoutError"):
        await call("POST", sink.url, json={})
    sink.hold.set()


async def test_nobody_there(sink: HttpSink) -> None:
    url = sink.url
    await sink.close()
    with pytest.raises(TargetUnreachable, match="cannot be reached"):
        await call("GET", url)

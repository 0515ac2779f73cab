"""Errors reach Sentry from each entry point, with user and request, without anything that a caller sent."""

import gzip
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import brotli
import httpx
import pytest
from pydantic import SecretStr
from reflex.istate.manager.memory import StateManagerMemory

from tca_app.config.settings import get_settings
from tca_app.core.database.session import transaction
from tca_app.core.errors import Conflict
from tca_app.core.jobs.queue import PermanentFailure, enqueue, task
from tca_app.core.telemetry.error_reporting import close_reports, report, start_reports
from tca_app.core.telemetry.log import request_id_var
from tca_app.core.telemetry.redaction import known_secrets
from tca_app.features.users import service as users
from tests.factories import bearer, do_jobs, make_user, run
from tests.logs import written_log
from tests.sinks import HttpSink
from tests.ui.harness import Notes, Tab, console_on, sign_in

KEY = "sentrykey0123456789"
SEARCH = "needle"  # far from the code that fails: a report shows the lines around it


def events_of(sink: HttpSink) -> list[dict[str, Any]]:
    """The error events of all envelopes: a header, then pairs of item header and item."""
    found = []
    for request in sink.got:
        unpack = {"gzip": gzip.decompress, "br": brotli.decompress}[request.headers["content-encoding"]]
        lines = unpack(request.body).split(b"\n")
        items = zip(lines[1::2], lines[2::2], strict=False)
        found += [json.loads(body) for header, body in items if header and json.loads(header)["type"] == "event"]
    return found


@pytest.fixture
async def sentry(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[HttpSink]:
    async with HttpSink() as sink:
        dsn = sink.url.replace("://", f"://{KEY}@") + "/42"
        monkeypatch.setattr(get_settings(), "sentry_dsn", SecretStr(dsn))
        known_secrets.cache_clear()
        start_reports()
        yield sink
        await close_reports()
    known_secrets.cache_clear()


async def test_an_error_of_a_call_is_reported_with_its_request_and_user(
    api: httpx.AsyncClient, sentry: HttpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = await make_user()
    header = await bearer(ana)

    async def fail(*_: Any, **__: Any) -> None:
        local = "-".join(("only", "in", "a", "variable"))
        raise RuntimeError(f"broken with password={len(local)}-in-the-text")

    monkeypatch.setattr(users, "list_users", fail)
    with written_log():  # without it structlog renders traces at length, in seconds
        answer = await api.get(f"/api/v1/users?search={SEARCH}", headers=header)
    assert answer.status_code == 500
    await close_reports()
    [event] = events_of(sentry)
    assert event["tags"] == {"door": "rest", "request_id": answer.json()["request_id"]}
    assert event["user"] == {"id": str(ana.user_id)}
    assert event["transaction"] == "GET /api/v1/users"
    assert event["exception"]["values"][-1]["value"] == "broken with password=[removed]"
    text = json.dumps(event)
    for hidden in ("only-in-a-variable", SEARCH, header["Authorization"].split()[1], KEY, '"vars"', '"request":'):
        assert hidden not in text, hidden


async def test_an_error_of_a_page_is_reported_and_a_refusal_is_not(sentry: HttpSink) -> None:
    ana = await make_user()
    cookie = await sign_in(ana)
    async with console_on(StateManagerMemory()) as console:
        tab = Tab(console, "t1", cookie)
        await tab.hydrate()
        await tab.send(Notes.purge)
        await tab.send(Notes.fail)
    await close_reports()
    [event] = events_of(sentry)
    assert (event["tags"]["door"], event["transaction"]) == ("ui", "Notes.fail")
    assert event["user"] == {"id": str(ana.user_id)}
    assert len(event["tags"]["request_id"]) == 16
    assert cookie not in json.dumps(event)


@task("test_reports_fails", "webhook_queue")
async def fails(_job: object, how: str) -> None:
    raise {"fault": RuntimeError("x"), "named": PermanentFailure("gone"), "refused": Conflict()}[how]


async def test_jobs_report_errors_at_once_and_expected_failures_when_given_up(sentry: HttpSink) -> None:
    request_id_var.set("cause-1")
    for how in ("fault", "named", "refused"):
        await run(lambda session, how=how: enqueue(session, "test_reports_fails", how=how))
    request_id_var.set("")
    await do_jobs()
    await close_reports()
    reported = [(e["exception"]["values"][-1]["type"], e["tags"]["request_id"]) for e in events_of(sentry)]
    assert sorted(reported) == [("PermanentFailure", "cause-1"), ("RuntimeError", "cause-1")]


def test_without_an_address_of_sentry_or_a_collector_nothing_is_imported_or_sent() -> None:
    program = (
        "import sys, tca_app.server.api, tca_app.server.worker, tca_app.core.telemetry.error_reporting as r;"
        "r.start_reports(); r.report(ValueError(), 'rest', 'x');"
        "import tca_app.core.telemetry.tracing as t; t.start_tracing(); assert t.traceparent() == t.trace_id() == '';"
        "libraries = ('sentry', 'opentelemetry.sdk.', 'opentelemetry.exporter', 'google.protobuf', 'requests');"
        "print([name for name in sys.modules if name.startswith(libraries) and sys.modules[name]])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1] == "[]"


async def test_an_unreachable_sentry_harms_nobody(sentry: HttpSink) -> None:
    await sentry.close()
    async with transaction():
        report(RuntimeError("x"), "rest", "GET /")

"""Traces: from a request or a click over SQL, jobs and calls, without secrets, and without harm to requests."""

import re
import time
from collections.abc import AsyncIterator, Sequence
from http.server import HTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import SpanKind, StatusCode
from pydantic import SecretStr
from reflex.istate.manager.memory import StateManagerMemory
from reflex_base import otel
from sqlalchemy import text
from sqlalchemy.exc import DataError
from starlette.types import ASGIApp

from tca_app.config.settings import get_settings
from tca_app.core.cache.redis import get_redis
from tca_app.core.database.session import reading, transaction
from tca_app.core.jobs.queue import enqueue
from tca_app.core.outgoing.resilience import circuit_breaker
from tca_app.core.telemetry import span_export, tracing
from tca_app.core.telemetry.metrics import REGISTRY
from tca_app.core.telemetry.span_export import BATCH, MAX_QUEUE
from tca_app.core.telemetry.tracing import client_span, close_tracing, root_span, start_tracing, traceparent
from tca_app.features.projects import service as projects
from tca_app.features.projects.schemas import ProjectUpdate
from tca_app.ui.websocket.traces import tracing_events
from tests.factories import bearer, do_jobs, make_project, make_user, make_webhook, run
from tests.logs import lines_of, written_log
from tests.server.test_edge import client_of, edge_with
from tests.sinks import HttpSink
from tests.traces import Traces, traces_of
from tests.ui.harness import Notes, Tab, console_on, sign_in

PAGE = Path(__file__).parents[3] / "docs" / "tracing.md"
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
GIVEN = f"00-{TRACE}-{SPAN}-01"


@pytest.fixture
async def traces() -> AsyncIterator[Traces]:
    async with traces_of() as found:
        yield found


@pytest.fixture
async def sink(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[HttpSink]:
    async with HttpSink() as running:
        monkeypatch.setattr(get_settings(), "outbound_allowed_hosts", [f"127.0.0.1:{running.port}"])
        yield running
    circuit_breaker.cache_clear()


def trace_of(span: ReadableSpan) -> str:
    return f"{span.context.trace_id:032x}"


async def test_a_request_leads_over_sql_and_jobs_to_the_call_of_a_webhook(
    api: httpx.AsyncClient, traces: Traces, sink: HttpSink
) -> None:
    ana = await make_user("ana")
    billing = await make_project(ana, "Billing")
    await make_webhook(ana, f"{sink.url}/hook/path-of-ana?key=1", billing, "project_updated")
    header = await bearer(ana)
    await do_jobs()
    with written_log() as log:
        body = {"description": "written by ana"}
        answer = await api.patch(f"/api/v1/projects/{billing}", json=body, headers=header)
        await do_jobs()
    assert answer.status_code == 200

    request = traces.named("PATCH /api/v1/projects/{project_id}")
    assert (request.kind, request.parent) == (SpanKind.SERVER, None)
    assert request.attributes == {
        "http.request.method": "PATCH",
        "http.route": "/api/v1/projects/{project_id}",
        "http.response.status_code": 200,
        "tca.request_id": answer.headers["x-request-id"],
    }
    assert {"SELECT", "UPDATE", "COMMIT"} <= {span.name for span in traces.below(request)}

    deliveries = [span for span in traces.below(request) if span.name == "job consume_webhooks"]
    [consuming] = deliveries
    assert consuming.kind == SpanKind.CONSUMER
    [delivering] = [span for span in traces.below(consuming) if span.name.startswith("job ")]
    [calling] = [span for span in traces.below(delivering) if span.name == "POST"]
    assert calling.attributes == {
        "http.request.method": "POST",
        "server.address": "127.0.0.1",
        "server.port": sink.port,
        "http.response.status_code": 200,
    }
    assert trace_of(calling) == trace_of(request)
    sent = f"00-{trace_of(request)}-{calling.context.span_id:016x}-01"
    assert [call.headers["traceparent"] for call in sink.got] == [sent]

    lines = [line for line in lines_of(log) if line.get("request_id") == answer.headers["x-request-id"]]
    assert {line["event"] for line in lines} >= {"request", "job.done"}
    assert {line.get("trace_id") for line in lines} == {trace_of(request)}
    for secret in ("written by ana", "path-of-ana", "ana@", header["Authorization"].split()[1][:20]):
        assert secret not in traces.text


async def test_a_statement_has_no_parameter_as_text(api: httpx.AsyncClient, traces: Traces) -> None:
    """The term of a search is in the text that PostgreSQL gets, because its plan depends on it."""
    header = await bearer(await make_user())
    for path in (
        "projects?search=canary.word",
        "deployments?search=canary.word",
        "projects?status=active&status=archived",
    ):
        assert (await api.get(f"/api/v1/{path}", headers=header)).status_code == 200
    assert "fold_text(" in traces.text
    assert [word for word in ("canary.word", "'archived', 'active'") if word in traces.text] == []


async def test_a_click_is_a_trace_of_its_handler(traces: Traces) -> None:
    ana = await make_user()
    async with console_on(StateManagerMemory()) as console:
        tab = Tab(console, "tab of ana", await sign_in(ana))
        await tab.hydrate()
        traces.exporter.clear()
        await tab.send(Notes.fail)
    click = traces.named("Notes.fail")
    assert (click.parent, click.status.status_code, click.status.description) == (None, StatusCode.ERROR, None)
    assert click.attributes is not None
    assert (click.attributes["error.type"], len(str(click.attributes["tca.request_id"]))) == ("RuntimeError", 16)
    assert not click.events
    assert "inner detail" not in traces.text
    assert "session.id" not in traces.text


async def test_what_an_event_chains_is_in_its_trace(traces: Traces) -> None:
    ana = await make_user()
    async with console_on(StateManagerMemory()) as console:
        await Tab(console, "tab", await sign_in(ana)).hydrate()
    first, *others = traces.spans
    assert "Notes.load" in {span.name for span in others}
    assert {trace_of(span) for span in others} == {trace_of(first)}
    assert "SELECT" in {span.name for span in traces.below(first)}  # whose session it is


async def test_an_event_cannot_bring_a_traceparent(traces: Traces) -> None:
    with otel.remote_context({"traceparent": GIVEN}):
        assert not trace.get_current_span().get_span_context().is_valid
    assert otel.enabled


async def test_a_traceparent_counts_behind_a_trusted_proxy_only(traces: Traces) -> None:
    for hops in (0, 1):
        async with client_of(edge_with(trusted_proxy_hops=hops)) as client:
            await client.get("/api", headers={"traceparent": GIVEN, "tracestate": "a=b", "baggage": "c=d"})
    direct, proxied = traces.spans
    assert proxied.parent
    assert (direct.parent, trace_of(direct) == TRACE) == (None, False)
    assert (trace_of(proxied), f"{proxied.parent.span_id:016x}") == (TRACE, SPAN)
    assert not proxied.context.trace_state


MALFORMED = (
    [""],
    ["x" * 8000],
    [GIVEN[:-1]],
    [f"ff-{TRACE}-{SPAN}-01"],
    [f"00-{'0' * 32}-{SPAN}-01"],
    [f"00-{TRACE}-{'0' * 16}-01"],
    [GIVEN.upper()],
    [f"{GIVEN}-{'x' * 8000}"],
    [GIVEN, GIVEN],
    ["00-\xe9" + GIVEN],
)


async def test_a_malformed_traceparent_is_ignored(traces: Traces) -> None:
    async with client_of(edge_with(trusted_proxy_hops=1)) as client:
        for given in MALFORMED:
            headers = [("traceparent", value.encode("latin-1")) for value in given]
            assert (await client.get("/api", headers=headers)).status_code == 200
    assert {span.parent for span in traces.spans} == {None}
    assert len({trace_of(span) for span in traces.spans} - {TRACE}) == len(MALFORMED)


async def test_a_proxy_may_decide_that_a_trace_is_not_recorded(traces: Traces) -> None:
    async with client_of(edge_with(trusted_proxy_hops=1)) as client:
        await client.get("/api", headers={"traceparent": f"00-{TRACE}-{SPAN}-00"})
    assert traces.spans == []


async def test_pages_and_probes_have_no_spans(traces: Traces, edge: ASGIApp, api: httpx.AsyncClient) -> None:
    for path in ("/", "/health/live", "/health/ready", "/metrics", "/assets/a.js"):
        await api.get(path)
    assert traces.spans == []


async def test_a_call_that_does_not_exist_has_no_name_of_its_own(traces: Traces, api: httpx.AsyncClient) -> None:
    await api.request("BREW", "/api/v1/secret-path")
    assert [span.name for span in traces.spans] == ["other other"]
    assert "secret-path" not in traces.text


async def test_a_failing_statement_has_its_code_and_not_its_text(traces: Traces) -> None:
    with root_span("test", "server", {}), pytest.raises(DataError):
        async with transaction() as session:
            await session.execute(text("SELECT CAST(:given AS date)"), {"given": "hidden-value"})
    failed = traces.named("SELECT")
    assert failed.attributes is not None
    assert (failed.status.status_code, failed.attributes["db.response.status_code"]) == (StatusCode.ERROR, "22007")
    assert failed.attributes["db.query.text"] == "SELECT CAST(%(given)s AS date)"
    assert "hidden-value" not in traces.text


async def test_a_command_of_redis_has_neither_key_nor_value(traces: Traces) -> None:
    with root_span("test", "server", {}):
        await get_redis().set("hidden-key", "hidden-value", ex=1)
    assert traces.named("SET").attributes == {"db.system.name": "redis", "db.operation.name": "SET"}


async def test_background_work_has_no_spans(traces: Traces) -> None:
    async with reading() as session:
        await session.execute(text("SELECT 1"))
    await get_redis().exists("key")
    assert traces.spans == []


async def test_a_job_with_a_broken_cause_starts_a_trace(traces: Traces) -> None:
    await run(lambda session: enqueue(session, "call_service", cause={"traceparent": ["x"]}, nothing=1))
    await do_jobs()
    [job] = [span for span in traces.spans if span.name == "job call_service"]
    assert (job.parent, job.status.status_code) == (None, StatusCode.ERROR)


async def test_events_that_are_handled_in_one_batch_are_linked(traces: Traces) -> None:
    ana = await make_user()
    billing = await make_project(ana)
    await do_jobs()
    traces.exporter.clear()
    for number in range(3):
        with root_span(f"test {number}", "server", {}):
            await run(projects.update_project, ana, billing, ProjectUpdate(description=f"x{number}"))
    await do_jobs()
    requests = [traces.named(f"test {number}") for number in range(3)]
    batch = next(span for span in traces.spans if span.name == "job consume_analytics")
    linked = {f"{link.context.trace_id:032x}" for link in batch.links}
    assert {trace_of(batch)} | linked == {trace_of(request) for request in requests}


async def test_a_share_of_the_traces_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "otel_traces_sampler_arg", 0.0)
    async with traces_of() as found:
        with root_span("test", "server", {}):
            assert traceparent().endswith("-00")  # others do not record it either
        assert found.spans == []


async def test_the_collector_gets_protobuf_with_the_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    async with HttpSink() as collector:
        settings = get_settings()
        monkeypatch.setattr(settings, "otel_exporter_otlp_endpoint", f"{collector.url}/base/")
        monkeypatch.setattr(settings, "otel_exporter_otlp_headers", SecretStr("api-key=a%20b,x-tenant=ops"))
        start_tracing()
        with root_span("test", "server", {}):
            pass
        await close_tracing()
    [got] = collector.got
    assert (got.method, got.path) == ("POST", "/base/v1/traces")
    assert (got.headers["api-key"], got.headers["x-tenant"]) == ("a b", "ops")
    assert got.headers["content-type"] == "application/x-protobuf"


async def test_the_receiver_of_the_documentation_prints_what_arrives(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    example: dict[str, Any] = {}
    exec(code.replace('HTTPServer(("localhost", 4318), Receiver).serve_forever()', ""), example)
    with HTTPServer(("localhost", 0), example["Receiver"]) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setattr(get_settings(), "otel_exporter_otlp_endpoint", f"http://localhost:{server.server_port}")
        start_tracing()
        with root_span("job outer", "consumer", {}):
            outer = traceparent()
            with client_span("SELECT", {}):
                pass
        await close_tracing()
        server.shutdown()
    trace, parent = outer[3:11], outer[36:52]
    first, second = (re.sub(r" +[\d.]+ ms", "", line) for line in capfd.readouterr().out.splitlines())
    assert (first, second) == (f"{trace} {'-' * 16} job outer", f"{trace} {parent} SELECT")


def spans_counted(result: str) -> float:
    return REGISTRY.get_sample_value("tca_trace_spans_total", {"result": result}) or 0.0


async def test_a_dead_collector_harms_no_request(api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    async with HttpSink() as collector:
        url = collector.url
    monkeypatch.setattr(get_settings(), "otel_exporter_otlp_endpoint", url)
    monkeypatch.setattr(span_export, "TIMEOUT_S", 0.2)
    before = spans_counted("failed")
    start_tracing()
    assert (await api.get("/api")).status_code == 200
    with written_log() as log:
        await close_tracing()
    assert spans_counted("failed") == before + 1
    assert "Failed to export" in log.getvalue()


class _Stuck(SpanExporter):
    """A collector that takes a batch and does not answer."""

    def __init__(self) -> None:
        self.is_asked, self.release = Event(), Event()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.is_asked.set()
        self.release.wait(30)
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Nothing is open."""


async def test_spans_that_a_slow_collector_does_not_take_are_dropped_and_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tracing, "SHUTDOWN_TIMEOUT_S", 0.1)
    stuck, before = _Stuck(), spans_counted("dropped")
    start_tracing(stuck)
    began = time.perf_counter()
    for _ in range(BATCH):
        with root_span("test", "server", {}):
            pass
    assert stuck.is_asked.wait(10)
    for _ in range(MAX_QUEUE + 10):
        with root_span("test", "server", {}):
            pass
    assert spans_counted("dropped") == before + 10
    await close_tracing()  # does not wait for it
    assert time.perf_counter() - began < 10
    stuck.release.set()


async def test_without_an_endpoint_jobs_and_calls_carry_nothing() -> None:
    async with tracing_events():
        assert not otel.enabled
    with root_span("test", "server", {}) as span:
        span.set_attribute("a", 1)
        assert tracing.trace_headers() == {}

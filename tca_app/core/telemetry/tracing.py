"""Traces of requests, UI events and jobs over SQL, Redis and outgoing calls, for OTEL_EXPORTER_OTLP_ENDPOINT.

While it is not set, the SDK of OpenTelemetry is not imported, and every function here returns at once. Spans have
names from fixed lists and the attributes of `spans.ATTRIBUTES`: no parameters, bodies, header values or query strings.
"""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from threading import Thread
from typing import Any, Literal, Protocol

from tca_app.config.settings import get_settings

Kind = Literal["server", "consumer", "client"]
Value = str | int
SHUTDOWN_TIMEOUT_S = 2.0


class Span(Protocol):
    """A span that runs. Its other methods are those of OpenTelemetry."""

    def set_attribute(self, key: str, value: Value) -> None: ...


class _NoSpan:
    def set_attribute(self, key: str, value: Value) -> None: ...


class Spans(Protocol):
    """What `core.telemetry.spans` does for this module, which is imported only while traces are on."""

    provider: Any

    def root(
        self, name: str, kind: Kind, attributes: Mapping[str, Value], parent: str
    ) -> AbstractContextManager[Span]: ...
    def child(self, name: str, attributes: Mapping[str, Value]) -> AbstractContextManager[Span] | None: ...
    def note(self, name: str, attributes: Mapping[str, Value]) -> None: ...
    def fail(self, error_type: str) -> None: ...
    def link(self, parents: Iterable[str]) -> None: ...
    def traceparent(self) -> str: ...
    def trace_id(self) -> str: ...
    def close(self) -> None: ...


_spans: Spans | None = None
_OFF: AbstractContextManager[Span] = nullcontext(_NoSpan())


def start_tracing(exporter: object = None) -> None:
    """Start tracing, once per web or worker process. `exporter` replaces the one that sends to the endpoint."""
    global _spans
    settings = get_settings()
    if _spans is None and (settings.otel_exporter_otlp_endpoint or exporter):
        _spans = import_module("tca_app.core.telemetry.spans").OpenTelemetrySpans(settings, exporter)


async def close_tracing() -> None:
    """Send the waiting spans, for two seconds at most."""
    global _spans
    if _spans is not None:
        closing, _spans = _spans, None
        # A thread that the process does not wait for: the SDK waits for half a minute while the collector hangs.
        thread = Thread(target=closing.close, daemon=True)
        thread.start()
        await asyncio.to_thread(thread.join, SHUTDOWN_TIMEOUT_S)


def tracer_provider() -> Any | None:  # noqa: ANN401 - a type of a library that may not be imported
    """Return the provider for a library with trace points of its own, or None while traces are off."""
    return _spans.provider if _spans else None


def root_span(name: str, kind: Kind, attributes: Mapping[str, Value], parent: str = "") -> AbstractContextManager[Span]:
    """Open a span for a request or a job: of a new trace, or below `parent`, the traceparent of a trusted caller."""
    return _spans.root(name, kind, attributes, parent) if _spans else _OFF


def client_span(name: str, attributes: Mapping[str, Value]) -> AbstractContextManager[Span]:
    """Open a span for a call to another server. Outside of a trace, as in background tasks, there is none."""
    return (_spans.child(name, attributes) if _spans else None) or _OFF


def note_span(name: str, attributes: Mapping[str, Value]) -> None:
    """Name the current span, and set these attributes."""
    if _spans:
        _spans.note(name, attributes)


def fail_span(error_type: str) -> None:
    """Mark the current span as failed. It has the type of the error only, because a text may contain anything."""
    if _spans:
        _spans.fail(error_type)


def link_spans(parents: Iterable[str]) -> None:
    """Link the current span to others whose work it does, too."""
    if _spans:
        _spans.link(parents)


def traceparent() -> str:
    """Return the current span for a job or another service (W3C Trace Context), or ""."""
    return _spans.traceparent() if _spans else ""


def trace_headers() -> dict[str, str]:
    """Return the header that makes the spans of another service part of this trace."""
    parent = traceparent()
    return {"traceparent": parent} if parent else {}


def trace_id() -> str:
    """Return the id of the current trace for log lines, or ""."""
    return _spans.trace_id() if _spans else ""

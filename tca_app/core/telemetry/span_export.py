"""Sends spans to the collector from a thread of its own, so that no request waits for it.

The queue is bounded: what a slow or dead collector does not take is dropped and counted.
"""

import logging
from collections.abc import Sequence
from functools import lru_cache

import requests
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Status

from tca_app.config.schema import Settings
from tca_app.core.otlp import read_headers, traces_url
from tca_app.core.telemetry.metrics import note_spans
from tca_app.core.telemetry.redaction import excerpt

MAX_QUEUE = 2048
BATCH = 512
INTERVAL_MS = 2000
TIMEOUT_S = 5.0  # of a batch, with its repetitions
# Everything else that a library notes on a span stays here: session ids, addresses of callers, texts of errors.
ATTRIBUTES = frozenset(
    {
        "code.function.name",
        "db.operation.name",
        "db.query.text",
        "db.response.status_code",
        "db.system.name",
        "error.type",
        "http.request.method",
        "http.response.status_code",
        "http.route",
        "reflex.event.name",
        "server.address",
        "server.port",
        "tca.job.attempt",
        "tca.job.id",
        "tca.request_id",
        "tca.task",
    }
)


def otlp_exporter(settings: Settings) -> SpanExporter:
    """Return the exporter that sends to the endpoint, without the proxies and credentials of the environment."""
    logging.getLogger("opentelemetry").setLevel(logging.ERROR)  # a warning at each repetition says nothing more
    session = requests.Session()
    session.trust_env = False
    return OTLPSpanExporter(
        endpoint=traces_url(settings.otel_exporter_otlp_endpoint),
        headers=read_headers(settings.otel_exporter_otlp_headers.get_secret_value()),
        timeout=TIMEOUT_S,
        compression=Compression.Gzip,
        session=session,
    )


class BoundedProcessor(BatchSpanProcessor):
    """The SDK's queue and thread. It counts what does not fit: the SDK would log each span that it drops."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._queued = 0  # counted by the event loop
        self._taken = _Redacting(exporter)  # and by the thread
        super().__init__(self._taken, MAX_QUEUE, INTERVAL_MS, BATCH)

    def on_end(self, span: ReadableSpan) -> None:
        if not (span.context and span.context.trace_flags.sampled):
            return
        if self._queued - self._taken.count >= MAX_QUEUE:
            note_spans("dropped", 1)
            return
        self._queued += 1
        super().on_end(span)


class _Redacting(SpanExporter):
    """Exports copies of the spans with known attributes only. It runs in the thread of the queue."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self.count = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.count += len(spans)
        result = SpanExportResult.FAILURE
        try:
            result = self._exporter.export([_redacted(span) for span in spans])
        finally:
            note_spans("sent" if result is SpanExportResult.SUCCESS else "failed", len(spans))
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        return self._exporter.force_flush(timeout_millis)


def _redacted(span: ReadableSpan) -> ReadableSpan:
    """Return a copy with known attributes, without events and without the text of an error."""
    known = {name: value for name, value in (span.attributes or {}).items() if name in ATTRIBUTES}
    return ReadableSpan(
        name=_clean(span.name),
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes={name: _clean(value) if isinstance(value, str) else value for name, value in known.items()},
        links=span.links,
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


@lru_cache(4096)
def _clean(text: str) -> str:
    """Remove credentials, as from a log line. Cached, since the same statements come again and again."""
    return excerpt(text)

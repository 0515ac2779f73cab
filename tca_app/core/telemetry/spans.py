"""The spans of this process, made with the SDK of OpenTelemetry; imported only while traces are on."""

import os
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from tca_app.config.schema import Settings
from tca_app.config.settings import VERSION
from tca_app.core.telemetry.span_export import BoundedProcessor, otlp_exporter
from tca_app.core.telemetry.sql_spans import SqlSpans

MAX_TRACEPARENT = 256  # of version 00 it has 55 characters; a later version may have more
MAX_LINKS = 32
KINDS = {"server": SpanKind.SERVER, "consumer": SpanKind.CONSUMER, "client": SpanKind.CLIENT}
_W3C = TraceContextTextMapPropagator()

Attributes = Mapping[str, str | int]


class OpenTelemetrySpans:
    """The tracer of this process. It is not the global one, so libraries cannot add spans of their own."""

    def __init__(self, settings: Settings, exporter: SpanExporter | None = None) -> None:
        self.provider = TracerProvider(
            sampler=ParentBasedTraceIdRatio(settings.otel_traces_sampler_arg),
            resource=_resource(settings),
            shutdown_on_exit=False,  # it would wait for a collector that hangs
            span_limits=SpanLimits(max_attributes=32, max_events=0, max_links=MAX_LINKS, max_attribute_length=2000),
        )
        self.provider.add_span_processor(BoundedProcessor(exporter or otlp_exporter(settings)))
        self._tracer = self.provider.get_tracer("tca_app", VERSION)
        self._sql = SqlSpans(self._tracer)

    def close(self) -> None:
        self._sql.close()
        self.provider.shutdown()

    def root(self, name: str, kind: str, attributes: Attributes, parent: str) -> AbstractContextManager[Span]:
        return self._open(name, KINDS[kind], attributes, _remote(parent))

    def child(self, name: str, attributes: Attributes) -> AbstractContextManager[Span] | None:
        if not trace.get_current_span().is_recording():
            return None
        return self._open(name, SpanKind.CLIENT, attributes, None)

    @contextmanager
    def _open(self, name: str, kind: SpanKind, attributes: Attributes, context: Context | None) -> Iterator[Span]:
        with self._tracer.start_as_current_span(
            name, context, kind, attributes, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield span
            except Exception as error:
                self.fail(type(error).__name__)
                raise

    def note(self, name: str, attributes: Attributes) -> None:
        span = trace.get_current_span()
        span.update_name(name)
        span.set_attributes(dict(attributes))

    def fail(self, error_type: str) -> None:
        span = trace.get_current_span()
        span.set_attribute("error.type", error_type)
        span.set_status(Status(StatusCode.ERROR))

    def link(self, parents: Iterable[str]) -> None:
        span = trace.get_current_span()
        for parent in set(parents):
            context = trace.get_current_span(_remote(parent)).get_span_context()
            if context.is_valid:
                span.add_link(context)

    def traceparent(self) -> str:
        context = trace.get_current_span().get_span_context()
        if not context.is_valid:
            return ""
        return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags & 1:02x}"

    def trace_id(self) -> str:
        context = trace.get_current_span().get_span_context()
        return f"{context.trace_id:032x}" if context.is_valid else ""


def _remote(parent: str) -> Context:
    """Return the context of a traceparent, or an empty one for none and for a malformed one."""
    return _W3C.extract({"traceparent": parent} if len(parent) <= MAX_TRACEPARENT else {}, Context())


def _resource(settings: Settings) -> Resource:
    """Return what all spans share: OTEL_RESOURCE_ATTRIBUTES, and the service over it."""
    own = {
        "service.name": settings.otel_service_name,
        "service.version": VERSION,
        "service.instance.id": f"{socket.gethostname()}:{os.getpid()}",
        "deployment.environment.name": settings.environment,
    }
    return Resource.get_empty().merge(OTELResourceDetector().detect()).merge(Resource(own))

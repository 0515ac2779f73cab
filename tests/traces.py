"""Traces of this process in memory, as they would leave it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tca_app.core.telemetry.tracing import close_tracing, start_tracing, tracer_provider
from tca_app.ui.websocket.traces import tracing_events


class Traces:
    """The spans that ended so far."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()

    @property
    def spans(self) -> list[ReadableSpan]:
        if provider := tracer_provider():
            provider.force_flush()
        return sorted(self.exporter.get_finished_spans(), key=lambda span: span.start_time or 0)

    def named(self, name: str) -> ReadableSpan:
        [span] = [span for span in self.spans if span.name == name]
        return span

    def below(self, parent: ReadableSpan) -> list[ReadableSpan]:
        return [span for span in self.spans if span.parent and span.parent.span_id == parent.context.span_id]

    @property
    def text(self) -> str:
        return "\n".join(span.to_json() for span in self.spans)


@asynccontextmanager
async def traces_of(exporter: SpanExporter | None = None) -> AsyncIterator[Traces]:
    """Record the spans of REST, UI events and jobs; `exporter` takes them instead."""
    traces = Traces()
    start_tracing(exporter or traces.exporter)
    try:
        async with tracing_events():
            yield traces
    finally:
        await close_tracing()

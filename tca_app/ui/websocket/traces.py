"""Spans of UI events: Reflex opens and chains them, and the gate names them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from reflex_base import otel

from tca_app.core.telemetry.tracing import tracer_provider


class _NoParent:
    """Ignores the traceparent that an event may bring: anybody who can open a page could write into any trace."""

    def extract(self, _carrier: object, context: Any) -> Any:
        return context


@asynccontextmanager
async def tracing_events() -> AsyncIterator[None]:
    """Open a span for each event inside the context, if traces are on. Chained events are in the same trace."""
    if provider := tracer_provider():
        otel.enable(tracer_provider=provider)
        otel._remote_propagator = _NoParent()  # type: ignore[assignment]
    try:
        yield
    finally:
        otel.disable()

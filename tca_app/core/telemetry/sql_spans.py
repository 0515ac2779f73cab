"""Spans of SQL statements, for every engine of the process."""

from collections.abc import Callable

from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer
from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import ExceptionContext, ExecutionContext

from tca_app.core.database.statements import with_placeholders

_Context = ExecutionContext | None


class SqlSpans:
    """Listens to SQLAlchemy. A statement has its placeholders as text, never its parameters.

    Only statements of a trace have a span, not those of background tasks.
    """

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self._listeners: dict[str, Callable[..., None]] = {
            "before_cursor_execute": self._begin,
            "after_cursor_execute": self._end,
            "handle_error": self._fail,
        }
        for name, listener in self._listeners.items():
            event.listen(Engine, name, listener)

    def close(self) -> None:
        for name, listener in self._listeners.items():
            event.remove(Engine, name, listener)

    def _begin(
        self, _connection: object, _cursor: object, statement: str, _parameters: object, context: _Context, _many: bool
    ) -> None:
        if context is None or not trace.get_current_span().is_recording():
            return
        operation = _operation(statement)
        text = with_placeholders(statement, context)
        attributes = {"db.system.name": "postgresql", "db.operation.name": operation, "db.query.text": text}
        context.tca_span = self._tracer.start_span(operation, kind=SpanKind.CLIENT, attributes=attributes)  # type: ignore[attr-defined]

    def _end(
        self, _connection: object, _cursor: object, _statement: str, _parameters: object, context: _Context, _many: bool
    ) -> None:
        if span := _span_of(context):
            span.end()

    def _fail(self, failure: ExceptionContext) -> None:
        if span := _span_of(failure.execution_context):
            error = failure.original_exception
            span.set_attribute("error.type", type(error).__name__)
            if state := getattr(error, "sqlstate", None):
                span.set_attribute("db.response.status_code", state)
            span.set_status(Status(StatusCode.ERROR))
            span.end()


def _operation(statement: str) -> str:
    """Return the first word of a statement, which is a keyword."""
    word = next(iter(statement[:40].split()), "")
    return word.upper() if word.isalpha() else "SQL"


def _span_of(context: _Context) -> Span | None:
    span: Span | None = getattr(context, "tca_span", None)
    return span

"""Structured logs: one line per event, as JSON or for a console, with the request id and without secrets."""

import logging
import sys
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

import orjson
import structlog
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import EventDict, Processor, WrappedLogger

from tca_app.config.settings import get_settings
from tca_app.core.telemetry.redaction import REMOVED, excerpt, is_secret, redact, redact_text
from tca_app.core.telemetry.sampling import LibraryFilter
from tca_app.core.telemetry.tracing import trace_id

request_id_var: ContextVar[str] = ContextVar("request_id", default="")
user_id_var: ContextVar[int | None] = ContextVar("user_id", default=None)  # the acting user, for error reports
MAX_TRACE = 20_000


def _add_ids(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    if request_id := request_id_var.get():
        event.setdefault("request_id", request_id)
    if trace := trace_id():
        event["trace_id"] = trace
    return event


def _clean(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Redact values under secret names, cut long ones, and escape control characters."""
    for key, value in event.items():
        if is_secret(key):
            event[key] = REMOVED
        elif key == "exception" and isinstance(value, str):
            event[key] = _indented(excerpt(value, MAX_TRACE))
        elif not isinstance(value, int | float | None):
            event[key] = redact(value if isinstance(value, str | dict | list | tuple) else repr(value), _visible)
    return event


def _indented(trace: str) -> str:
    """Indent a traceback for the console, so that a line break in an error message cannot forge a log line."""
    return "\n".join(f"    {_printable(line)}" for line in trace.split("\n"))


def _visible(text: str) -> str:
    return _printable(excerpt(text))


def _printable(text: str) -> str:
    """Escape characters that move a cursor, break a line or reorder text (`\\x1b`, `\\n`, `\\u202e`).

    Lone surrogates are escaped too, because UTF-8 cannot encode them.
    """
    if text.isprintable():
        return text
    return "".join(map(_shown, text))


@lru_cache(4096)
def _shown(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()


def _scrub_line(_logger: WrappedLogger, _method: str, line: str) -> str:
    """Redact the finished line as a last step, because error messages of libraries may contain secrets."""
    return redact_text(line)


def _json(event: EventDict, **_options: object) -> str:
    return orjson.dumps(event, default=repr).decode()


def setup_logging() -> None:
    """Send structlog and the standard library's loggers to standard error in one form."""
    settings = get_settings()
    level = logging.DEBUG if settings.debug else getattr(logging, settings.log_level)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_ids,
    ]
    final: list[Any] = [*(_json_lines() if settings.log_format == "json" else _console_lines()), _scrub_line]
    # structlog writes directly: through the standard library a line costs as much as a small request.
    structlog.configure(
        processors=[*shared, *final],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    _standard_library(level, [structlog.stdlib.add_logger_name, *shared], final)


def _json_lines() -> list[Processor]:
    """Return the JSON processors. Tracebacks have no local variables, because those contain request data."""
    render = structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False))
    return [render, _clean, structlog.processors.JSONRenderer(serializer=_json)]


def _console_lines() -> list[Processor]:
    render = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback, pad_event_to=0
    )
    return [structlog.processors.format_exc_info, _clean, render]


def _standard_library(level: int, shared: list[Processor], final: list[Any]) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(LibraryFilter())
    processors = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *final]
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=processors))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("sqlalchemy.engine", "engineio", "socketio", "httpx", "httpcore", "granian", "procrastinate"):
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    if get_settings().debug:
        logging.getLogger("sqlalchemy.engine").setLevel(logging.INFO)  # the engines hide the parameters

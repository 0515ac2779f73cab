"""Captures the log of this process as text."""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal
from unittest.mock import patch

import structlog

from tca_app.config.settings import get_settings
from tca_app.core.telemetry.log import setup_logging


@contextmanager
def written_log(form: Literal["console", "json"] = "json", *, debug: bool = False) -> Iterator[io.StringIO]:
    """Everything from INFO up, or all with DEBUG, of the console and of libraries, formatted and redacted."""
    settings, root, configure = get_settings(), logging.getLogger(), structlog.configure
    handlers, level, configured = root.handlers[:], root.level, structlog.get_config()
    text = io.StringIO()
    # Loggers must not be kept: they would write into this text for ever.
    uncached = lambda **given: configure(**given | {"cache_logger_on_first_use": False})  # noqa: E731
    with (
        patch.object(settings, "log_format", form),
        patch.object(settings, "log_level", "INFO"),
        patch.object(settings, "debug", debug),
        patch("sys.stderr", text),
        patch.object(structlog, "configure", uncached),
    ):
        setup_logging()
    try:
        yield text
    finally:
        configure(**configured)
        root.handlers[:] = handlers
        root.setLevel(level)
        logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)


def lines_of(text: io.StringIO) -> list[dict[str, Any]]:
    """The lines of a log in JSON."""
    return [json.loads(line) for line in text.getvalue().splitlines()]

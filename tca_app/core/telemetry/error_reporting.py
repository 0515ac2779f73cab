"""Errors of ours, told to Sentry when SENTRY_DSN is set; without it nothing of its library is even imported.

A client of our own instead of `sentry_sdk.init`: no integration patches a library, nothing else is sent than the error
with its trace, the request id and the user id. No local variables, no headers, no bodies, and scrubbed as the log is.
"""

import asyncio
from importlib import import_module

import structlog

from tca_app.config.schema import Settings
from tca_app.config.settings import VERSION, get_settings
from tca_app.core.telemetry.log import request_id_var, user_id_var
from tca_app.core.telemetry.redaction import redact

log = structlog.get_logger(__name__)

END_S = 2.0


class _Reporter:
    def __init__(self, settings: Settings) -> None:
        sdk = import_module("sentry_sdk")
        self._event_of = import_module("sentry_sdk.utils").event_from_exception
        self._scope = sdk.Scope
        self._client = sdk.Client(
            dsn=settings.sentry_dsn.get_secret_value(),
            release=f"tca-infraforge@{VERSION}",
            environment=settings.environment,
            before_send=lambda event, _hint: redact(event),
            default_integrations=False,
            auto_enabling_integrations=False,
            auto_session_tracking=False,
            enable_backpressure_handling=False,
            include_local_variables=False,
            max_breadcrumbs=0,
            max_request_body_size="never",
            send_client_reports=False,
            spotlight=False,
            debug=False,
            http_proxy="",  # as for every other service: no proxy that only the environment knows
            https_proxy="",
        )

    def send(self, error: BaseException, door: str, place: str) -> None:
        event, hint = self._event_of(error, client_options=self._client.options)
        scope = self._scope(client=self._client)
        scope.set_tag("door", door)
        scope.set_tag("request_id", request_id_var.get())
        scope.set_transaction_name(place)
        if user_id_var.get() is not None:
            scope.set_user({"id": str(user_id_var.get())})
        self._client.capture_event(event, hint, scope)

    def close(self) -> None:
        self._client.close(timeout=END_S)


_reporter: _Reporter | None = None


def start_reports() -> None:
    """Once per process that serves or works."""
    global _reporter
    settings = get_settings()
    if settings.sentry_dsn.get_secret_value() and _reporter is None:
        _reporter = _Reporter(settings)


def report(error: BaseException, door: str, place: str) -> None:
    """Tell of an error. `door` is rest, ui or job; `place` the route, handler or task. Costs no waiting."""
    if _reporter is None:
        return
    try:
        _reporter.send(error, door, place)
    except Exception as failure:
        # Whoever reports is dealing with an error already; a second one would hide it.
        log.warning("report.failed", error=type(failure).__name__)


async def close_reports() -> None:
    """Send what waits, for two seconds at most."""
    global _reporter
    if _reporter is not None:
        closing, _reporter = _reporter, None
        await asyncio.to_thread(closing.close)

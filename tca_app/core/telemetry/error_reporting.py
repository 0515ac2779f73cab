"""Reports bugs to Sentry when SENTRY_DSN is set; without it the Sentry library is not imported.

It uses its own client instead of `sentry_sdk.init`, so that no integration patches a library. It sends only the error
with its traceback, the request id and the user id: no local variables, headers or bodies, and redacted like the log.
"""

import asyncio
from importlib import import_module

import structlog

from tca_app.config.schema import Settings
from tca_app.config.settings import VERSION, get_settings
from tca_app.core.telemetry.log import request_id_var, user_id_var
from tca_app.core.telemetry.redaction import redact
from tca_app.core.telemetry.tracing import trace_id

log = structlog.get_logger(__name__)

SHUTDOWN_TIMEOUT_S = 2.0


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
            http_proxy="",  # ignore proxies of the environment, as for every other service
            https_proxy="",
        )

    def send(self, error: BaseException, origin: str, location: str) -> None:
        event, hint = self._event_of(error, client_options=self._client.options)
        scope = self._scope(client=self._client)
        scope.set_tag("door", origin)
        scope.set_tag("request_id", request_id_var.get())
        if trace := trace_id():
            scope.set_tag("trace_id", trace)
        scope.set_transaction_name(location)
        if user_id_var.get() is not None:
            scope.set_user({"id": str(user_id_var.get())})
        self._client.capture_event(event, hint, scope)

    def close(self) -> None:
        self._client.close(timeout=SHUTDOWN_TIMEOUT_S)


_reporter: _Reporter | None = None


def start_reports() -> None:
    """Start error reporting, once per web or worker process."""
    global _reporter
    settings = get_settings()
    if settings.sentry_dsn.get_secret_value() and _reporter is None:
        _reporter = _Reporter(settings)


def report(error: BaseException, origin: str, location: str) -> None:
    """Report an error, without waiting. `origin` is rest, ui or job; `location` is the route, handler or task."""
    if _reporter is None:
        return
    try:
        _reporter.send(error, origin, location)
    except Exception as failure:
        # The caller is handling an error already; a second one would hide it.
        log.warning("report.failed", error=type(failure).__name__)


async def close_reports() -> None:
    """Send the pending reports, for two seconds at most."""
    global _reporter
    if _reporter is not None:
        closing, _reporter = _reporter, None
        await asyncio.to_thread(closing.close)

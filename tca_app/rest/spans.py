"""The span of a REST request: of a new trace, or of the one that a trusted proxy names."""

from contextlib import AbstractContextManager

from starlette.types import Scope

from tca_app.core.telemetry.metrics import METHODS, OTHER
from tca_app.core.telemetry.tracing import Span, fail_span, note_span, root_span


def request_span(scope: Scope, hops: int) -> AbstractContextManager[Span]:
    """Open the span of a request. Without a trusted proxy anybody could write into any trace, so the header is ignored.

    So are two of them, which the proxy would not send.
    """
    given = [value for name, value in scope["headers"] if name == b"traceparent"] if hops else []
    method = _method(scope)
    parent = given[0].decode("latin-1") if len(given) == 1 else ""
    return root_span(method, "server", {"http.request.method": method}, parent)


def note_response(scope: Scope, route: str, status: int, request_id: str) -> None:
    """Name the span by the route template, because a path may hold a token."""
    attributes: dict[str, str | int] = {"http.route": route, "http.response.status_code": status}
    note_span(f"{_method(scope)} {route}", attributes | {"tca.request_id": request_id})
    if status >= 500:
        fail_span(str(status))


def _method(scope: Scope) -> str:
    return scope["method"] if scope["method"] in METHODS else OTHER

"""The errors of the client: what the console refused, and that it could not be reached."""

from dataclasses import dataclass, field
from typing import Any

import httpx


class TcaError(Exception):
    """Base of all errors of the client. Its text is one line for people."""


class Unreachable(TcaError):
    """There was no response, or one that says that the console is not there or has failed."""


class NotAConsole(TcaError):
    """Something else responded."""


@dataclass(eq=False)
class Problem(TcaError):
    """The console refused (RFC 9457). `code` does not change between versions; `request_id` finds the call in its log.

    `attempts` counts how often the call was sent: what was sent before may have had its effect already. `body` is the
    whole problem.
    """

    status: int
    code: str
    detail: str
    request_id: str = ""
    errors: list[dict[str, str]] = field(default_factory=list)
    attempts: int = 1
    body: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        bad = "; ".join(f"{error['pointer']}: {error['detail']}" for error in self.errors)
        return f"{self.detail} ({bad})" if bad else self.detail


class NotSignedIn(Problem):
    """401: no token, or one that is wrong, expired or revoked."""


class Forbidden(Problem):
    """403: the token, or the role of its owner, does not allow it."""


class NotFound(Problem):
    """404: it does not exist, or not for this token."""


class Conflict(Problem):
    """409: the state does not allow it. `code` says why."""


class PreconditionFailed(Problem):
    """412: somebody else saved first."""


class Invalid(Problem):
    """422: `errors` names each bad field."""


class TooManyRequests(Problem):
    """429, after the retries."""


BY_STATUS: dict[int, type[Problem]] = {
    401: NotSignedIn,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    412: PreconditionFailed,
    422: Invalid,
    429: TooManyRequests,
}
# A proxy without a console behind it. A 503 of the console itself is a problem, and as temporary.
UNAVAILABLE = frozenset({502, 503, 504})


def error_of(response: httpx.Response, attempts: int) -> TcaError:
    """Return the error that a response is."""
    status = response.status_code
    try:
        body = response.json()
        known = {"code": str(body["code"]), "detail": str(body["detail"]), "request_id": str(body["request_id"])}
        bad = [{"pointer": str(each["pointer"]), "detail": str(each["detail"])} for each in body.get("errors") or []]
    except (ValueError, KeyError, TypeError, AttributeError):
        return _foreign(response)
    if status in UNAVAILABLE:
        return Unreachable(f"The console is not available: {known['detail']}")
    if status >= 500:
        return Unreachable(f"The console failed: {known['detail']} (request {known['request_id']})")
    return BY_STATUS.get(status, Problem)(status, **known, errors=bad, attempts=attempts, body=body)


def _foreign(response: httpx.Response) -> TcaError:
    """A response that is not the console's own."""
    status, url = response.status_code, response.request.url.copy_with(query=None)
    if status in UNAVAILABLE:
        return Unreachable(f"The console is not available: {url.host} responded with HTTP {status}.")
    if response.is_redirect:
        return NotAConsole(f"{url} redirects to {response.headers.get('location', '')}. Use that address.")
    return NotAConsole(f"{url} is no console: it responded with HTTP {status}.")

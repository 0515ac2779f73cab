"""How a call is sent: the token, retries, and the errors. The generated operations stand on this."""

import json
import random
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import parse_qsl, quote, urlsplit

import httpx

from tca_client.errors import UNAVAILABLE, NotAConsole, TcaError, Unreachable, error_of

T = TypeVar("T")
Token = str | Callable[[], str]
TIMEOUT_S = 30.0
PATIENCE_S = 60.0  # how long one call is repeated
FIRST_PAUSE_S = 0.5
MAX_PAUSE_S = 20.0
_TEMPORARY = UNAVAILABLE | {429}
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
sleep = time.sleep  # tests replace it


class Page(list[T]):
    """One page of a list. `total` counts all pages; `next` has the parameters of the next page, None for the last."""

    total: int | None = None
    next: dict[str, int] | None = None


def path_of(template: str, *values: str | int) -> str:
    """Return the path with the values in place of its names."""
    parts = iter(values)
    return "/".join(quote(str(next(parts)), safe="") if part.startswith("{") else part for part in template.split("/"))


class Calls:
    """Sends calls to one console, and repeats those that failed for the moment.

    429 and 503 are repeated after their `Retry-After`, lost connections after a pause that grows. A call that changes
    something is repeated after a lost response only if the console knows the repetition: a POST by its
    `Idempotency-Key`, a change by the state that it leads to.
    """

    def __init__(
        self,
        url: str,
        token: Token | None = None,
        *,
        timeout_s: float = TIMEOUT_S,
        patience_s: float = PATIENCE_S,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """`token` may be a function, which is asked at every call. `patience_s` limits the repetition of one call."""
        self.url = url.rstrip("/")
        self.patience_s = patience_s
        self._token, self._timeout_s = token, timeout_s
        agent = {"User-Agent": "tca-client", "Accept": "application/json"}
        self._http = httpx.Client(base_url=self.url, timeout=timeout_s, headers=agent, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def _json(self, method: str, path: str, **options: Any) -> Any:  # noqa: ANN401  what the operation says
        return _decoded(self._call(method, path, **options))

    def _text(self, method: str, path: str, **options: Any) -> str:  # noqa: ANN401
        return self._call(method, path, **options).text

    def _page(self, method: str, path: str, **options: Any) -> Page[Any]:  # noqa: ANN401
        response = self._call(method, path, **options)
        page = Page(_decoded(response))
        total = response.headers.get("x-total-count", "")
        page.total = int(total) if total.isdecimal() else None
        if following := response.links.get("next"):
            page.next = {
                name: int(value)
                for name, value in parse_qsl(urlsplit(following["url"]).query)
                if name in ("skip", "limit", "cursor") and value.isdecimal()
            }
        return page

    def _call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,  # noqa: ANN401  a body of any operation
        form: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
        if_match: str | None = None,
        repeatable: bool = False,
    ) -> httpx.Response:
        """Send a call until it has a response that counts. Raises Problem, Unreachable, NotAConsole."""
        headers = {"If-Match": if_match} if if_match else {}
        if method == "POST" and repeatable and idempotency_key != "":
            headers["Idempotency-Key"] = idempotency_key or uuid.uuid4().hex
        given = {name: _in_query(value) for name, value in (query or {}).items() if value is not None}
        sent: dict[str, Any] = {"params": given, "headers": headers}
        sent |= {name: value for name, value in (("json", body), ("data", form)) if value is not None}
        if held_s := given.get("wait"):  # the console holds the response for so long
            sent["timeout"] = self._timeout_s + held_s
        return self._repeated(method, path, sent, repeatable)

    def _repeated(self, method: str, path: str, sent: dict[str, Any], repeatable: bool) -> httpx.Response:
        deadline = time.monotonic() + self.patience_s
        attempt = 0
        while True:
            attempt += 1
            response: httpx.Response | None = None
            try:
                response = self._once(method, path, sent)
            except httpx.TransportError as lost:
                error: TcaError = Unreachable(f"{self.url} cannot be reached: {_reason(lost)}")
                is_temporary = repeatable or isinstance(lost, _NEVER_SENT)
            except (httpx.InvalidURL, httpx.DecodingError) as bad:
                raise NotAConsole(f"{self.url}: {bad}") from None
            else:
                if response.is_success:
                    return response
                error = error_of(response, attempt)
                is_temporary = response.status_code in _TEMPORARY or _is_in_flight(response)
            pause = _pause(response, attempt)
            if not is_temporary or time.monotonic() + pause > deadline:
                raise error from None
            sleep(pause)

    def _once(self, method: str, path: str, sent: dict[str, Any]) -> httpx.Response:
        headers = dict(sent["headers"])
        if self._token is not None:
            token = self._token if isinstance(self._token, str) else self._token()
            headers["Authorization"] = f"Bearer {token}"
        return self._http.request(method, path, **(sent | {"headers": headers}))


def iterate(operation: Callable[..., Page[T]], *values: Any, **filters: Any) -> Iterator[T]:  # noqa: ANN401
    """Yield the rows of all pages of a list, such as `iterate(client.list_deployments, status="failed")`."""
    following: dict[str, int] | None = {}
    while following is not None:
        page = operation(*values, **(filters | following))
        yield from page
        following = page.next if page else None


def _decoded(response: httpx.Response) -> Any:  # noqa: ANN401
    try:
        return response.json()
    except ValueError:
        raise NotAConsole(f"{response.request.url.copy_with(query=None)} did not respond with JSON.") from None


def _in_query(value: Any) -> Any:  # noqa: ANN401
    return json.dumps(value) if isinstance(value, bool) else value


def _reason(lost: httpx.TransportError) -> str:
    if isinstance(lost, httpx.TimeoutException):
        return "it did not respond in time."
    return (str(lost).partition("\n")[0] or type(lost).__name__).rstrip(".") + "."


def _is_in_flight(response: httpx.Response) -> bool:
    """Whether the first request with the same key is not finished."""
    return response.status_code == 409 and b'"idempotency_in_flight"' in response.content


def _pause(response: httpx.Response | None, attempt: int) -> float:
    """Return the seconds until the next attempt: those of `Retry-After`, else twice as long each time."""
    asked = _retry_after(response.headers.get("retry-after", "")) if response is not None else None
    if asked is not None:
        return asked
    pause: float = min(MAX_PAUSE_S, FIRST_PAUSE_S * 2 ** (attempt - 1))
    return pause * random.uniform(0.75, 1)  # noqa: S311  so that many jobs do not come back at once


def _retry_after(text: str) -> float | None:
    """Return the seconds of a `Retry-After`, which has a number or a date."""
    if text.isdecimal() and len(text) < 10:
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError):
        return None

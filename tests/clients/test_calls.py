"""How a call of the client is repeated, and what its errors are."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

import tca_client
from tca_client import Client, calls

Answer = httpx.Response | httpx.TransportError


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    slept: list[float] = []
    monkeypatch.setattr(calls, "sleep", slept.append)
    return slept


def problem(status: int, code: str, **more: Any) -> httpx.Response:
    headers = more.pop("headers", {})
    body = {"code": code, "detail": "No.", "request_id": "r-1", "status": status} | more
    return httpx.Response(status, json=body, headers={"content-type": "application/problem+json"} | headers)


def client_of(*answers: Answer) -> tuple[Client, list[httpx.Request]]:
    """A client of a console that gives these answers in turn."""
    given, requests = iter(answers), list[httpx.Request]()

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        found = next(given)
        if isinstance(found, httpx.TransportError):
            raise found
        return found

    return Client("https://console.example.com/", "tca_1", transport=httpx.MockTransport(answer)), requests


CREATED = {"id": 7, "status": "queued"}


def create(client: Client) -> Any:
    return client.create_deployment("ledger", {"environment": "production", "version": "1.4.2"})


def test_a_call_that_came_too_often_waits_as_long_as_it_is_told(pauses: list[float]) -> None:
    client, requests = client_of(
        problem(429, "too_many_requests", headers={"retry-after": "7"}),
        problem(503, "unavailable", headers={"retry-after": "2"}),
        httpx.Response(502, text="<html>"),
        httpx.Response(201, json=CREATED),
    )
    assert create(client)["id"] == 7
    assert pauses[:2] == [7, 2]
    assert 0 < pauses[2] <= 4
    assert len({request.headers["idempotency-key"] for request in requests}) == 1
    assert requests[0].headers["authorization"] == "Bearer tca_1"
    assert requests[0].url.path == "/api/v1/projects/ledger/deployments"


def test_it_does_not_wait_for_longer_than_its_patience(pauses: list[float]) -> None:
    client, requests = client_of(problem(429, "too_many_requests", headers={"retry-after": "3600"}))
    with pytest.raises(tca_client.TooManyRequests):
        create(client)
    assert (pauses, len(requests)) == ([], 1)


def test_a_lost_response_is_asked_for_again_where_that_is_safe(pauses: list[float]) -> None:
    client, requests = client_of(httpx.ReadTimeout("slow"), httpx.ReadError("cut"), httpx.Response(201, json=CREATED))
    assert create(client)["id"] == 7
    assert len(requests) == 3
    client, requests = client_of(httpx.ReadError("cut"))
    with pytest.raises(tca_client.Unreachable, match="cannot be reached: cut"):
        client._call("POST", "/api/auth/token-exchange")
    assert len(requests) == 1
    client, requests = client_of(httpx.ConnectError("refused"), httpx.Response(204))
    client._call("POST", "/api/auth/logout")
    assert len(requests) == 2


def test_the_first_request_with_the_key_may_still_be_in_progress(pauses: list[float]) -> None:
    client, _ = client_of(problem(409, "idempotency_in_flight"), httpx.Response(201, json=CREATED))
    assert create(client)["id"] == 7


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, tca_client.NotSignedIn),
        (403, tca_client.Forbidden),
        (404, tca_client.NotFound),
        (409, tca_client.Conflict),
        (412, tca_client.PreconditionFailed),
        (422, tca_client.Invalid),
        (418, tca_client.Problem),
    ],
)
def test_a_problem_is_an_error_of_its_kind(status: int, kind: type[tca_client.Problem]) -> None:
    errors = [{"pointer": "/version", "detail": "Required."}]
    client, _ = client_of(problem(status, "some_code", errors=errors))
    with pytest.raises(kind) as caught:
        create(client)
    assert type(caught.value) is kind
    assert (caught.value.code, caught.value.request_id, caught.value.attempts) == ("some_code", "r-1", 1)
    assert str(caught.value) == "No. (/version: Required.)"


def test_a_console_that_failed_is_as_good_as_unreachable(pauses: list[float]) -> None:
    client, requests = client_of(problem(500, "internal"))
    with pytest.raises(tca_client.Unreachable, match=r"^The console failed: No\. \(request r-1\)$"):
        create(client)
    assert len(requests) == 1


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda: httpx.Response(301, headers={"location": "https://other.example.com/"}), "redirects to https://other"),
        (lambda: httpx.Response(404, text="<html>"), "is no console: it responded with HTTP 404"),
        (lambda: httpx.Response(200, text="<html>"), "did not respond with JSON"),
    ],
)
def test_what_is_no_console_is_named(answer: Callable[[], httpx.Response], words: str) -> None:
    client, _ = client_of(answer())
    with pytest.raises(tca_client.NotAConsole, match=words):
        create(client)


def test_the_text_of_an_error_has_no_token_and_no_query() -> None:
    client, _ = client_of(httpx.Response(418, text="tea"))
    with pytest.raises(tca_client.NotAConsole) as caught:
        client.list_projects(search="secret-plan")
    assert not [word for word in ("tca_1", "secret-plan") if word in str(caught.value)]


def test_values_of_a_path_are_encoded() -> None:
    client, requests = client_of(httpx.Response(200, json=CREATED))
    client.step_by_external_id("ledger", "ci/47 11", {"status": "succeeded"})
    assert requests[0].url.raw_path == b"/api/v1/projects/ledger/deployments/by-external-id/ci%2F47%2011"


def test_all_pages_of_a_list_are_read() -> None:
    link = {"link": '</api/v1/projects?skip=2&limit=2&sort=name>; rel="next"', "x-total-count": "3"}
    client, requests = client_of(
        httpx.Response(200, json=[{"id": 1}, {"id": 2}], headers=link), httpx.Response(200, json=[{"id": 3}])
    )
    assert [row["id"] for row in tca_client.iterate(client.list_projects, sort="name", limit=2)] == [1, 2, 3]
    assert dict(requests[1].url.params) == {"skip": "2", "limit": "2", "sort": "name"}

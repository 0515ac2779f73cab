"""The edge: sizes of requests, duplicates, and what strangers may request by any host name."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from tca_app.config.settings import get_settings
from tca_app.core.telemetry.sampling import SampledLog
from tca_app.features.health import internal_checks, service
from tca_app.server import edge
from tca_app.server.edge import MAX_HEADERS, MAX_TARGET
from tests.factories import bearer, make_admin, make_user
from tests.logs import lines_of, written_log
from tests.server.test_edge import client_of, edge_with, is_problem

JSON = {"content-type": "application/json"}
METRICS_TOKEN = "m" * 40


@pytest.fixture(autouse=True)
def _checked_anew(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(edge, "sampled", SampledLog("tca_app.http"))
    service._kept.cache_clear()
    yield
    service._kept.cache_clear()


@pytest.mark.parametrize(
    "headers",
    [
        {"x-long": "a" * MAX_HEADERS},
        {f"x-{number}": "a" * 500 for number in range(40)},
        {"cookie": "sid=" + "a" * MAX_HEADERS},
    ],
    ids=["one", "many", "cookie"],
)
@pytest.mark.parametrize("path", ["/api", "/health/live", "/dashboard"])
async def test_headers_of_more_than_16_kib_are_refused(headers: dict[str, str], path: str) -> None:
    async with client_of(edge_with()) as client:
        assert is_problem(await client.get(path, headers=headers), 431, "headers_too_large")


async def test_headers_of_15_kib_are_read(api: httpx.AsyncClient) -> None:
    assert (await api.get("/api", headers={"x-long": "a" * (MAX_HEADERS - 1024)})).status_code == 200


async def test_a_path_of_more_than_8_kib_is_refused(api: httpx.AsyncClient) -> None:
    assert is_problem(await api.get("/api/" + "a" * MAX_TARGET), 414, "uri_too_long")
    assert is_problem(await api.get("/api/v1/users", params={"search": "a" * MAX_TARGET}), 414, "uri_too_long")


async def test_a_websocket_with_large_headers_is_refused() -> None:
    sent: list[Any] = []

    async def keep(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "websocket",
        "path": "/_event/",
        "headers": [(b"host", b"localhost"), (b"origin", b"http://localhost:3000"), (b"x", b"a" * MAX_HEADERS)],
    }
    await edge_with()(scope, None, keep)  # type: ignore[arg-type]
    assert [message["type"] for message in sent] == ["websocket.close"]


@pytest.mark.parametrize("path", ["/api/v1/projects/", "/api/v1/deployments/", "/api/v1/users/"])
async def test_an_id_of_thousands_of_digits_is_not_found(api: httpx.AsyncClient, path: str) -> None:
    header = await bearer(await make_admin())
    assert is_problem(await api.get(path + "1" * 5_000, headers=header), 404, "not_found")


async def test_an_id_that_no_row_can_have_is_refused(api: httpx.AsyncClient) -> None:
    """For a project it could be a slug."""
    header, number = await bearer(await make_admin()), "1" * 25
    assert is_problem(await api.get(f"/api/v1/users/{number}", headers=header), 422, "invalid")
    assert is_problem(await api.get(f"/api/v1/deployments/{number}", headers=header), 422, "invalid")
    assert is_problem(await api.get(f"/api/v1/projects/{number}", headers=header), 404, "not_found")


@pytest.mark.parametrize("length", ["1" * 5_000, "-1", "1_0", "a"])
async def test_a_content_length_that_is_none_is_refused(api: httpx.AsyncClient, length: str) -> None:
    answer = await api.post("/api/auth/login", content=b"x", headers={"content-length": length})
    assert is_problem(answer, 413, "payload_too_large")


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b'{"username": "ana", "password": "x", "password": "y"}', "/password"),
        (b'{"username": "ana", "usern\\u0061me": "bo", "password": "x"}', "/username"),
        (b'{"username": "ana", "password": {"a": 1, "a": 2}}', "/a"),
        (b'{"username": [{"": 1, "": 2}], "password": "x"}', "/"),
    ],
)
@pytest.mark.parametrize("call", ["/api/auth/login", "/api/auth/session"])
async def test_a_key_that_is_there_twice_is_refused(api: httpx.AsyncClient, call: str, body: bytes, name: str) -> None:
    answer = await api.post(call, content=body, headers=JSON)
    assert is_problem(answer, 422, "invalid")
    assert [error["pointer"] for error in answer.json()["errors"]] == [name]


@pytest.mark.parametrize(
    "body", [b'{"a": ' * 990 + b"1" + b"}" * 990, b"[" * 1_020 + b"]" * 1_020], ids=["keys", "lists"]
)
async def test_a_body_that_is_nested_deeply_is_a_422(api: httpx.AsyncClient, body: bytes) -> None:
    assert is_problem(await api.post("/api/auth/login", content=body, headers=JSON), 422, "invalid")


async def test_a_number_of_many_digits_is_a_422(api: httpx.AsyncClient) -> None:
    body = b'{"username": ' + b"1" * 10_000 + b', "password": "x"}'
    assert is_problem(await api.post("/api/auth/login", content=body, headers=JSON), 422, "invalid")


async def test_a_form_field_that_is_there_twice_is_refused(api: httpx.AsyncClient) -> None:
    kind = {"content-type": "application/x-www-form-urlencoded"}
    answer = await api.post("/api/auth/token", content=b"username=ana&password=x&username=bo", headers=kind)
    assert is_problem(answer, 422, "invalid")
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/username"]


@pytest.mark.parametrize("query", ["limit=1&limit=2", "search=a&search=a", "%6cimit=1&limit=1"])
async def test_a_parameter_that_is_there_twice_is_refused(api: httpx.AsyncClient, query: str) -> None:
    answer = await api.get(f"/api/v1/users?{query}", headers=await bearer(await make_admin()))
    assert is_problem(answer, 422, "invalid")
    assert answer.json()["errors"][0]["detail"] == "This parameter is given more than once."


@pytest.mark.parametrize("name", ["host", "authorization", "idempotency-key", "if-match"])
async def test_a_header_of_one_value_that_is_there_twice_is_refused(name: str) -> None:
    headers = httpx.Headers([("host", "localhost"), (name, "localhost"), (name, "localhost")])
    async with client_of(edge_with()) as client:
        answer = await client.get("/api", headers=headers)
    assert is_problem(answer, 400, "bad_request")
    assert name in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
@pytest.mark.parametrize("host", ["10.42.0.17:8001", "console-7d9f:8001", "[fd00::17]"])
async def test_a_replica_is_probed_by_its_own_address(api: httpx.AsyncClient, path: str, host: str) -> None:
    assert (await api.get(path, headers={"host": host})).status_code == 200


async def test_a_replica_is_scraped_by_its_own_address(api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "metrics_token", SecretStr(METRICS_TOKEN))
    pod = {"host": "10.42.0.17:8001"}
    assert (await api.get("/metrics", headers=pod | {"authorization": f"Bearer {METRICS_TOKEN}"})).status_code == 200
    assert (await api.get("/metrics", headers=pod)).status_code == 401
    for path in ("/health", "/api", "/api/v1/users", "/docs"):
        assert (await api.get(path, headers=pod)).status_code == 400


def _tells(answer: httpx.Response) -> bool:
    checks = answer.json()["checks"].values()
    known = [answer.json()["version"], *(check[name] for check in checks for name in ("latency_ms", "detail"))]
    assert {check["status"] for check in checks} <= {"ok", "degraded", "down"}
    return any(known)


@pytest.mark.parametrize("path", ["/health", "/health/ready"])
async def test_health_tells_strangers_each_status_and_nothing_else(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(get_settings(), "metrics_token", SecretStr(METRICS_TOKEN))
    member, admin = await bearer(await make_user()), await bearer(await make_admin())
    watchers = [admin, {"authorization": f"Bearer {METRICS_TOKEN}"}]
    for stranger in ({}, member, {"authorization": "Bearer wrong"}, {"authorization": "Basic x"}):
        answer = await api.get(path, headers=stranger)
        assert answer.status_code == 200
        assert not _tells(answer)
    assert set(answer.json()["checks"]) == set(internal_checks.SERVING)
    assert all([_tells(await api.get(path, headers=watcher)) for watcher in watchers])


async def test_health_needs_no_data_dir(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(get_settings(), "data_dir", tmp_path / "not" / "made")
    answer = await api.get("/health")
    assert answer.status_code == 200
    assert answer.json()["checks"]["disk"]["status"] in ("ok", "degraded")


async def test_a_check_that_breaks_leaves_the_others(api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken() -> Any:
        raise FileNotFoundError("no disk")

    monkeypatch.setitem(internal_checks.PARTS, "disk", broken)
    answer = await api.get("/health")
    assert answer.status_code == 200
    assert answer.json()["status"] == "degraded"
    assert answer.json()["checks"]["disk"]["status"] == "down"
    assert answer.json()["checks"]["database"]["status"] == "ok"


@pytest.mark.parametrize(("method", "path"), [("GET", "/_event/?token=x"), ("POST", "/api/auth/session")])
async def test_a_refused_origin_names_what_to_set(method: str, path: str) -> None:
    with written_log() as text:
        async with client_of(edge_with()) as client:
            for _ in range(20):
                answer = await client.request(method, path, headers={"origin": "https://new.example.com"})
                assert is_problem(answer, 403, "forbidden")
    (line,) = [line for line in lines_of(text) if line["event"] == "http.origin_refused"]
    assert line["origin"] == "https://new.example.com"
    assert "PUBLIC_URL" in line["what_to_do"]
    assert "ALLOWED_ORIGINS" in line["what_to_do"]


async def test_a_refused_host_names_what_to_set(api: httpx.AsyncClient) -> None:
    with written_log() as text:
        for _ in range(20):
            await api.get("/api", headers={"host": "new.example.com"})
    (line,) = [line for line in lines_of(text) if line["event"] == "http.host_refused"]
    assert (line["host"], line["setting"]) == ("new.example.com", "ALLOWED_HOSTS")


async def test_the_page_behind_the_edge_is_reached() -> None:
    """What the tests above refuse would else be served."""
    async with client_of(edge_with()) as client:
        assert (await client.get("/dashboard")).status_code == 200

"""The port of a worker: probes and metrics, for any Host and nothing else; Debian's Prometheus can scrape it."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import yaml
from pydantic import SecretStr

from tca_app.config.settings import get_settings
from tca_app.server import worker_app
from tca_app.server.serve import StartError, claim_port
from tca_app.server.worker import answering
from tests.factories import until
from tests.prometheus import PROMETHEUS, needs_prometheus

OBSERVABILITY = Path(__file__).resolve().parents[2] / "deploy" / "observability"
TOKEN = "scrape-" + "k3" * 16
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
async def worker(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    monkeypatch.setattr(get_settings(), "metrics_token", SecretStr(TOKEN))
    transport = httpx.ASGITransport(worker_app.app())
    async with httpx.AsyncClient(transport=transport, base_url="http://10.1.2.3:8100") as client:
        yield client


async def test_probes_and_metrics_are_answered_for_any_host(worker: httpx.AsyncClient) -> None:
    assert (await worker.get("/health/live")).json() == {"status": "ok"}
    ready = await worker.get("/health/ready")
    assert ready.status_code == 200
    assert {check["detail"] for check in ready.json()["checks"].values()} == {""}, "no reasons for strangers"
    assert (await worker.get("/metrics")).status_code == 401
    assert (await worker.get("/metrics", headers={"Authorization": "Bearer x"})).status_code == 401
    metrics = await worker.get("/metrics", headers=BEARER)
    assert metrics.status_code == 200
    assert "tca_jobs_running" in metrics.text
    assert "tca_queue_jobs" in metrics.text


@pytest.mark.parametrize("path", ["/", "/api/v1/users", "/api/auth/token", "/docs", "/openapi.json", "/jobs"])
async def test_nothing_else_is_there(worker: httpx.AsyncClient, path: str) -> None:
    assert (await worker.get(path, headers=BEARER)).status_code == 400, "the host is not the console's"
    assert (await worker.get(path, headers=BEARER | {"Host": "localhost"})).status_code == 404
    assert (await worker.post(path, headers=BEARER | {"Host": "localhost"})).status_code == 404


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_a_worker_answers_at_its_port_until_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    monkeypatch.setattr(get_settings(), "worker_port", port)
    async with answering(), httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        await until(lambda: _is_open(port))
        assert (await client.get("/health/live")).status_code == 200
        with pytest.raises(StartError, match="set WORKER_PORT or HOST"):
            claim_port("127.0.0.1", port, "WORKER_PORT")
    assert not _is_open(port)


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def test_without_a_port_a_worker_answers_nowhere() -> None:
    assert get_settings().worker_port == 0
    async with answering():
        pass


@needs_prometheus
async def test_prometheus_scrapes_it_and_evaluates_every_alert(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    port, own = free_port(), free_port()
    monkeypatch.setattr(get_settings(), "worker_port", port)
    monkeypatch.setattr(get_settings(), "metrics_token", SecretStr(TOKEN))
    config = yaml.safe_load((OBSERVABILITY / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(OBSERVABILITY / "alerts.yml")]
    (console,) = config["scrape_configs"]
    console["authorization"] = {"credentials_file": str(tmp_path / "token")}
    console["static_configs"] = [{"targets": [f"127.0.0.1:{port}"]}]
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config))
    async with answering(), httpx.AsyncClient(base_url=f"http://127.0.0.1:{own}/api/v1") as client:
        prometheus = await asyncio.create_subprocess_exec(
            PROMETHEUS,
            f"--config.file={tmp_path}/prometheus.yml",
            f"--storage.tsdb.path={tmp_path}/data",
            f"--web.listen-address=127.0.0.1:{own}",
            "--log.level=error",
        )
        try:
            await until(lambda: _is_open(own), 30)
            await until(lambda: _is_ready(client), 30)
            await until(lambda: _result(client, "tca_build_info"), 30)
            await until(lambda: _are_evaluated(client), 30)
            rules = await _rules(client)
        finally:
            prometheus.terminate()
            await prometheus.wait()
    assert {rule["health"] for rule in rules} == {"ok"}, json.dumps(rules)
    assert not [rule["name"] for rule in rules if rule["state"] == "firing" and rule["name"] == "ConsoleProcessDown"]


async def _result(client: httpx.AsyncClient, query: str) -> list[object]:
    return list((await client.get("/query", params={"query": query})).json()["data"]["result"])


async def _is_ready(client: httpx.AsyncClient) -> bool:
    return (await client.get(client.base_url.copy_with(path="/-/ready"))).status_code == 200


async def _rules(client: httpx.AsyncClient) -> list[dict[str, str]]:
    rules: list[dict[str, str]] = (await client.get("/rules")).json()["data"]["groups"][0]["rules"]
    return rules


async def _are_evaluated(client: httpx.AsyncClient) -> bool:
    rules = await _rules(client)
    return bool(rules) and all(rule["health"] != "unknown" for rule in rules)

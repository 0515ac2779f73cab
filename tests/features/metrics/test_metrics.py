"""Metrics: who may read them, what they contain, and that no caller can make a new series."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from reflex.istate.manager.memory import StateManagerMemory

from tca_app.config.settings import get_settings
from tca_app.core.database.session import transaction
from tca_app.core.jobs.queue import PermanentFailure, enqueue, task
from tca_app.core.telemetry.metrics import REGISTRY
from tca_app.features.health.service import _kept
from tca_app.server.api import build_api
from tests.factories import bearer, do_jobs, make_admin, make_project, make_user
from tests.ui.harness import Notes, Tab, console_on, sign_in

URL = "/metrics"
TOKEN = "scrape-" + "k3" * 16
Read = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture(autouse=True)
def _fresh_health() -> Iterator[None]:
    _kept.cache_clear()
    yield
    _kept.cache_clear()


async def read(api: httpx.AsyncClient) -> Read:
    answer = await api.get(URL, headers=await bearer(await make_admin()))
    assert answer.status_code == 200, answer.text
    families = text_string_to_metric_families(answer.text)
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


def value(found: Read, name: str, **labels: str) -> float | None:
    return found.get((name, frozenset(labels.items())))


@contextmanager
def counted(name: str, by: float = 1, **labels: str) -> Iterator[None]:
    """A counter goes up by that much meanwhile."""
    before = REGISTRY.get_sample_value(name, labels) or 0
    yield
    assert (REGISTRY.get_sample_value(name, labels) or 0) - before == by, (name, labels)


async def test_prometheus_needs_its_token_and_superusers_theirs(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    scraper = {"Authorization": f"Bearer {TOKEN}"}
    assert (await api.get(URL)).status_code == 401
    assert (await api.get(URL, headers=scraper)).status_code == 401, "no token is set, so none opens"
    monkeypatch.setattr(get_settings(), "metrics_token", SecretStr(TOKEN))
    assert (await api.get(URL, headers=scraper)).status_code == 200
    assert (await api.get(URL, headers={"Authorization": f"Bearer {TOKEN}x"})).status_code == 401
    assert (await api.get(URL, headers={"Authorization": f"Basic {TOKEN}"})).status_code == 401
    assert (await api.get(URL, headers=await bearer(await make_user()))).status_code == 403
    assert (await api.get(URL, headers=await bearer(await make_admin()))).status_code == 200


def test_switched_off_there_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "prometheus_enabled", False)
    assert URL not in build_api().openapi()["paths"]


async def test_requests_are_counted_by_template_and_never_by_path(api: httpx.AsyncClient) -> None:
    admin = await make_admin()
    header, project_id = await bearer(admin), await make_project(admin)
    project = {"route": "/api/v1/projects/{project_id}", "method": "GET"}
    with counted("tca_http_requests_total", **project, status="200"):
        await api.get(f"/api/v1/projects/{project_id}", headers=header)
    with counted("tca_http_requests_total", **project, status="404"):
        await api.get("/api/v1/projects/999999", headers=header)
    with counted("tca_http_requests_total", route="/health/live", method="GET", status="200"):
        await api.get("/health/live")
    with counted("tca_http_requests_total", by=2, route="other", method="GET", status="404"):
        await api.get("/api/made-up-1")
        await api.get("/api/made-up-2")
    with counted("tca_http_requests_total", route="/api/v1/users/me", method="other", status="405"):
        await api.request("BREW", "/api/v1/users/me", headers=header)
    found = await read(api)
    assert not [key for key in found if "made-up" in str(key) or "BREW" in str(key)]
    assert value(found, "tca_http_request_duration_seconds_count", **project, status="404")


async def test_events_are_counted_by_handler_and_outcome() -> None:
    async with console_on(StateManagerMemory()) as console:
        tab = Tab(console, "t1", await sign_in(await make_user()))
        await tab.hydrate()
        with counted("tca_ui_events_total", handler="Notes.load", outcome="done"):
            await tab.send(Notes.load)
        with counted("tca_ui_events_total", handler="Notes.fail", outcome="failed"):
            await tab.send(Notes.fail)
        with counted("tca_ui_events_total", handler="Notes.purge", outcome="refused"):
            await tab.send(Notes.purge)
        with counted("tca_ui_events_total", handler="Notes.rename", outcome="refused"):
            await tab.send(Notes.rename, note_id="seven", text="x")
        with counted("tca_ui_events_total", handler="Notes.forgotten", outcome="refused"):
            await tab.send(Notes.forgotten)


@task("test_metrics_dies", "email_queue")
async def dies(_job: object) -> None:
    raise PermanentFailure("for the test")


async def test_jobs_queues_pools_and_parts_are_there(api: httpx.AsyncClient) -> None:
    async with transaction() as session:
        await enqueue(session, "test_metrics_dies")
    found = await read(api)
    assert value(found, "tca_queue_jobs", queue="email_queue", state="waiting") == 1
    with counted("tca_jobs_total", task="test_metrics_dies", outcome="dead"):
        await do_jobs()
    found = await read(api)
    assert value(found, "tca_queue_jobs", queue="email_queue", state="dead") == 1
    assert value(found, "tca_queue_lag_seconds", queue="email_queue") == 0
    for part in ("database", "redis", "migrations"):
        assert value(found, "tca_up", part=part) == 1
        assert (value(found, "tca_probe_seconds", part=part) or 0) > 0
    assert value(found, "tca_db_pool_size", pool="writer") == 5
    for name in ("tca_job_workers", "tca_sockets", "tca_live_screens", "tca_deaf_seconds", "process_open_fds"):
        assert value(found, name) is not None, name


async def test_without_the_database_the_other_metrics_are_served(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_settings(), "metrics_token", SecretStr(TOKEN))
    from tca_app.features.health.internal_checks import PARTS
    from tca_app.features.health.schemas import Check

    async def down() -> Check:
        return Check(status="down", detail="gone")

    monkeypatch.setitem(PARTS, "database", down)
    answer = await api.get(URL, headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert 'tca_up{part="database"} 0.0' in answer.text
    assert "tca_queue_jobs" not in answer.text

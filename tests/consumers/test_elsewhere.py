"""Configured services receive the events, also after an outage, and delay nothing else."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text

from tca_app.config.settings import get_settings
from tca_app.core.database.session import reading
from tca_app.core.outgoing import http
from tca_app.core.outgoing.http import close_http
from tca_app.features.projects import team
from tca_app.features.projects.schemas import TeamMember
from tests.factories import bearer, do_jobs, make_project, make_user, run
from tests.sinks import HttpSink


@pytest.fixture
async def sink(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[HttpSink]:
    monkeypatch.setattr(http, "FIRST_WAIT_S", 0.0)
    async with HttpSink() as running:
        yield running
    await close_http()


async def _invite() -> int:
    """Somebody is invited into a project; its id."""
    ana, bo = await make_user("ana"), await make_user("bob")
    project_id = await make_project(ana, "Billing")
    await bearer(bo)
    await run(team.add_member, ana, project_id, TeamMember(user_id=bo.user_id, role="viewer"))
    await do_jobs()
    return project_id


async def _left() -> list[tuple[Any, ...]]:
    async with reading() as session:
        rows = await session.execute(text("SELECT task_name, status::text, attempts FROM procrastinate_jobs"))
        return [tuple(row) for row in rows]


@pytest.mark.parametrize(
    ("service", "path"),
    [("user", "/events"), ("analytics", "/events"), ("notification", "/notifications")],
)
async def test_a_service_gets_what_ours_deals_with_under_one_key(
    sink: HttpSink, monkeypatch: pytest.MonkeyPatch, service: str, path: str
) -> None:
    monkeypatch.setattr(get_settings(), f"{service}_service_url", sink.url)
    sink.answers = [503, 200]
    await _invite()
    again = sink.got[:2]
    assert {request.path for request in sink.got} == {path}
    assert len({request.headers["idempotency-key"] for request in again}) == 1
    items = [item for request in sink.got[1:] for item in request.json()["items"]]
    kinds = {item.get("type") or item["kind"] for item in items}
    assert kinds == {"user": {"user_logged_in"}, "notification": {"member_added"}}.get(
        service, {"user_logged_in", "member_added"}
    )
    assert await _left() == []


@pytest.mark.parametrize("body", [b"OK", b"<html>", b"", b"{"])
async def test_a_service_may_answer_2xx_with_any_body(
    sink: HttpSink, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    monkeypatch.setattr(get_settings(), "notification_service_url", sink.url)
    sink.answers, sink.body = [202], body
    await _invite()
    assert len(sink.got) == 1
    assert await _left() == []


async def test_a_service_that_refuses_leaves_a_dead_job_and_nothing_else_undone(
    sink: HttpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_settings(), "notification_service_url", sink.url)
    sink.answers = [422]
    await _invite()
    assert await _left() == [("call_service", "failed", 1)]
    async with reading() as session:
        assert (await session.execute(text("SELECT count(*) FROM notifications"))).scalar_one() == 1

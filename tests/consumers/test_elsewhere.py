"""Slack and other services hear of events when they are set, again when they were away; nothing else waits for them."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from tca_app.config import get_settings
from tca_app.core import http
from tca_app.core.db import reading, transaction
from tca_app.core.http import close_http
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


async def _invite(api: httpx.AsyncClient, *, wants_slack: bool) -> int:
    """Somebody with a name that looks like markup is invited; the project's id."""
    ana, bo = await make_user("ana", full_name="Ana <b> & co"), await make_user("bob")
    change = {"preferences": [{"kind": "member_added", "channel": "slack", "is_on": wants_slack}]}
    answer = await api.patch("/api/v1/notifications/preferences", headers=await bearer(bo), json=change)
    assert answer.status_code == 200, answer.text
    project_id = await make_project(ana, "Billing")
    await run(team.add_member, ana, project_id, TeamMember(user_id=bo.user_id, role="viewer"))
    await do_jobs()
    return project_id


async def _left() -> list[tuple[Any, ...]]:
    async with reading() as session:
        rows = await session.execute(text("SELECT task_name, status::text, attempts FROM procrastinate_jobs"))
        return [tuple(row) for row in rows]


async def test_slack_gets_the_sentence_with_a_link(
    api: httpx.AsyncClient, sink: HttpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_settings(), "slack_webhook_url", SecretStr(f"{sink.url}/services/T0/B0/x"))
    project_id = await _invite(api, wants_slack=True)
    (request,) = sink.got
    link = f"{get_settings().public_url}/projects/{project_id}"
    assert request.path == "/services/T0/B0/x"
    assert request.json() == {"text": f"Ana &lt;b&gt; &amp; co added Bob to Billing as viewer <{link}|Open>"}
    assert await _left() == []


async def test_slack_is_off_until_somebody_wants_it(
    api: httpx.AsyncClient, sink: HttpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_settings(), "slack_webhook_url", SecretStr(sink.url))
    await _invite(api, wants_slack=False)
    assert sink.got == []


async def test_slack_says_when_to_come_back(
    api: httpx.AsyncClient, sink: HttpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_settings(), "slack_webhook_url", SecretStr(sink.url))
    sink.answers, sink.headers = [429, 200], {"Retry-After": "1800"}
    await _invite(api, wants_slack=True)
    assert await _left() == [("send_slack", "todo", 1)]
    async with transaction() as session:
        due = text("SELECT scheduled_at > now() + interval '29 minutes' FROM procrastinate_jobs")
        assert (await session.execute(due)).scalar_one()
        await session.execute(text("UPDATE procrastinate_jobs SET scheduled_at = now()"))
    await do_jobs()
    assert len(sink.got) == 2
    assert await _left() == []


@pytest.mark.parametrize(
    ("service", "path"),
    [("user", "/events"), ("analytics", "/events"), ("notification", "/notifications")],
)
async def test_a_service_gets_what_ours_deals_with_under_one_key(
    api: httpx.AsyncClient, sink: HttpSink, monkeypatch: pytest.MonkeyPatch, service: str, path: str
) -> None:
    monkeypatch.setattr(get_settings(), f"{service}_service_url", sink.url)
    sink.answers = [503, 200]
    await _invite(api, wants_slack=False)
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
    api: httpx.AsyncClient, sink: HttpSink, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    monkeypatch.setattr(get_settings(), "notification_service_url", sink.url)
    sink.answers, sink.body = [202], body
    await _invite(api, wants_slack=False)
    assert len(sink.got) == 1
    assert await _left() == []


async def test_a_service_that_refuses_leaves_a_dead_job_and_nothing_else_undone(
    api: httpx.AsyncClient, sink: HttpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_settings(), "notification_service_url", sink.url)
    sink.answers = [422]
    await _invite(api, wants_slack=False)
    assert await _left() == [("call_service", "failed", 1)]
    async with reading() as session:
        assert (await session.execute(text("SELECT count(*) FROM notifications"))).scalar_one() == 1

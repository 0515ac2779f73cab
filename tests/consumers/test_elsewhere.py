"""Configured services receive the events, also after an outage, and delay nothing else."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError
from sqlalchemy import text
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from typer.testing import CliRunner

from tca_app.__main__ import commands
from tca_app.config.schema import Settings
from tca_app.config.settings import get_settings
from tca_app.core.database.session import reading
from tca_app.core.outgoing import http
from tca_app.core.outgoing.http import close_http
from tca_app.features.projects import team
from tca_app.features.projects.schemas import TeamMember
from tca_app.features.webhooks import signing
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


@pytest.mark.parametrize("count", [0, 1, 2])
async def test_a_service_can_verify_who_calls(sink: HttpSink, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """With the key of the setting, with both of two, and with the derived one."""
    keys = [signing.new_secret() for _ in range(count)]
    monkeypatch.setattr(get_settings(), "service_signing_key", SecretStr(", ".join(keys)))
    monkeypatch.setattr(get_settings(), "analytics_service_url", sink.url)
    sink.answers = [503, 200]
    await _invite()
    first, again = sink.got[:2]
    assert first.headers["webhook-id"] == again.headers["webhook-id"]
    for key in keys or signing.service_keys():
        assert Webhook(key).verify(again.body, again.headers)["items"]
    for body, key in ((again.body + b" ", signing.service_keys()[0]), (again.body, signing.new_secret())):
        with pytest.raises(WebhookVerificationError):
            Webhook(key).verify(body, again.headers)


def test_the_derived_key_is_printed_and_is_no_other_key() -> None:
    (derived,) = signing.service_keys()
    printed = CliRunner().invoke(commands, ["service-signing-key"])
    assert printed.stdout.split() == [derived]
    secrets = (get_settings().secret_key, get_settings().jwt_secret_key)
    assert not any(secret.get_secret_value() in derived for secret in secrets)


@pytest.mark.parametrize("key", ["whsec_c2hvcnQ=", "c2VjcmV0" * 8, "whsec_***", "whsec_"])
def test_a_key_that_cannot_sign_is_refused(key: str) -> None:
    with pytest.raises(ValidationError, match="whsec_"):
        Settings(service_signing_key=SecretStr(key))

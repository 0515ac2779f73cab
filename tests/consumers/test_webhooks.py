"""Webhook deliveries: signed, once per event, retried while that helps, isolated from each other."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from tca_app.config.settings import get_settings
from tca_app.consumers import webhooks as consumer
from tca_app.core.database.session import reading, transaction
from tca_app.core.jobs.queue import MAX_ATTEMPTS_UNREACHABLE
from tca_app.core.outgoing import resilience, ssrf_safe
from tca_app.core.outgoing.resilience import FAILURES_TO_OPEN, circuit_breaker
from tca_app.features.projects import service as projects
from tca_app.features.projects.schemas import ProjectUpdate
from tca_app.features.webhooks import delivery_log, service as webhooks
from tca_app.features.webhooks.deliveries import list_deliveries
from tca_app.features.webhooks.schemas import DeliveryQuery, WebhookUpdate, WebhookWithSecret
from tests.factories import bearer, do_jobs, make_admin, make_project, make_user, make_webhook, run, until
from tests.sinks import HttpSink, Request


@pytest.fixture
async def sink(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[HttpSink]:
    async with HttpSink() as running:
        allow(monkeypatch, running)
        yield running
    circuit_breaker.cache_clear()


def allow(monkeypatch: pytest.MonkeyPatch, *sinks: HttpSink) -> None:
    hosts = [f"127.0.0.1:{one.port}" for one in sinks]
    monkeypatch.setattr(get_settings(), "outbound_allowed_hosts", hosts)


async def rows(statement: str, **values: object) -> list[Any]:
    async with reading() as session:
        return list(await session.execute(text(statement), values))


async def change(actor: Any, project_id: int, text_: str = "x") -> None:
    await run(projects.update_project, actor, project_id, ProjectUpdate(description=text_))


async def make_due() -> None:
    """The time of every job that waits for its next attempt has come."""
    async with transaction() as session:
        await session.execute(text("UPDATE procrastinate_jobs SET scheduled_at = now() WHERE status = 'todo'"))


async def attempts(hook_id: int) -> list[tuple[int, str, int | None]]:
    found = "SELECT attempt, status, response_code FROM webhook_deliveries WHERE webhook_id = :id ORDER BY id"
    return [tuple(row) for row in await rows(found, id=hook_id)]


def verified(secret: str, request: Request) -> Any:
    return Webhook(secret).verify(request.body, request.headers)


async def test_a_receiver_can_verify_what_it_gets(sink: HttpSink) -> None:
    ana = await make_user("ana")
    billing = await make_project(ana, "Billing")
    hook = await make_webhook(ana, f"{sink.url}/in?a=1", billing, "project_updated")
    await change(ana, billing, "Invoices & <more>")
    await do_jobs()
    (got,) = sink.got
    body = verified(hook.secret, got)
    [(uuid, at)] = await rows("SELECT uuid, at FROM events WHERE type = 'project_updated'")
    assert (got.method, got.path, got.headers["content-type"]) == ("POST", "/in?a=1", "application/json")
    assert (body["type"], body["data"]["uuid"], body["data"]["subject_name"]) == (
        "project_updated",
        str(uuid),
        "Billing",
    )
    assert datetime.fromisoformat(body["timestamp"]) == at
    assert body["data"]["data"] == {"before": {"description": ""}, "after": {"description": "Invoices & <more>"}}
    assert "ip" not in body["data"]
    assert got.headers["webhook-id"].startswith("msg_")
    with pytest.raises(WebhookVerificationError):
        verified(hook.secret, Request(got.method, got.path, got.headers, got.body + b" "))
    assert await attempts(hook.id) == [(1, "succeeded", 200)]


async def test_each_webhook_gets_its_event_types(sink: HttpSink) -> None:
    root, ana = await make_admin("root"), await make_user("ana")
    billing, other = await make_project(ana, "Billing"), await make_project(ana, "Other")
    hooks = {
        "all": await make_webhook(root, f"{sink.url}/all"),
        "project": await make_webhook(ana, f"{sink.url}/project", billing),
        "typed": await make_webhook(ana, f"{sink.url}/typed", billing, "project_archived"),
        "off": await make_webhook(ana, f"{sink.url}/off", billing),
    }
    await run(webhooks.update_webhook, ana, hooks["off"].id, WebhookUpdate(is_active=False))
    await do_jobs()
    sink.got.clear()
    await change(ana, billing)
    await change(ana, other)
    await run(projects.update_project, ana, billing, ProjectUpdate(status="archived"))
    await do_jobs()
    told = sorted((request.path, request.json()["type"]) for request in sink.got)
    assert told == [
        ("/all", "project_archived"),
        ("/all", "project_updated"),
        ("/all", "project_updated"),
        ("/project", "project_archived"),
        ("/project", "project_updated"),
        ("/typed", "project_archived"),
    ]


async def test_events_before_the_creation_of_a_webhook_are_not_sent(sink: HttpSink) -> None:
    ana = await make_user("ana")
    billing = await make_project(ana)
    await change(ana, billing)
    hook = await make_webhook(ana, sink.url, billing)
    await do_jobs()
    assert [request.json()["type"] for request in sink.got] == ["webhook_created"]
    assert hook.secret is not None
    assert hook.secret not in str(sink.got)


async def failing(sink: HttpSink, code: int, **headers: str) -> tuple[Any, int, WebhookWithSecret]:
    """A person whose project has a webhook that answers with this code."""
    ana = await make_user("ana")
    billing = await make_project(ana, "Billing")
    hook = await make_webhook(ana, sink.url, billing, "project_updated")
    sink.answers, sink.headers = [code], headers
    return ana, billing, hook


async def test_what_may_pass_is_tried_for_a_day_under_one_id(sink: HttpSink) -> None:
    ana, billing, hook = await failing(sink, 503)
    await change(ana, billing)
    last = MAX_ATTEMPTS_UNREACHABLE
    for _ in range(last + 2):
        await do_jobs()
        await make_due()
    assert await attempts(hook.id) == [(n, "retrying" if n < last else "failed", 503) for n in range(1, last + 1)]
    assert len({request.headers["webhook-id"] for request in sink.got}) == 1
    assert all(verified(hook.secret, request) for request in sink.got)
    [(status, reason)] = await rows(
        "SELECT status::text, error FROM procrastinate_jobs JOIN job_failures ON job_id = id"
        " ORDER BY attempt DESC LIMIT 1"
    )
    assert (status, reason) == ("failed", f"127.0.0.1:{sink.port} answered 503")
    assert (await run(webhooks.get_webhook, ana, hook.id)).failures == 1


@pytest.mark.parametrize("code", [408, 409, 425, 429, 500, 502])
async def test_an_answer_that_may_change_is_asked_for_again(sink: HttpSink, code: int) -> None:
    ana, billing, hook = await failing(sink, code)
    sink.answers = [code, 204]
    await change(ana, billing)
    await do_jobs()
    await make_due()
    await do_jobs()
    assert await attempts(hook.id) == [(1, "retrying", code), (2, "succeeded", 204)]
    assert await rows("SELECT FROM procrastinate_jobs") == []


@pytest.mark.parametrize("code", [301, 302, 400, 401, 403, 404, 422])
async def test_an_answer_that_will_not_change_is_final(sink: HttpSink, code: int) -> None:
    ana, billing, hook = await failing(sink, code, Location="http://127.0.0.1:9/")
    await change(ana, billing)
    await do_jobs()
    assert await attempts(hook.id) == [(1, "failed", code)]
    assert [row.status for row in await rows("SELECT status::text FROM procrastinate_jobs")] == ["failed"]


async def test_when_to_come_back_is_the_receivers_word(sink: HttpSink) -> None:
    ana, billing, _ = await failing(sink, 429, **{"Retry-After": "120"})
    await change(ana, billing)
    before = datetime.now(UTC)
    await do_jobs()
    [(at,)] = await rows("SELECT scheduled_at FROM procrastinate_jobs")
    assert timedelta(seconds=119) < at - before < timedelta(seconds=180)


async def test_who_is_gone_is_switched_off_at_once(sink: HttpSink) -> None:
    ana, billing, hook = await failing(sink, 410)
    await change(ana, billing)
    await do_jobs()
    found = await run(webhooks.get_webhook, ana, hook.id)
    assert (found.is_active, found.disabled_why) == (
        False,
        f"127.0.0.1:{sink.port} answered 410, so it wants no more",
    )


async def test_four_failures_in_a_row_deactivate_it_and_maintainers_are_notified(sink: HttpSink) -> None:
    ana, mia, eve = await make_user("ana"), await make_user("mia"), await make_user("eve")
    billing = await make_project(ana, "Billing", team={mia: "maintainer", eve: "viewer"})
    hook = await make_webhook(ana, sink.url, billing, "project_updated")
    sink.answers = [404, 404, 404, 200, 404, 404, 404, 404, 404]
    states = []
    for number in range(8):
        await change(ana, billing, str(number))
        await do_jobs()
        states.append((await run(webhooks.get_webhook, ana, hook.id)).is_active)
    assert states == [True] * 7 + [False]
    await change(ana, billing, "after")
    await do_jobs()
    assert len(sink.got) == 8
    told = await rows("SELECT user_id, title, link FROM notifications WHERE kind = 'webhook_disabled' ORDER BY 1")
    assert [row.user_id for row in told] == [ana.user_id, mia.user_id]
    assert told[0].title.startswith("System disabled the webhook to 127.0.0.1: 4 deliveries in a row failed")
    assert told[0].link == f"/projects/{billing}?tab=webhooks&hook={hook.id}"


async def test_administrators_are_notified_about_an_instance_webhook(sink: HttpSink) -> None:
    root, ana = await make_admin("root"), await make_user("ana")
    hook = await make_webhook(root, sink.url, None, "project_updated")
    sink.answers = [410]
    await change(ana, await make_project(ana))
    await do_jobs()
    told = await rows("SELECT user_id, link FROM notifications WHERE kind = 'webhook_disabled'")
    assert told == [(root.user_id, f"/settings/webhooks?hook={hook.id}")]


async def test_what_waits_for_one_that_is_off_by_now_is_dropped(sink: HttpSink) -> None:
    ana, billing, hook = await failing(sink, 503)
    await change(ana, billing)
    await do_jobs()
    await run(webhooks.update_webhook, ana, hook.id, WebhookUpdate(is_active=False))
    await make_due()
    await do_jobs()
    assert await attempts(hook.id) == [(1, "failed", 503)]
    assert await rows("SELECT FROM procrastinate_jobs") == []


async def test_a_redelivery_has_the_same_id_and_the_next_number(sink: HttpSink) -> None:
    ana, billing, hook = await failing(sink, 404)
    await change(ana, billing)
    await do_jobs()
    sink.answers = [200]
    page = await run(list_deliveries, ana, hook.id, DeliveryQuery())
    await run(webhooks.redeliver, ana, hook.id, page.items[0].id)
    await do_jobs()
    first, second = sink.got
    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)
    assert await attempts(hook.id) == [(1, "failed", 404), (2, "succeeded", 200)]
    assert (await run(webhooks.get_webhook, ana, hook.id)).failures == 0


async def test_a_test_is_sent_once_to_one_that_is_off_too_and_counts_for_nothing(sink: HttpSink) -> None:
    ana, _, hook = await failing(sink, 500)
    await run(webhooks.update_webhook, ana, hook.id, WebhookUpdate(is_active=False))
    queued = await run(webhooks.send_test, ana, hook.id)
    await do_jobs()
    (got,) = sink.got
    assert verified(hook.secret, got)["type"] == "ping"
    assert got.headers["webhook-id"] == queued.message_id
    assert await attempts(hook.id) == [(1, "failed", 500)]
    assert (await run(webhooks.get_webhook, ana, hook.id)).failures == 0
    assert await rows("SELECT FROM procrastinate_jobs WHERE task_name = 'deliver_webhook'") == []


async def test_after_a_rotation_both_secrets_sign_for_a_day(sink: HttpSink) -> None:
    ana, billing, hook = await failing(sink, 200)
    fresh = await run(webhooks.rotate_secret, ana, hook.id)
    assert fresh.secret != hook.secret
    await change(ana, billing, "1")
    await do_jobs()
    async with transaction() as session:
        await session.execute(text("UPDATE webhooks SET old_secret_until = now() - interval '1 second'"))
    await change(ana, billing, "2")
    await do_jobs()
    both, one = sink.got
    assert verified(hook.secret, both) == verified(fresh.secret, both)
    assert verified(fresh.secret, one)
    with pytest.raises(WebhookVerificationError):
        verified(hook.secret, one)


async def test_only_the_newest_attempts_are_kept(sink: HttpSink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery_log, "MAX_DELIVERIES", 2)
    monkeypatch.setattr(delivery_log, "PRUNED_EVERY", 1)
    ana, billing, hook = await failing(sink, 200)
    for number in range(4):
        await change(ana, billing, str(number))
        await do_jobs()
    assert len(sink.got) == 4
    assert len(await attempts(hook.id)) == 2


async def test_an_address_that_leads_inside_is_not_asked(sink: HttpSink, monkeypatch: pytest.MonkeyPatch) -> None:
    ana = await make_user("ana")
    billing = await make_project(ana)
    hook = await make_webhook(ana, "http://rebind.example.com/", billing, "project_updated")

    async def inside(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    monkeypatch.setattr(ssrf_safe, "resolve", inside)
    await change(ana, billing)
    await do_jobs()
    assert sink.connections == 0
    [(status, error)] = await rows("SELECT status, error FROM webhook_deliveries WHERE webhook_id = :id", id=hook.id)
    assert (status, error) == ("failed", "This address is not on the public Internet")


async def test_one_that_hangs_holds_nobody_up(sink: HttpSink, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many deliveries wait for a receiver that does not respond; another one receives everything meanwhile."""
    monkeypatch.setattr(resilience, "ACQUIRE_TIMEOUT_S", 0.05)
    ana = await make_user("ana")
    billing = await make_project(ana)
    async with HttpSink() as hanging:
        allow(monkeypatch, sink, hanging)
        hanging.hold = asyncio.Event()
        await make_webhook(ana, f"{hanging.url}/1", billing, "project_updated")
        await make_webhook(ana, sink.url, billing, "project_updated")
        for number in range(12):
            await change(ana, billing, str(number))
        working = asyncio.create_task(do_jobs())
        await until(lambda: len(sink.got) >= 12)
        assert len(hanging.got) <= consumer.MAX_PER_TARGET
        hanging.hold.set()
        await working
        await make_due()
        await do_jobs()
        assert len({request.headers["webhook-id"] for request in hanging.got}) == 12


async def test_who_gives_no_answer_is_left_alone_and_loses_no_message(sink: HttpSink) -> None:
    ana = await make_user("ana")
    billing = await make_project(ana)
    port = sink.port
    hook = await make_webhook(ana, sink.url, billing, "project_updated")
    await sink.close()
    messages = FAILURES_TO_OPEN + 3
    for number in range(messages):
        await change(ana, billing, str(number))
    await do_jobs()
    tried = len(await attempts(hook.id))
    assert FAILURES_TO_OPEN <= tried < FAILURES_TO_OPEN + consumer.MAX_PER_TARGET
    assert await rows("SELECT status::text, attempts FROM procrastinate_jobs") == [("todo", 1)] * messages
    [(error,)] = await rows("SELECT DISTINCT error FROM webhook_deliveries")
    assert error == f"127.0.0.1:{port} cannot be reached (ConnectError)"


async def test_one_that_stays_left_alone_has_failed_after_the_last_attempt(sink: HttpSink) -> None:
    ana, billing, hook = await failing(sink, 503)
    await change(ana, billing)
    await do_jobs()
    for _ in range(FAILURES_TO_OPEN):
        circuit_breaker(f"webhooks to 127.0.0.1:{sink.port}").record(is_ok=False)
    for _ in range(MAX_ATTEMPTS_UNREACHABLE):
        await make_due()
        await do_jobs()
    assert len(sink.got) == 1
    assert await attempts(hook.id) == [(1, "retrying", 503), (2, "failed", None)]
    assert (await run(webhooks.get_webhook, ana, hook.id)).failures == 1


async def test_the_wait_goes_on_where_a_job_that_stood_aside_left_it(sink: HttpSink) -> None:
    ana, billing, _ = await failing(sink, 503)
    await change(ana, billing)
    await do_jobs()
    async with transaction() as session:
        aside = "UPDATE procrastinate_jobs SET attempts = 0, args = args || '{\"tried\": 9}', scheduled_at = now()"
        await session.execute(text(aside))
    await do_jobs()
    [(wait,)] = await rows("SELECT extract(epoch FROM scheduled_at - now())::float FROM procrastinate_jobs")
    assert 1900 < wait <= 2560


async def test_a_test_is_sent_although_the_target_is_left_alone(sink: HttpSink) -> None:
    ana, _, hook = await failing(sink, 200)
    for _ in range(FAILURES_TO_OPEN):
        circuit_breaker(f"webhooks to 127.0.0.1:{sink.port}").record(is_ok=False)
    await run(webhooks.send_test, ana, hook.id)
    await do_jobs()
    assert await attempts(hook.id) == [(1, "succeeded", 200)]


async def test_a_secret_is_only_stored_encrypted(sink: HttpSink, api: httpx.AsyncClient) -> None:
    """The secret appears in no response, event, delivery log, job or table. The secret itself is the canary."""
    ana, billing, hook = await failing(sink, 500)
    fresh = await run(webhooks.rotate_secret, ana, hook.id)
    await change(ana, billing)
    await do_jobs()
    header = await bearer(ana)
    base = f"/api/v1/webhooks/{hook.id}"
    page = (await api.get(f"{base}/deliveries", headers=header)).json()
    urls = ("/api/v1/activity", base, f"{base}/deliveries", f"{base}/deliveries/{page[0]['id']}")
    seen = [(await api.get(url, headers=header)).text for url in (*urls, f"/api/v1/webhooks?project_id={billing}")]
    tables = ("events", "webhooks", "webhook_deliveries", "procrastinate_jobs", "job_failures", "idempotency_keys")
    for table in tables:
        seen += [str(row) for row in await rows(f"SELECT {table}::text FROM {table}")]
    for secret in (hook.secret, fresh.secret):
        assert secret is not None
        bare = secret.removeprefix("whsec_")
        assert not any(bare in given for given in (*seen, *(str(request) for request in sink.got)))

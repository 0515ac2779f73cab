"""Webhooks over REST: who may manage them, what they accept, and that nobody else sees them."""

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from tca_app.config.settings import get_settings
from tca_app.core.database.session import reading, transaction
from tca_app.core.errors import Conflict, Forbidden, NotFound, Stale
from tca_app.core.security.encryption import DecryptionError, decrypt, encrypt
from tca_app.features.projects import service as projects
from tca_app.features.webhooks import service as webhooks
from tca_app.features.webhooks.schemas import WebhookCreate, WebhookQuery, WebhookUpdate
from tca_app.models import Webhook
from tests.factories import bearer, make_admin, make_delivery, make_project, make_user, make_webhook, row_of, run

URL = "https://hooks.example.com/in?key=abc"


async def events() -> list[Any]:
    async with reading() as session:
        rows = await session.execute(
            text("SELECT type, subject_name, project_id, data FROM events WHERE subject_type = 'webhook' ORDER BY id")
        )
        return [tuple(row) for row in rows]


async def test_a_webhook_from_its_making_to_its_end() -> None:
    ana = await make_user("ana")
    billing = await make_project(ana, "Billing")
    made = await make_webhook(ana, URL, billing, "member_added", "member_added", "project_updated")
    assert (made.created_by, made.version, made.is_active) == ("Ana", 1, True)
    assert made.event_types == ["member_added", "project_updated"]
    assert made.secret is not None
    assert made.secret.startswith("whsec_")
    change = WebhookUpdate(url="https://other.example.com/secret-path", description="Bot", event_types=[])
    after = await run(webhooks.update_webhook, ana, made.id, change)
    assert (after.url, after.description, after.event_types, after.version) == (change.url, "Bot", [], 2)
    await run(webhooks.update_webhook, ana, made.id, change)
    await run(webhooks.delete_webhook, ana, made.id)
    with pytest.raises(NotFound):
        await run(webhooks.get_webhook, ana, made.id)
    logged = await events()
    assert [(type_, name) for type_, name, _, _ in logged] == [
        ("webhook_created", "hooks.example.com"),
        ("webhook_updated", "other.example.com"),
        ("webhook_deleted", "other.example.com"),
    ]
    assert {project_id for _, _, project_id, _ in logged} == {billing}
    assert logged[1][3]["before"]["url"] == "hooks.example.com"
    assert "secret-path" not in str(logged)
    assert "key=abc" not in str(logged)


@pytest.mark.parametrize("role", ["viewer", "deployer"])
async def test_members_with_a_lower_role_are_refused_and_strangers_see_nothing(role: str) -> None:
    ana, bob, eve = await make_user("ana"), await make_user("bob"), await make_user("eve")
    billing = await make_project(ana, team={bob: role})
    hook = await make_webhook(ana, URL, billing)
    delivery = await make_delivery(hook.id)
    acts = (
        (webhooks.list_webhooks, WebhookQuery(project_id=billing)),
        (webhooks.create_webhook, WebhookCreate(project_id=billing, url=URL)),
        (webhooks.get_webhook, hook.id),
        (webhooks.update_webhook, hook.id, WebhookUpdate(description="x")),
        (webhooks.rotate_secret, hook.id),
        (webhooks.send_test, hook.id),
        (webhooks.get_delivery, hook.id, delivery),
        (webhooks.redeliver, hook.id, delivery),
        (webhooks.delete_webhook, hook.id),
    )
    for act, *given in acts:
        with pytest.raises(Forbidden):
            await run(act, bob, *given)
        with pytest.raises(NotFound):
            await run(act, eve, *given)


async def test_maintainers_may_and_superusers_may() -> None:
    ana, mia, root = await make_user("ana"), await make_user("mia"), await make_admin("root")
    billing = await make_project(ana, team={mia: "maintainer"})
    for who in (ana, mia, root):
        await make_webhook(who, URL, billing)
        assert await run(webhooks.list_webhooks, who, WebhookQuery(project_id=billing))


async def test_instance_webhooks_are_for_superusers() -> None:
    ana, root = await make_user("ana"), await make_admin("root")
    hook = await make_webhook(root)
    await make_webhook(ana, URL, await make_project(ana))
    assert [found.id for found in await run(webhooks.list_webhooks, root, WebhookQuery())] == [hook.id]
    with pytest.raises(Forbidden):
        await run(webhooks.list_webhooks, ana, WebhookQuery())
    with pytest.raises(Forbidden):
        await make_webhook(ana)
    with pytest.raises(NotFound):
        await run(webhooks.get_webhook, ana, hook.id)


async def test_a_delivery_is_found_only_under_its_own_webhook() -> None:
    ana = await make_user("ana")
    billing = await make_project(ana)
    hook, other = await make_webhook(ana, URL, billing), await make_webhook(ana, URL, billing)
    delivery = await make_delivery(hook.id)
    assert (await run(webhooks.get_delivery, ana, hook.id, delivery)).message_id == "msg_1"
    with pytest.raises(NotFound):
        await run(webhooks.get_delivery, ana, other.id, delivery)


async def test_a_project_in_the_trash_has_no_webhooks() -> None:
    ana = await make_user("ana")
    billing = await make_project(ana)
    hook = await make_webhook(ana, URL, billing)
    await run(projects.delete_project, ana, billing)
    for act in (webhooks.get_webhook, webhooks.send_test, webhooks.delete_webhook):
        with pytest.raises(NotFound):
            await run(act, ana, hook.id)
    await run(projects.restore_project, ana, billing)
    assert (await run(webhooks.get_webhook, ana, hook.id)).id == hook.id


async def test_switched_on_again_it_starts_anew() -> None:
    ana = await make_user("ana")
    hook = await make_webhook(ana, URL, await make_project(ana))
    async with transaction() as session:
        await session.execute(
            text("UPDATE webhooks SET is_active = false, failures = 4, disabled_at = now(), disabled_why = 'x'")
        )
    after = await run(webhooks.update_webhook, ana, hook.id, WebhookUpdate(is_active=True))
    assert (after.is_active, after.failures, after.disabled_at, after.disabled_why) == (True, 0, None, "")


async def test_an_old_copy_is_not_saved_over_a_newer_one() -> None:
    ana, mia = await make_user("ana"), await make_user("mia")
    hook = await make_webhook(ana, URL, await make_project(ana, team={mia: "maintainer"}))
    await run(webhooks.update_webhook, mia, hook.id, WebhookUpdate(description="Mia's"))
    with pytest.raises(Stale, match="Mia changed this"):
        await run(webhooks.update_webhook, ana, hook.id, WebhookUpdate(description="Ana's"), 1)
    with pytest.raises(Stale):
        await run(webhooks.delete_webhook, ana, hook.id, 1)


async def test_there_are_not_more_than_twenty_also_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "MAX_WEBHOOKS", 2)
    ana = await make_user("ana")
    billing = await make_project(ana)
    made = await asyncio.gather(*(make_webhook(ana, URL, billing) for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(one, Conflict) for one in made) == 2


async def test_secrets_are_encrypted_with_the_key_of_the_console(monkeypatch: pytest.MonkeyPatch) -> None:
    ana = await make_user("ana")
    hook = await make_webhook(ana, URL, await make_project(ana))
    kept = bytes((await row_of(Webhook, hook.id))["secret"])
    assert decrypt(kept, "webhook") == hook.secret
    assert encrypt("x", "webhook") != encrypt("x", "webhook")
    with pytest.raises(DecryptionError):
        decrypt(kept, "something else")
    with pytest.raises(DecryptionError):
        decrypt(kept[:-1] + bytes([kept[-1] ^ 1]), "webhook")
    monkeypatch.setattr(get_settings(), "secret_key", type(get_settings().secret_key)("another key of the console"))
    with pytest.raises(DecryptionError):
        decrypt(kept, "webhook")


async def test_over_rest(api: httpx.AsyncClient) -> None:
    ana = await make_user("ana")
    header = await bearer(ana)
    billing = await make_project(ana)
    once = header | {"Idempotency-Key": "k1"}
    body = {"project_id": billing, "url": URL, "event_types": ["project_updated"]}
    made = await api.post("/api/v1/webhooks", json=body, headers=once)
    again = await api.post("/api/v1/webhooks", json=body, headers=once)
    assert (made.status_code, again.status_code) == (201, 201)
    assert again.json() == made.json() | {"secret": None}
    url = made.headers["Location"]
    assert url == f"/api/v1/webhooks/{made.json()['id']}"
    secret = made.json()["secret"]
    async with reading() as session:
        (kept,) = (await session.execute(text("SELECT answer FROM idempotency_keys"))).scalars()
    assert secret not in str(kept)
    found = await api.get(url, headers=header)
    assert found.headers["ETag"] == '"1"'
    assert "secret" not in found.json()
    listed = await api.get("/api/v1/webhooks", params={"project_id": billing}, headers=header)
    assert listed.json() == [found.json()]
    changed = await api.patch(url, json={"description": "Bot"}, headers=header | {"If-Match": '"1"'})
    assert (changed.status_code, changed.json()["description"]) == (200, "Bot")
    stale = await api.patch(url, json={"description": "Other"}, headers=header | {"If-Match": '"1"'})
    assert stale.status_code == 412
    rotated = (await api.post(f"{url}/rotate-secret", headers=header)).json()
    assert rotated["secret"] not in ("", secret)
    assert rotated["old_signature_until"] is not None
    queued = await api.post(f"{url}/test", headers=header)
    assert (queued.status_code, queued.json()["message_id"][:4]) == (202, "msg_")
    delivery = await make_delivery(made.json()["id"])
    deliveries = await api.get(f"{url}/deliveries?status=failed", headers=header)
    assert (deliveries.headers["X-Total-Count"], deliveries.json()[0]["id"]) == ("1", delivery)
    assert "request_body" not in deliveries.json()[0]
    assert (await api.get(f"{url}/deliveries/{delivery}", headers=header)).json()["request_body"] == "{}"
    assert (await api.post(f"{url}/deliveries/{delivery}/redeliver", headers=header)).json() == {"message_id": "msg_1"}
    assert (await api.delete(url, headers=header)).status_code == 204
    assert (await api.get(url, headers=header)).status_code == 404


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        ({"url": "http://127.0.0.1/"}, 409, "/url"),
        ({"url": "https://example.com:6379/"}, 409, "/url"),
        ({"url": "https://localhost/"}, 409, "/url"),
        ({"url": "ftp://example.com/"}, 422, "/url"),
        ({"url": "https://user@example.com/"}, 422, "/url"),
        ({"url": ""}, 422, "/url"),
        ({"url": URL, "event_types": ["nonsense"]}, 422, "/event_types/0"),
        ({"url": URL, "secret": "whsec_x"}, 422, "/secret"),
        ({"url": URL, "failures": 0}, 422, "/failures"),
    ],
)
async def test_what_is_not_right_is_named(
    api: httpx.AsyncClient, body: dict[str, Any], status: int, pointer: str
) -> None:
    root = await make_admin()
    answer = await api.post("/api/v1/webhooks", json=body, headers=await bearer(root))
    assert answer.status_code == status, answer.text
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]

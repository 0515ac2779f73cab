"""The webhook pages, without a browser."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from reflex.istate.manager.memory import StateManagerMemory
from sqlalchemy import insert, text as text_of

from tca_app.core.actor import Actor
from tca_app.core.database.session import reading, transaction
from tca_app.features.projects.ui.detail_state import ProjectState
from tca_app.features.webhooks import service as webhooks
from tca_app.features.webhooks.schemas import WebhookQuery, WebhookUpdate
from tca_app.features.webhooks.ui import detail_state
from tca_app.features.webhooks.ui.detail_state import DeliveriesState
from tca_app.features.webhooks.ui.state import WebhooksState
from tca_app.models import WebhookDelivery
from tca_app.ui.record import MovedOn
from tca_app.ui.session import SessionState
from tests.factories import make_admin, make_delivery, make_project, make_user, make_webhook, run
from tests.ui.harness import Console, Tab, console_on, in_bulk, redirects, shown, sign_in

URL = "https://hooks.example.com/in"


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    async with console_on(StateManagerMemory()) as running:
        yield running


async def opened(console: Console, actor: Actor, path: str) -> tuple[Tab, list[Any]]:
    """A tab on this page, and what it was sent."""
    tab = Tab(console, f"tab {actor.username} {path}", await sign_in(actor), path)
    await tab.hydrate()
    return tab, await tab.send(WebhooksState.load)


def new_secret(updates: list[Any]) -> str:
    """What was put into the field of the page."""
    events = [event for update in updates for event in update.events or [] if event.name == "_set_value"]
    return str(events[-1].payload["value"]) if events else ""


async def filled(tab: Tab, **fields: str) -> list[Any]:
    """Save the form that is open."""
    updates = await tab.send(WebhooksState.open_create)
    nonce = shown(updates, WebhooksState, "form_nonce")
    form = {"nonce": nonce, "url": URL, "description": "", "which": "all"} | fields
    return await tab.send(WebhooksState.save, form=form)


async def test_a_secret_is_put_into_the_page_once_and_stands_in_no_state(console: Console) -> None:
    ana = await make_user("ana")
    billing = await make_project(ana)
    tab, updates = await opened(console, ana, f"/projects/{billing}?tab=webhooks")
    assert shown(updates, WebhooksState, "phase") == "list"
    updates = await filled(tab, which="chosen", on_project_updated="on", description="Bot")
    secret = new_secret(updates)
    assert secret.startswith("whsec_")
    assert secret not in str([update.delta for update in updates])
    assert shown(updates, WebhooksState, "secret_of") == "hooks.example.com"
    [row] = shown(updates, WebhooksState, "rows")
    assert (row["events"], row["event_names"], row["description"]) == ("1 event", ["Project updated"], "Bot")
    updates = await tab.send(WebhooksState.hide_secret)
    assert (new_secret(updates), shown(updates, WebhooksState, "secret_of")) == ("", "")


async def test_what_is_wrong_stands_at_its_field(console: Console) -> None:
    ana = await make_user("ana")
    tab, _ = await opened(console, ana, f"/projects/{await make_project(ana)}?tab=webhooks")
    for fields, field, words in (
        ({"url": "http://10.0.0.1/"}, "url", "public Internet"),
        ({"url": "nonsense"}, "url", "starts with"),
        ({"which": "chosen"}, "which", "at least one"),
    ):
        errors = shown(await filled(tab, **fields), WebhooksState, "form_errors")
        assert words in errors[field]


async def test_the_form_offers_a_project_only_what_happens_in_projects(console: Console) -> None:
    ana, root = await make_user("ana"), await make_admin("root")
    tab, _ = await opened(console, ana, f"/projects/{await make_project(ana)}?tab=webhooks")
    values = shown(await tab.send(WebhooksState.open_create), WebhooksState, "form_values")
    assert "on_project_updated" in values
    assert "on_user_created" not in values
    tab, _ = await opened(console, root, "/settings/webhooks")
    values = shown(await tab.send(WebhooksState.open_create), WebhooksState, "form_values")
    assert "on_user_created" in values


async def test_an_edit_keeps_what_somebody_else_saved_first(console: Console) -> None:
    ana, mia = await make_user("ana"), await make_user("mia")
    billing = await make_project(ana, team={mia: "maintainer"})
    hook = await make_webhook(ana, URL, billing, "project_updated")
    tab, _ = await opened(console, ana, f"/projects/{billing}?tab=webhooks&hook={hook.id}")
    updates = await tab.send(WebhooksState.open_edit, webhook_id=hook.id)
    values = shown(updates, WebhooksState, "form_values")
    assert (values["which"], values["on_project_updated"], values["on_member_added"]) == ("chosen", "on", "")
    await run(webhooks.update_webhook, mia, hook.id, WebhookUpdate(description="Mia's"))
    form = values | {"nonce": shown(updates, WebhooksState, "form_nonce"), "description": "Ana's"}
    updates = await tab.send(WebhooksState.save, form=form)
    [clash] = shown(updates, WebhooksState, "form_clashes")
    assert (clash["label"], clash["mine"], clash["theirs"]) == ("Description", "Ana's", "Mia's")


async def test_a_viewer_and_a_stranger_see_nothing_of_it(console: Console) -> None:
    ana, bob, eve = await make_user("ana"), await make_user("bob"), await make_user("eve")
    billing = await make_project(ana, team={bob: "viewer"})
    hook = await make_webhook(ana, URL, billing)
    path = f"/projects/{billing}?tab=webhooks&hook={hook.id}"
    for actor in (bob, eve):
        tab, updates = await opened(console, actor, path)
        assert shown(updates, WebhooksState, "phase") == "missing"
        assert not shown(updates, WebhooksState, "rows")
        await tab.send(DeliveriesState.load)
        for act in (WebhooksState.open_edit, WebhooksState.send_test):
            updates = await tab.send(act, webhook_id=hook.id)
            assert shown(updates, SessionState, "toasts")[-1]["kind"] == "error"
        updates = await tab.send(ProjectState.load)
        assert shown(updates, ProjectState, "tab") in (None, "overview")
    tab, updates = await opened(console, ana, "/settings/webhooks")
    assert shown(updates, WebhooksState, "phase") == "missing"


async def test_the_list_has_the_filters_and_the_order_of_the_url(console: Console) -> None:
    ana = await make_user("ana")
    billing = await make_project(ana)
    one, two, three = [await make_webhook(ana, f"https://{name}.example.com/", billing) for name in ("c", "a", "b")]
    await make_webhook(ana, "https://other.example.com/", await make_project(ana))
    await make_delivery(two.id)
    await run(webhooks.update_webhook, ana, three.id, WebhookUpdate(is_active=False, description="Bot"))
    tab, updates = await opened(console, ana, f"/projects/{billing}?tab=webhooks")

    async def ids(query: str) -> list[int]:
        tab.path = f"/projects/{billing}?tab=webhooks&{query}"
        await tab.send(WebhooksState.load)
        return [row["id"] for row in shown(await tab.hydrate(), WebhooksState, "rows") or ()]

    assert [row["id"] for row in shown(updates, WebhooksState, "rows")] == [one.id, two.id, three.id]
    assert await ids("sort=url") == [two.id, three.id, one.id]
    assert await ids("sort=-last_at") == [two.id, three.id, one.id]
    assert await ids("status=disabled") == [three.id]
    assert await ids("last=failed&sort=-url") == [two.id]
    assert await ids("q=bot") == [three.id]
    for key, expected in (("status", {"Active": "2", "Disabled": "1"}), ("last", {"Failed": "1"})):
        tab.path = f"/projects/{billing}?tab=webhooks"
        options = shown(await tab.send(WebhooksState.show_filter, key=key, is_open=True), WebhooksState, "options")
        assert {option["label"]: option["count"] for option in options if option["count"] != "0"} == expected


async def test_an_order_keeps_the_secret_that_is_shown(console: Console) -> None:
    ana = await make_user("ana")
    path = f"/projects/{await make_project(ana)}?tab=webhooks"
    tab, _ = await opened(console, ana, path)
    await filled(tab)
    for query, kept in (("&sort=-url", "hooks.example.com"), ("&sort=-url", "")):  # the second is a reload
        tab.path = path + query
        await tab.send(WebhooksState.load)
        assert shown(await tab.hydrate(), WebhooksState, "secret_of") == kept


async def test_acts_on_one(console: Console) -> None:
    root = await make_admin("root")
    hook = await make_webhook(root, URL)
    tab, updates = await opened(console, root, f"/settings/webhooks?hook={hook.id}")
    assert shown(updates, WebhooksState, "phase") == "one"
    updates = await tab.send(WebhooksState.switch, webhook_id=hook.id, is_active=False)
    assert shown(await tab.send(WebhooksState.read_again), WebhooksState, "shown") is None  # it shows that already
    assert not (await run(webhooks.get_webhook, root, hook.id)).is_active
    toast = shown(updates, SessionState, "toasts")[-1]
    assert (toast["text"], toast["undo"]) == ("Webhook to hooks.example.com disabled", True)
    await tab.send(SessionState.undo, toast_id=toast["id"])
    assert (await run(webhooks.get_webhook, root, hook.id)).is_active
    await tab.send(WebhooksState.ask, action="rotate", webhook_id=hook.id)
    assert new_secret(await tab.send(WebhooksState.rotate)) not in ("", hook.secret)
    await tab.send(WebhooksState.ask, action="delete", webhook_id=hook.id)
    assert redirects(await tab.send(WebhooksState.delete)) == ["/settings/webhooks"]
    assert await run(webhooks.list_webhooks, root, WebhookQuery()) == []


async def test_the_log_of_deliveries_opens_one_and_sends_it_again(console: Console) -> None:
    root = await make_admin("root")
    hook = await make_webhook(root, URL)
    for number in range(2):
        await make_delivery(hook.id, f"msg_{number}")
    tab, _ = await opened(console, root, f"/settings/webhooks?hook={hook.id}")
    rows = shown(await tab.send(DeliveriesState.load), DeliveriesState, "rows")
    assert [(row["event"], row["status"], row["answer"]) for row in rows] == [("Ping", "failed", "No response")] * 2
    updates = await tab.send(DeliveriesState.toggle, webhook_id=hook.id, delivery_id=rows[0]["id"])
    assert shown(updates, DeliveriesState, "sent")["body"] == "{}"
    updates = await tab.send(DeliveriesState.redeliver, webhook_id=hook.id, delivery_id=rows[0]["id"])
    assert "Redelivery queued" in shown(updates, SessionState, "toasts")[-1]["text"]
    updates = await tab.send(DeliveriesState.toggle, webhook_id=hook.id, delivery_id=rows[0]["id"])
    assert shown(updates, DeliveriesState, "open_id") == 0


async def test_a_long_log_says_that_it_is_cut(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detail_state, "BATCH", 1)
    monkeypatch.setattr(detail_state, "MOST", 2)
    root = await make_admin("root")
    hook = await make_webhook(root, URL)
    for number in range(3):
        await make_delivery(hook.id, f"msg_{number}")
    tab, _ = await opened(console, root, f"/settings/webhooks?hook={hook.id}")
    await tab.send(DeliveriesState.load)
    first = await tab.hydrate()
    assert (shown(first, DeliveriesState, "has_more"), shown(first, DeliveriesState, "cut_text")) == (True, "")
    await tab.send(DeliveriesState.more, webhook_id=hook.id)
    last = await tab.hydrate()
    assert shown(last, DeliveriesState, "has_more") is False
    assert shown(last, DeliveriesState, "cut_text").startswith("2 of 3 are shown.")


@pytest.mark.parametrize("hook", ["0", "-1", "9" * 30, "x", "1e3", "%00", "12345"])
async def test_an_address_typed_by_hand_is_only_missing(console: Console, hook: str) -> None:
    root = await make_admin()
    tab, updates = await opened(console, root, f"/settings/webhooks?hook={hook}")
    assert shown(updates, WebhooksState, "phase") in ("missing", "list")
    await tab.send(DeliveriesState.load)
    assert console.errors == []


async def test_deliveries_have_the_order_of_the_url_and_so_has_their_file(console: Console) -> None:
    root = await make_admin("root")
    hook = await make_webhook(root, URL)
    first, second = [await make_delivery(hook.id, f"msg_{number}") for number in range(2)]
    path = f"/settings/webhooks?hook={hook.id}"
    tab, _ = await opened(console, root, path)
    for query, expected in (("", [second, first]), ("&sort=at", [first, second]), ("&sort=nonsense", [second, first])):
        tab.path = path + query
        await tab.send(DeliveriesState.load)
        kept = await tab.hydrate()
        assert [row["id"] for row in shown(kept, DeliveriesState, "rows")] == expected
        assert shown(kept, DeliveriesState, "export_query") == ("sort=at" if query == "&sort=at" else "")
        assert shown(kept, DeliveriesState, "sort") == ("at" if query == "&sort=at" else "-at")


async def test_a_filter_of_deliveries_keeps_the_page_and_a_reload_hides_the_secret(console: Console) -> None:
    ana = await make_user("ana")
    hook = await make_webhook(ana, URL, await make_project(ana))
    await make_delivery(hook.id)
    path = f"/projects/{hook.project_id}?tab=webhooks&hook={hook.id}"
    tab, _ = await opened(console, ana, path)
    await tab.send(DeliveriesState.load)
    await tab.send(WebhooksState.ask, action="rotate", webhook_id=hook.id)
    await tab.send(WebhooksState.rotate)
    tab.path = f"{path}&status=succeeded&type=project_updated"
    updates = await tab.send(WebhooksState.load) + await tab.send(DeliveriesState.load)
    assert shown(updates, WebhooksState, "secret_of") is None
    assert shown(updates, DeliveriesState, "rows") == []
    assert [chip["text"] for chip in shown(updates, DeliveriesState, "chips")] == [
        "Status: Succeeded",
        "Event: Project updated",
    ]
    updates = await tab.send(DeliveriesState.show_filter, key="type", is_open=True)
    assert shown(updates, DeliveriesState, "options")[0]["label"] == "project_updated"
    assert shown(await tab.send(WebhooksState.load), WebhooksState, "secret_of") == ""


async def test_many_webhooks_are_disabled_and_deleted_but_not_those_of_another_project(console: Console) -> None:
    ana, eve = await make_user("ana"), await make_user("eve")
    billing = await make_project(ana)
    one, two = [await make_webhook(ana, f"https://{name}.example.com/", billing) for name in ("a", "b")]
    other = await make_webhook(eve, URL, await make_project(eve))
    tab, _ = await opened(console, ana, f"/projects/{billing}?tab=webhooks")
    text, refused, updates = await in_bulk(tab, WebhooksState, "disable", one.id, two.id, other.id)
    assert (text, refused) == ("2 webhooks disabled, 1 refused", [f"Webhook {other.id}"])
    toast = shown(updates, SessionState, "toasts")[-1]
    await tab.send(SessionState.undo, toast_id=toast["id"])
    assert [hook.is_active for hook in await run(webhooks.list_webhooks, ana, WebhookQuery(project_id=billing))] == [
        True,
        True,
    ]
    text, refused, updates = await in_bulk(tab, WebhooksState, "delete", one.id, other.id)
    assert (text, refused) == ("a.example.com deleted, 1 refused", [f"Webhook {other.id}"])
    assert [row["id"] for row in shown(updates, WebhooksState, "rows")] == [two.id]
    assert (await run(webhooks.get_webhook, eve, other.id)).is_active
    viewer, _ = await opened(console, eve, f"/projects/{billing}?tab=webhooks")
    assert (await in_bulk(viewer, WebhooksState, "delete", two.id))[0] == "No webhooks deleted, 1 refused"


async def test_many_deliveries_are_sent_again_each_request_once(console: Console) -> None:
    root = await make_admin("root")
    hook, other = await make_webhook(root, URL), await make_webhook(root, URL)
    ids = [await make_delivery(hook.id, f"msg_{number}", attempt) for number, attempt in ((1, 1), (1, 2), (2, 1))]
    foreign = await make_delivery(other.id, "msg_3")
    tab, _ = await opened(console, root, f"/settings/webhooks?hook={hook.id}")
    await tab.send(DeliveriesState.load)
    text, refused, _updates = await in_bulk(tab, DeliveriesState, "redeliver", *ids, foreign)
    assert (text, refused) == ("2 deliveries queued, 1 refused", [f"Delivery {foreign}"])
    async with reading() as session:
        queued = await session.execute(
            text_of("SELECT args ->> 'message_id' FROM procrastinate_jobs WHERE task_name = 'deliver_webhook'")
        )
        assert sorted(queued.scalars()) == ["msg_1", "msg_2"]
    tab.path = f"/settings/webhooks?hook={other.id}"
    _text, _refused, updates = await in_bulk(tab, DeliveriesState, "redeliver", ids[0])
    assert shown(updates, DeliveriesState, "bulk_error") == MovedOn.default


async def test_all_deliveries_are_sent_again_with_those_that_are_not_shown(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detail_state, "BATCH", 1)
    root = await make_admin("root")
    hook = await make_webhook(root, URL)
    for number in range(3):
        await make_delivery(hook.id, f"msg_{number}")
    tab, _ = await opened(console, root, f"/settings/webhooks?hook={hook.id}")
    await tab.send(DeliveriesState.load)
    assert shown(await tab.send(DeliveriesState.toggle_all), DeliveriesState, "everything_text") == "Select all 3"
    await tab.send(DeliveriesState.select_everything)
    asked = await tab.send(DeliveriesState.ask_bulk, action="redeliver")
    assert shown(asked, DeliveriesState, "bulk_title") == "Redeliver 3 deliveries?"


async def test_every_delivery_of_one_filter_is_not_every_delivery_of_another(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detail_state, "BATCH", 2)
    root = await make_admin("root")
    hook = await make_webhook(root, URL)
    for number in range(6):
        await make_delivery(hook.id, f"msg_{number}")
    async with transaction() as session:
        await session.execute(text_of("UPDATE webhook_deliveries SET status = 'succeeded' WHERE message_id >= 'msg_3'"))
    path = f"/settings/webhooks?hook={hook.id}"
    tab, _ = await opened(console, root, f"{path}&status=succeeded")
    await tab.send(DeliveriesState.load)
    await tab.send(DeliveriesState.toggle_all)
    updates = await tab.send(DeliveriesState.select_everything)
    assert shown(updates, DeliveriesState, "selected_text") == "3 deliveries selected"
    tab.path = path  # the same two rows are shown, and more are behind them
    await tab.send(DeliveriesState.load)
    assert not shown(await tab.hydrate(), DeliveriesState, "selected")
    await tab.send(DeliveriesState.toggle_all)
    asked = await tab.send(DeliveriesState.ask_bulk, action="redeliver")
    assert shown(asked, DeliveriesState, "bulk_title") == "Redeliver 2 deliveries?"


async def test_a_request_is_sent_again_once_also_over_batches(console: Console) -> None:
    root = await make_admin("root")
    hook = await make_webhook(root, URL)
    names = [f"msg_{number}" for number in range(110)]
    row = {"event_type": "ping", "attempt": 1, "url": URL, "request_headers": {}, "request_body": "{}"}
    row |= {"webhook_id": hook.id, "status": "failed"}
    async with transaction() as session:
        await session.execute(insert(WebhookDelivery), [row | {"message_id": name} for name in names])
    await make_delivery(hook.id, names[0], 2)  # the newest and the oldest are attempts at one request
    tab, _ = await opened(console, root, f"/settings/webhooks?hook={hook.id}")
    await tab.send(DeliveriesState.load)
    await tab.send(DeliveriesState.toggle_all)
    await tab.send(DeliveriesState.select_everything)
    asked = await tab.send(DeliveriesState.ask_bulk, action="redeliver")
    assert shown(asked, DeliveriesState, "bulk_title") == "Redeliver 110 deliveries?"
    await tab.send(DeliveriesState.run_bulk)
    async with reading() as session:
        queued = await session.execute(
            text_of("SELECT args ->> 'message_id' FROM procrastinate_jobs WHERE task_name = 'deliver_webhook'")
        )
        assert sorted(queued.scalars()) == sorted(names)

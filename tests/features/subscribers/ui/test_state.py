"""The page of subscribers."""

from typing import Any

import pytest
from reflex.istate.manager.memory import StateManagerMemory

from tca_app.config.settings import get_settings
from tca_app.features.subscribers.ui.pages import subscribers_page
from tca_app.features.subscribers.ui.state import SubscribersState
from tests.factories import make_admin, make_subscriber, make_user
from tests.features.subscribers.test_subscribers import subscribers
from tests.ui.harness import Tab, console_on, in_bulk, shown, sign_in


async def test_an_administrator_sees_and_removes_subscribers(monkeypatch: pytest.MonkeyPatch) -> None:
    admin = await make_admin()
    first = await make_subscriber("ana@example.com", "a" * 43)
    await make_subscriber("bob@example.com", "b" * 43, language="de")
    async with console_on(StateManagerMemory()) as console:
        tab = Tab(console, "tab", await sign_in(admin), "/admin/subscribers")
        await tab.hydrate()
        updates = await tab.send(SubscribersState.load)
        assert [(row["email"], row["language"]) for row in shown(updates, SubscribersState, "rows")] == [
            ("bob@example.com", "Deutsch"),
            ("ana@example.com", "English"),
        ]
        assert shown(updates, SubscribersState, "is_offered") is False
        monkeypatch.setattr(get_settings(), "status_public", True)
        assert shown(await tab.send(SubscribersState.load), SubscribersState, "is_offered") is True
        asked = await tab.send(SubscribersState.ask_remove, subscriber_id=first)
        assert shown(asked, SubscribersState, "removed_name") == "ana@example.com"
        form: dict[str, Any] = {}
        await tab.send(SubscribersState.remove, _form=form)
    assert await subscribers() == ["bob@example.com"]


async def test_a_member_sees_none(monkeypatch: pytest.MonkeyPatch) -> None:
    member = await make_user()
    await make_subscriber()
    async with console_on(StateManagerMemory()) as console:
        tab = Tab(console, "tab", await sign_in(member), "/admin/subscribers")
        await tab.hydrate()
        updates = await tab.send(SubscribersState.load)
    assert "ana@example.com" not in str(updates)


def test_the_page_is_a_tab_of_the_instance_settings() -> None:
    page = f"{subscribers_page.crumbs} {subscribers_page.body()}"
    assert "Instance settings" in page
    assert "Administration" not in page


async def test_many_subscribers_are_removed_by_an_administrator_alone() -> None:
    admin, member = await make_admin(), await make_user()
    ids = [await make_subscriber(f"{name}@example.com", name * 43) for name in ("a", "b", "c")]
    async with console_on(StateManagerMemory()) as console:
        tab = Tab(console, "tab", await sign_in(admin), "/admin/subscribers")
        await tab.hydrate()
        await tab.send(SubscribersState.load)
        text, refused, _updates = await in_bulk(tab, SubscribersState, "remove", ids[0], ids[2], ids[2] + 1)
        assert (text, refused) == ("2 subscribers removed, 1 refused", [f"Subscriber {ids[2] + 1}"])
        other = Tab(console, "other", await sign_in(member), "/admin/subscribers")
        await other.hydrate()
        await in_bulk(other, SubscribersState, "remove", ids[1])
    assert await subscribers() == ["b@example.com"]

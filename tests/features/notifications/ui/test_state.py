"""The notification menu and its page, without a browser."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr
from reflex.istate.manager.memory import StateManagerMemory

from tca_app.config.settings import get_settings
from tca_app.core.actor import Actor
from tca_app.features.notifications.ui.notification_menu import NotificationMenuState
from tca_app.features.notifications.ui.state import InboxState
from tca_app.features.projects import team
from tca_app.features.projects.schemas import TeamMember
from tca_app.ui.session import SessionState
from tests.factories import do_jobs, make_project, make_user, run
from tests.ui.harness import Console, Tab, console_on, redirects, shown, sign_in


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    async with console_on(StateManagerMemory()) as running:
        yield running


async def invite(bob: Actor, *projects: str) -> list[int]:
    ana = await make_user()
    made = []
    for name in projects:
        made.append(await make_project(ana, name))
        await run(team.add_member, ana, made[-1], TeamMember(user_id=bob.user_id, role="viewer"))
    await do_jobs()
    return made


async def opened(console: Console, actor: Actor, path: str) -> Tab:
    tab = Tab(console, f"tab {path}", await sign_in(actor), path)
    await tab.hydrate()
    return tab


async def test_the_notification_menu_counts_and_opens_its_entries(console: Console) -> None:
    bob = await make_user("bob")
    (billing,) = await invite(bob, "Billing")
    tab = await opened(console, bob, "/dashboard")
    assert (
        shown(await tab.send(NotificationMenuState.load), NotificationMenuState, "menu_label")
        == "Notifications, 1 unread"
    )
    (line,) = shown(await tab.send(NotificationMenuState.set_open, is_open=True), NotificationMenuState, "newest")
    assert line["title"].endswith("added you to Billing as viewer")
    assert (line["mark"]["text"], line["face"]["initials"]) == ("B", line["title"][0])
    assert redirects(await tab.send(NotificationMenuState.open_one, notification_id=line["id"])) == [
        f"/projects/{billing}"
    ]
    assert shown(await tab.send(NotificationMenuState.load), NotificationMenuState, "menu_label") == "Notifications"


async def test_mark_all_leaves_what_came_after_the_list_was_read(console: Console) -> None:
    bob = await make_user("bob")
    await invite(bob, "Billing", "Mobile")
    tab = await opened(console, bob, "/notifications")
    await tab.send(InboxState.load)
    await invite(bob, "Late")
    await tab.send(InboxState.read_all)
    updates = await tab.send(InboxState.load)
    lines = shown(updates, InboxState, "lines") or []
    tab.path = "/notifications?tab=unread"
    unread = shown(await tab.send(InboxState.load), InboxState, "lines")
    assert [line["title"][-14:] for line in unread] == ["Late as viewer"], lines


async def test_read_and_unread_again(console: Console) -> None:
    bob = await make_user("bob")
    await invite(bob, "Billing")
    tab = await opened(console, bob, "/notifications")
    (line,) = shown(await tab.send(InboxState.load), InboxState, "lines")
    for is_read in (True, False):
        updates = await tab.send(InboxState.set_read, notification_id=line["id"], is_read=is_read)
        assert shown(updates, InboxState, "lines")[0]["is_read"] is is_read


async def test_somebody_elses_notification_is_not_there(console: Console) -> None:
    bob, eve = await make_user("bob"), await make_user("eve")
    await invite(bob, "Billing")
    line = shown(await (await opened(console, bob, "/notifications")).send(InboxState.load), InboxState, "lines")[0]
    tab = await opened(console, eve, "/dashboard")
    updates = await tab.send(NotificationMenuState.open_one, notification_id=line["id"])
    assert redirects(updates) == []
    assert "do not have access" in shown(updates, SessionState, "toasts")[0]["text"]


async def test_a_choice_is_kept_and_nonsense_is_refused(console: Console) -> None:
    bob = await make_user("bob")
    tab = await opened(console, bob, "/notifications?tab=preferences")
    assert shown(await tab.send(InboxState.load), InboxState, "choices")[0]["on"] == ["inbox", "mail"]
    updates = await tab.send(InboxState.choose, kind="member_added", channel="mail", is_on=False)
    assert shown(updates, InboxState, "choices")[0]["on"] == ["inbox"]
    for given in ({"kind": "member_added", "channel": "pigeon"}, {"kind": "nonsense", "channel": "mail"}):
        refused = await tab.send(InboxState.choose, **given, is_on=True)
        assert shown(refused, SessionState, "toasts")[-1]["kind"] == "error"


@pytest.mark.parametrize("url", ["", "off"])
async def test_the_preferences_say_when_mail_is_off(
    console: Console, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setattr(get_settings(), "smtp_url", SecretStr(url))
    tab = await opened(console, await make_user("bob"), "/notifications?tab=preferences")
    updates = await tab.send(InboxState.load)
    assert shown(updates, InboxState, "choices")
    assert (shown(updates, InboxState, "has_mail") is False) is (url == "off")

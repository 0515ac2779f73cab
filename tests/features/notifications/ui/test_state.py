"""The notification menu and its page, without a browser."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr
from reflex.istate.manager.memory import StateManagerMemory

from tca_app.config.settings import get_settings
from tca_app.core.actor import Actor
from tca_app.features.notifications import service
from tca_app.features.notifications.ui import state
from tca_app.features.notifications.ui.notification_menu import NotificationMenuState
from tca_app.features.notifications.ui.state import InboxState
from tca_app.features.projects import team
from tca_app.features.projects.schemas import MemberUpdate, TeamMember
from tca_app.ui.session import SessionState
from tests.factories import do_jobs, make_admin, make_project, make_user, run
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
    lines = shown(updates, InboxState, "rows") or []
    tab.path = "/notifications?tab=unread"
    unread = shown(await tab.send(InboxState.load), InboxState, "rows")
    assert [line["title"][-14:] for line in unread] == ["Late as viewer"], lines


async def test_the_list_is_filtered_and_sorted_by_the_url(console: Console) -> None:
    bob = await make_user("bob")
    billing, mobile = await invite(bob, "Billing", "Mobile")
    admin = await make_admin()
    for role in ("deployer", "maintainer"):
        await run(team.change_member, admin, billing, bob.user_id, MemberUpdate.model_validate({"role": role}))
    await do_jobs()
    tab = await opened(console, bob, f"/notifications?type=member_role_changed&project={billing}&sort=id")
    updates = await tab.send(InboxState.load)
    assert [line["title"].split(" of ")[0][-10:] for line in shown(updates, InboxState, "rows")] == [
        "u deployer",
        "maintainer",
    ]
    assert [chip["text"] for chip in shown(updates, InboxState, "chips")] == [
        "Type: Your role changes",
        "Project: Billing",
    ]
    query = f"kind=member_role_changed&project_id={billing}&sort=id"
    assert shown(updates, InboxState, "export_query") == query
    await tab.send(InboxState.read_all)
    tab.path = "/notifications?tab=unread"
    unread = shown(await tab.send(InboxState.load), InboxState, "rows")
    assert [line["title"].split(" to ")[1] for line in unread] == ["Mobile as viewer", "Billing as viewer"]
    for key, counts in (
        ("type", {"member_added": "2"}),
        ("project", {str(billing): "1", str(mobile): "1"}),
    ):
        options = shown(await tab.send(InboxState.show_filter, key=key, is_open=True), InboxState, "options")
        assert {option["value"]: option["count"] for option in options} == counts


async def test_more_follows_in_either_order(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "BATCH", 2)
    bob = await make_user("bob")
    await invite(bob, "P1", "P2", "P3")
    for sort, names in (("-id", ["P3", "P2", "P1"]), ("id", ["P1", "P2", "P3"])):
        tab = await opened(console, bob, f"/notifications?sort={sort}")
        updates = await tab.send(InboxState.load)
        assert shown(updates, InboxState, "has_more") is True
        lines = shown(await tab.send(InboxState.more), InboxState, "rows")
        assert [line["title"].split(" ")[4] for line in lines] == names
        tab.path = f"/notifications?sort={sort}&x"
        reloaded = await tab.send(InboxState.load)
        assert [line["title"].split(" ")[4] for line in shown(reloaded, InboxState, "rows") or lines] == names


async def test_projects_with_the_same_name_are_told_apart_by_their_slug(console: Console) -> None:
    bob = await make_user("bob")
    ana = await make_user()
    ids = [await make_project(ana, name, slug=slug) for name, slug in (("Shop", "shop-eu"), ("shop", "shop-us"))]
    for project_id in ids:
        await run(team.add_member, ana, project_id, TeamMember(user_id=bob.user_id, role="viewer"))
    await invite(bob, "Billing")
    tab = await opened(console, bob, f"/notifications?project={ids[0]}&project={ids[1]}")
    chips = shown(await tab.send(InboxState.load), InboxState, "chips")
    assert [chip["text"] for chip in chips] == ["Project: Shop (shop-eu)", "Project: shop (shop-us)"]
    options = shown(await tab.send(InboxState.show_filter, key="project", is_open=True), InboxState, "options")
    assert {option["label"] for option in options} == {"Shop (shop-eu)", "shop (shop-us)", "Billing"}


async def test_read_and_unread_again(console: Console) -> None:
    bob = await make_user("bob")
    await invite(bob, "Billing")
    tab = await opened(console, bob, "/notifications")
    (line,) = shown(await tab.send(InboxState.load), InboxState, "rows")
    for is_read in (True, False):
        updates = await tab.send(InboxState.set_read, notification_id=line["id"], is_read=is_read)
        assert shown(updates, InboxState, "rows")[0]["is_read"] is is_read


async def test_somebody_elses_notification_is_not_there(console: Console) -> None:
    bob, eve = await make_user("bob"), await make_user("eve")
    await invite(bob, "Billing")
    line = shown(await (await opened(console, bob, "/notifications")).send(InboxState.load), InboxState, "rows")[0]
    tab = await opened(console, eve, "/dashboard")
    updates = await tab.send(NotificationMenuState.open_one, notification_id=line["id"])
    assert redirects(updates) == []
    assert "do not have access" in shown(updates, SessionState, "toasts")[0]["text"]


async def test_many_are_marked_with_those_that_are_not_loaded_and_taken_back(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "BATCH", 2)
    bob = await make_user("bob")
    await invite(bob, "P1", "P2", "P3")
    tab = await opened(console, bob, "/notifications")
    await tab.send(InboxState.load)
    updates = await tab.send(InboxState.toggle_all)
    assert shown(updates, InboxState, "everything_text") == "Select all 3"
    await tab.send(InboxState.select_everything)
    done = await tab.send(InboxState.ask_bulk, action="read")
    assert not any(line["is_read"] is False for line in shown(done, InboxState, "rows"))
    toast = shown(done, SessionState, "toasts")[-1]
    assert (toast["text"], toast["undo"]) == ("3 notifications marked as read", True)
    assert await run(service.count_unread, bob) == 0
    await tab.send(SessionState.undo, toast_id=toast["id"])
    assert await run(service.count_unread, bob) == 3


async def test_an_undo_leaves_what_was_read_elsewhere_meanwhile(console: Console) -> None:
    bob = await make_user("bob")
    await invite(bob, "P1", "P2")
    tab = await opened(console, bob, "/notifications")
    newer, older = shown(await tab.send(InboxState.load), InboxState, "rows")
    await run(service.read_one, bob, older["id"])  # in another tab
    await tab.send(InboxState.toggle_all)
    done = await tab.send(InboxState.ask_bulk, action="read")
    toast = shown(done, SessionState, "toasts")[-1]
    assert toast["text"] == "1 notification marked as read, 1 refused"
    assert shown(done, InboxState, "refusals")[0]["detail"] == "Already marked as read."
    undone = await tab.send(SessionState.undo, toast_id=toast["id"])
    is_read = {row["id"]: row["is_read"] for row in shown(undone, InboxState, "rows")}
    assert is_read == {newer["id"]: False, older["id"]: True}


async def test_those_of_somebody_else_are_refused_among_ones_own(console: Console) -> None:
    bob, eve = await make_user("bob"), await make_user("eve")
    await invite(bob, "Billing")
    await invite(eve, "Mobile")
    line = shown(await (await opened(console, bob, "/notifications")).send(InboxState.load), InboxState, "rows")[0]
    tab = await opened(console, eve, "/notifications")
    own = shown(await tab.send(InboxState.load), InboxState, "rows")[0]
    done = await tab.send(InboxState.ask_rows, action="read", ids=[own["id"], line["id"]])
    assert shown(done, SessionState, "toasts")[-1]["text"] == "1 notification marked as read, 1 refused"
    assert "do not have access" in shown(done, InboxState, "refusals")[0]["detail"]
    assert (await run(service.count_unread, bob), await run(service.count_unread, eve)) == (1, 0)
    for action in ("delete", "mark"):
        refused = await tab.send(InboxState.undo_rows, action=action, ids=[own["id"]])
        assert shown(refused, SessionState, "toasts")[-1]["text"] == "Unknown action."


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

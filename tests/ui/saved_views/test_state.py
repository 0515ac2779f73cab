"""Saved views in a tab: the URL under a name, opened as a link."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from reflex.istate.manager.memory import StateManagerMemory

from tca_app.features.views.service import get_view
from tca_app.ui.saved_views.locations import Location, list_at
from tca_app.ui.saved_views.state import MAX_IN_SIDEBAR, SavedViewsState
from tca_app.ui.session import SessionState
from tests.factories import make_admin, make_project, make_user, make_view, make_webhook, run
from tests.ui.harness import Console, Tab, console_on, redirects, shown, sign_in

URL = "/projects?status=paused&page=3&colour=red"


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    async with console_on(StateManagerMemory()) as running:
        yield running


async def open_tab(console: Console, who: Any, path: str = URL) -> Tab:
    tab = Tab(console, "tab", await sign_in(who), path)
    await tab.hydrate()
    return tab


async def test_the_url_is_saved_and_opened_as_a_link(console: Console) -> None:
    tab = await open_tab(console, await make_user())
    updates = await tab.send(SavedViewsState.save, form={"name": "Paused", "pinned": "on"})
    (view,) = shown(updates, SavedViewsState, "list_views")
    url = f"/projects?status=paused&saved={view['id']}"
    assert (view["name"], view["url"], view["is_pinned"]) == ("Paused", url, True)
    assert redirects(updates) == [f"{URL}&saved={view['id']}"]
    assert shown(updates, SavedViewsState, "pinned_views") == [view]
    updates = await tab.send(SavedViewsState.rename, form={"id": str(view["id"]), "name": "On hold"})
    assert shown(updates, SavedViewsState, "list_views")[0]["name"] == "On hold"
    updates = await tab.send(SavedViewsState.pin, view_id=view["id"], is_pinned=False)
    assert shown(updates, SavedViewsState, "pinned_views") == []


@pytest.mark.parametrize(
    ("path", "name", "url"),
    [
        ("/users?tab=invitations&state=expired", "invitations", "/users?tab=invitations&state=expired"),
        ("/users?role=admin", "users", "/users?role=admin"),
        ("/deployments?drift=behind&view=where", "environments", "/deployments?view=where&drift=behind"),
        ("/deployments?status=failed", "deployments", "/deployments?status=failed"),
        ("/activity/?type=user_created", "activity", "/activity?type=user_created"),
        ("/groups?sort=-member_count", "groups", "/groups?sort=-member_count"),
        ("/admin/subscribers?sort=email", "subscribers", "/admin/subscribers?sort=email"),
        ("/dora?by=group&weeks=26&tier=staging", "dora", "/dora?tier=staging&weeks=26&by=group"),
    ],
)
async def test_lists_with_the_same_path_have_views_of_their_own(
    console: Console, path: str, name: str, url: str
) -> None:
    tab = await open_tab(console, await make_admin(), path)
    assert list_at(path) == Location(name)
    (view,) = shown(await tab.send(SavedViewsState.save, form={"name": "Mine"}), SavedViewsState, "list_views")
    assert view["url"] == f"{url}&saved={view['id']}"


async def test_a_list_of_a_record_has_views_of_its_own(console: Console) -> None:
    admin = await make_admin()
    first, second = await make_project(admin, "Ledger"), await make_project(admin, "Billing")
    hook, instance_hook = await make_webhook(admin, project_id=first), await make_webhook(admin)
    pages = (
        f"/projects/{first}?tab=members&role=owner",
        f"/projects/{second}?tab=members&role=viewer",
        f"/projects/{first}?tab=webhooks&hook={hook.id}&status=failed",
        f"/settings/webhooks?hook={instance_hook.id}&status=failed",
        f"/projects/{first}?tab=webhooks&sort=-url&status=disabled",
        "/settings/webhooks?sort=-url&last=failed",
        f"/projects/{first}?tab=settings&state=active",
        "/settings?tab=tokens&sort=name&state=revoked",
    )
    tab = await open_tab(console, admin)
    for number, path in enumerate(pages):
        tab.path = path
        updates = await tab.send(SavedViewsState.save, form={"name": f"View {number}", "pinned": "on"})
        (view,) = shown(updates, SavedViewsState, "list_views")
        assert view["url"] == f"{path}&saved={view['id']}"
    assert [view["url"].split("&saved=")[0] for view in shown(updates, SavedViewsState, "pinned_views")] == list(pages)
    for path in (f"/projects/{first}?tab=environments", f"/projects/{first}", "/settings", "/settings?tab=password"):
        assert list_at(path) is None
    (toast,) = [
        toast
        for toast in shown(await tab.send(SavedViewsState.delete, view_id=view["id"]), SessionState, "toasts")
        if toast["undo"]
    ]
    updates = await tab.send(SessionState.undo, toast_id=toast["id"])
    assert shown(updates, SavedViewsState, "list_views")[0]["url"].startswith(f"{pages[-1]}&saved=")


async def test_a_deleted_view_comes_back_by_undo(console: Console) -> None:
    ana = await make_user()
    view_id = await make_view(ana, name="Paused", query="status=paused")
    tab = await open_tab(console, ana)
    updates = await tab.send(SavedViewsState.delete, view_id=view_id)
    (toast,) = shown(updates, SessionState, "toasts")
    updates = await tab.send(SessionState.undo, toast_id=toast["id"])
    (view,) = shown(updates, SavedViewsState, "list_views")
    assert (view["name"], view["url"]) == ("Paused", f"/projects?status=paused&saved={view['id']}")


async def changed(tab: Tab, path: str) -> tuple[int, str]:
    """Opens the menu on a page; returns the view that is open and the name of the one whose changes can be saved."""
    tab.path = path
    await tab.send(SavedViewsState.open_menu, is_open=True)
    kept = await tab.hydrate()
    return shown(kept, SavedViewsState, "open_view"), shown(kept, SavedViewsState, "changed_name")


async def test_changes_to_the_view_that_is_open_are_saved_and_undone(console: Console) -> None:
    ana = await make_user()
    view_id = await make_view(ana, name="Paused", query="status=paused")
    tab = await open_tab(console, ana, f"/projects?status=paused&saved={view_id}")
    assert await changed(tab, tab.path) == (view_id, "")
    assert await changed(tab, f"{tab.path}&page=2") == (view_id, "")
    assert await changed(tab, "/projects?status=active") == (0, "")
    assert await changed(tab, f"/projects?status=active&sort=name&saved={view_id}") == (view_id, "Paused")
    updates = await tab.send(SavedViewsState.save_changes, view_id=view_id)
    (view,) = shown(updates, SavedViewsState, "list_views")
    assert view["url"] == f"/projects?sort=name&status=active&saved={view_id}"
    assert shown(updates, SavedViewsState, "changed_view") == 0
    (toast,) = shown(updates, SessionState, "toasts")
    assert toast["text"] == "View Paused saved"
    updates = await tab.send(SessionState.undo, toast_id=toast["id"])
    assert shown(updates, SavedViewsState, "list_views")[0]["url"] == f"/projects?status=paused&saved={view_id}"
    tab.path = f"/groups?saved={view_id}"
    updates = await tab.send(SavedViewsState.save_changes, view_id=view_id)
    assert shown(updates, SessionState, "toasts")[-1]["text"] == "This view belongs to another list."


async def test_neither_a_save_nor_undo_overwrites_a_later_save(console: Console) -> None:
    ana = await make_user()
    view_id = await make_view(ana, name="Paused", query="status=paused")
    first, second = [Tab(console, name, await sign_in(ana), "/projects") for name in ("first", "second")]
    for tab, query in ((first, "status=active"), (second, "status=archived")):
        await tab.hydrate()
        assert await changed(tab, f"/projects?{query}&saved={view_id}") == (view_id, "Paused")
    (toast,) = shown(await first.send(SavedViewsState.save_changes, view_id=view_id), SessionState, "toasts")
    (refusal,) = shown(await second.send(SavedViewsState.save_changes, view_id=view_id), SessionState, "toasts")
    assert (refusal["kind"], refusal["text"]) == ("error", "Someone else changed this after you opened it.")
    await changed(second, second.path)
    updates = await second.send(SavedViewsState.save_changes, view_id=view_id)
    assert shown(updates, SessionState, "toasts")[-1]["text"] == "View Paused saved"
    updates = await first.send(SessionState.undo, toast_id=toast["id"])
    assert shown(updates, SessionState, "toasts")[-1]["kind"] == "error"
    assert (await run(get_view, ana, view_id)).query == "status=archived"


async def test_changes_to_a_shared_view_are_saved_by_administrators(console: Console) -> None:
    view_id, path = await make_view(None, name="Ours", query="status=paused"), "/projects?status=active&saved="
    member = await open_tab(console, await make_user())
    assert await changed(member, f"{path}{view_id}") == (view_id, "")
    (toast,) = shown(await member.send(SavedViewsState.save_changes, view_id=view_id), SessionState, "toasts")
    assert toast["kind"] == "error"
    admin = Tab(console, "other", await sign_in(await make_admin()), f"{path}{view_id}")
    await admin.hydrate()
    assert await changed(admin, admin.path) == (view_id, "Ours")
    await admin.send(SavedViewsState.save_changes, view_id=view_id)
    assert await changed(admin, admin.path) == (view_id, "")


async def test_a_member_is_offered_no_change_of_a_shared_view(console: Console) -> None:
    view_id = await make_view(None, name="Ours", is_pinned=True)
    tab = await open_tab(console, await make_user())
    (view,) = shown(await tab.send(SavedViewsState.open_menu, is_open=True), SavedViewsState, "list_views")
    assert (view["is_shared"], view["can_change"]) == (True, False)
    (toast,) = shown(await tab.send(SavedViewsState.delete, view_id=view_id), SessionState, "toasts")
    assert toast["kind"] == "error"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (" ", "Required."),
        ("x" * 61, "Use at most 60 characters."),
        ("Paused", "A view of this list has this name already."),
    ],
)
async def test_a_wrong_name_is_refused_at_its_field(console: Console, name: str, text: str) -> None:
    ana = await make_user()
    await make_view(ana, name="Paused")
    tab = await open_tab(console, ana)
    updates = await tab.send(SavedViewsState.save, form={"name": name})
    assert (shown(updates, SavedViewsState, "save_error"), shown(updates, SessionState, "toasts")) == (text, None)
    other = await make_view(ana, name="Other")
    await tab.send(SavedViewsState.edit_name, view_id=other)
    updates = await tab.send(SavedViewsState.rename, form={"id": str(other), "name": name})
    assert (shown(updates, SavedViewsState, "rename_error"), shown(updates, SessionState, "toasts")) == (text, None)
    updates = await tab.send(SavedViewsState.save, form={"name": "Mine"})
    assert shown(updates, SavedViewsState, "save_error") == ""


async def test_the_sidebar_shows_at_most_ten(console: Console) -> None:
    admin = await make_admin()
    for number in range(MAX_IN_SIDEBAR + 1):
        await make_view(admin, name=f"View {number}", is_pinned=True)
    tab = await open_tab(console, admin, "/dashboard")
    assert len(shown(await tab.send(SavedViewsState.load), SavedViewsState, "pinned_views")) == MAX_IN_SIDEBAR
    updates = await tab.send(SavedViewsState.save, form={"name": "Dashboard"})
    assert shown(updates, SessionState, "toasts")[0]["kind"] == "error"

"""Saved views in a tab: the URL under a name, opened as a link."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from reflex.istate.manager.memory import StateManagerMemory

from tca_app.ui.saved_views.locations import Location, list_at
from tca_app.ui.saved_views.state import MAX_IN_SIDEBAR, SavedViewsState
from tca_app.ui.session import SessionState
from tests.factories import make_admin, make_project, make_user, make_view, make_webhook
from tests.ui.harness import Console, Tab, console_on, shown, sign_in

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
    assert (view["name"], view["url"], view["is_pinned"]) == ("Paused", "/projects?status=paused", True)
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
    assert view["url"] == url


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
        assert view["url"] == path
    assert [view["url"] for view in shown(updates, SavedViewsState, "pinned_views")] == list(pages)
    for path in (f"/projects/{first}?tab=environments", f"/projects/{first}", "/settings", "/settings?tab=password"):
        assert list_at(path) is None
    (toast,) = [
        toast
        for toast in shown(await tab.send(SavedViewsState.delete, view_id=view["id"]), SessionState, "toasts")
        if toast["undo"]
    ]
    updates = await tab.send(SessionState.undo, toast_id=toast["id"])
    assert shown(updates, SavedViewsState, "list_views")[0]["url"] == pages[-1]


async def test_a_deleted_view_comes_back_by_undo(console: Console) -> None:
    ana = await make_user()
    view_id = await make_view(ana, name="Paused", query="status=paused")
    tab = await open_tab(console, ana)
    updates = await tab.send(SavedViewsState.delete, view_id=view_id)
    (toast,) = shown(updates, SessionState, "toasts")
    updates = await tab.send(SessionState.undo, toast_id=toast["id"])
    (view,) = shown(updates, SavedViewsState, "list_views")
    assert (view["name"], view["url"]) == ("Paused", "/projects?status=paused")


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

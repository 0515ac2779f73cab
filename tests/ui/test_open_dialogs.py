"""A dialog is open only on the page on which the viewer opened it, and not again after a reload."""

from typing import Any

from tca_app.core.actor import Actor
from tca_app.features.imports.ui.upload_state import ImportUploadState
from tca_app.features.projects.ui.state import ProjectsState
from tca_app.features.users.ui.actions_state import ActState
from tca_app.features.users.ui.picture_state import PictureState
from tca_app.ui.session import SessionState
from tests.factories import make_admin, make_user
from tests.ui.harness import Console, Tab, shown, sign_in

HASHES: dict[str, Any] = {"hashes": ["a"]}  # the browser sends them when a page is loaded anew


async def tab_of(console: Console, actor: Actor, path: str) -> Tab:
    console.loads = {page: [SessionState.enter] for page in ("/users", "/projects", "/settings")}
    tab = Tab(console, f"tab of {actor.username}", await sign_in(actor), path)
    await tab.hydrate(**HASHES)
    return tab


async def test_the_import_dialog_stays_on_its_page(console: Console) -> None:
    tab = await tab_of(console, await make_admin(), "/users")
    opened = await tab.send(ImportUploadState.open_upload, kind="users")
    assert shown(opened, ImportUploadState, "is_choosing") is True
    assert shown(opened, SessionState, "dialog_url") == "/users"
    assert shown(await tab.send(SessionState.enter), ImportUploadState, "is_choosing") is None  # a filter
    tab.path = "/projects"
    left = await tab.send(SessionState.enter)
    assert (shown(left, ImportUploadState, "is_choosing"), shown(left, SessionState, "dialog_url")) == (False, "")
    tab.path = "/users"  # Back
    assert shown(await tab.send(SessionState.enter), ImportUploadState, "is_choosing") is None


async def test_a_reload_closes_dialogs_and_a_break_of_the_connection_none(console: Console) -> None:
    ana = await make_user("ana")
    tab = await tab_of(console, ana, "/settings")
    await tab.send(PictureState.ask_remove, user_id=ana.user_id)
    await tab.send(PictureState.open_upload)
    again = await tab.hydrate()
    assert (shown(again, PictureState, "is_choosing"), shown(again, SessionState, "dialog_url")) == (True, "/settings")
    reloaded = await tab.hydrate(**HASHES)
    assert (shown(reloaded, PictureState, "is_choosing"), shown(reloaded, PictureState, "removed_id")) == (False, 0)


async def test_a_confirmation_is_not_asked_again_after_back(console: Console) -> None:
    admin, ana = await make_admin(), await make_user("ana")
    tab = await tab_of(console, admin, "/users")
    assert shown(await tab.send(ActState.ask, act="deactivate", user_id=ana.user_id), ActState, "asking") is True
    tab.path = "/projects"
    assert shown(await tab.send(SessionState.enter), ActState, "asking") is False


async def test_a_form_survives_a_reload(console: Console) -> None:
    tab = await tab_of(console, await make_admin(), "/projects")
    opened = await tab.send(ProjectsState.open_create)
    assert shown(opened, ProjectsState, "form_mode") == "create"
    assert shown(await tab.hydrate(**HASHES), ProjectsState, "form_mode") == "create"

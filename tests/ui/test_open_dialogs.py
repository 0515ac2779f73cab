"""A dialog is open only on the page on which the viewer opened it, and not again after a reload."""

import re
from pathlib import Path
from typing import Any

from tca_app.core.actor import Actor
from tca_app.features.auth.ui.acting_state import ActingState
from tca_app.features.imports.ui.upload_state import ImportUploadState
from tca_app.features.projects.ui.state import ProjectsState
from tca_app.features.tokens.ui.state import TokensState
from tca_app.features.users.ui.actions_state import ActState
from tca_app.features.users.ui.picture_state import PictureState
from tca_app.ui.session import SessionState
from tests.factories import make_admin, make_user
from tests.ui.harness import Console, Tab, shown, sign_in

ROOT = Path(__file__).parents[2]
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
    assert shown(opened, SessionState, "dialog_url").strip() == "/users"
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
    assert shown(again, PictureState, "is_choosing") is True
    assert shown(again, SessionState, "dialog_url").strip() == "/settings"
    reloaded = await tab.hydrate(**HASHES)
    assert (shown(reloaded, PictureState, "is_choosing"), shown(reloaded, PictureState, "removed_id")) == (False, 0)


async def test_a_confirmation_is_not_asked_again_after_back(console: Console) -> None:
    admin, ana = await make_admin(), await make_user("ana")
    tab = await tab_of(console, admin, "/users")
    assert shown(await tab.send(ActState.ask, act="deactivate", user_id=ana.user_id), ActState, "asking") is True
    tab.path = "/projects"
    assert shown(await tab.send(SessionState.enter), ActState, "asking") is False


async def test_a_reload_hides_a_form_and_a_break_of_the_connection_does_not(console: Console) -> None:
    """A form with typed text is opened again by the browser, which has the draft (tests/e2e/test_typed_text.py)."""
    tab = await tab_of(console, await make_admin(), "/projects")
    opened = await tab.send(ProjectsState.open_create)
    assert shown(opened, ProjectsState, "form_mode") == "create"
    nonce = shown(opened, ProjectsState, "form_nonce")
    refused = await tab.send(ProjectsState.save, form={"nonce": nonce, "name": ""})
    assert shown(refused, ProjectsState, "form_errors") == {"name": "Required."}
    assert shown(await tab.hydrate(), ProjectsState, "form_mode") == "create"
    assert not shown(await tab.hydrate(**HASHES), ProjectsState, "form_mode")
    assert shown(await tab.send(ProjectsState.open_create), ProjectsState, "form_errors") == {}


async def test_a_dialog_that_is_opened_before_the_page_has_loaded_stays(console: Console) -> None:
    ana = await make_user("ana")
    tab = await tab_of(console, ana, "/settings")
    await tab.send(PictureState.ask_remove, user_id=ana.user_id)
    tab.path = "/settings?tab=tokens"  # the event of a press reaches the server before those of the page
    opened = await tab.send(TokensState.open_create)
    await tab.send(PictureState.open_upload)
    entered = await tab.send(SessionState.enter)
    assert (shown(entered, PictureState, "removed_id"), shown(entered, PictureState, "is_choosing")) == (0, None)
    assert shown(await tab.send(TokensState.load), TokensState, "form_mode") is None
    tab.path = "/settings?tab=sessions"
    await tab.send(SessionState.enter)
    left = await tab.send(TokensState.load)
    assert (shown(opened, TokensState, "form_mode"), shown(left, TokensState, "form_mode")) == ("create", "")


async def test_a_new_connection_closes_no_confirmation(console: Console) -> None:
    admin, ana = await make_admin(), await make_user("ana")
    tab = await tab_of(console, admin, f"/users/{ana.user_id}")
    await tab.send(ActingState.load)
    assert shown(await tab.send(ActingState.ask, user_id=ana.user_id), ActingState, "is_asking") is True
    await tab.send(SessionState.enter)
    assert shown(await tab.send(ActingState.load), ActingState, "is_asking") is None


def test_every_confirmation_is_noted() -> None:
    """`confirm_dialog` shows only what `_note_dialog` noted."""
    ui = ROOT / "tca_app"
    pages = {path: path.read_text() for path in ui.rglob("*.py") if "confirm_dialog(\n" in path.read_text()}
    assert len(pages) > 15
    shared = "".join(path.read_text() for path in (ui / "ui").rglob("*.py"))
    for path, text in pages.items():
        feature = next(parent for parent in path.parents if parent.parent.name in ("features", "tca_app"))
        states = shared + "".join(file.read_text() for file in feature.rglob("*.py"))
        for opened in re.findall(r"open_=(.*),\n", text):
            field = re.findall(r"[sS]tate\.(\w+)|form\.(\w+)", opened)[-1]
            assert f'_note_dialog("{"".join(field)}")' in states, f"{path}: {opened}"

"""The picture on the pages: uploaded by REST, shown with the viewer's face, and removed."""

import base64
import io
from collections.abc import AsyncIterator

import pytest
from PIL import Image
from reflex.istate.manager.memory import StateManagerMemory

from tca_app.core.actor import Actor
from tca_app.features.users.pictures import put_picture
from tca_app.features.users.schemas import PictureUpdate
from tca_app.features.users.ui.detail_state import UserState
from tca_app.features.users.ui.picture_state import PictureState
from tca_app.ui.session import SessionState
from tests.factories import make_admin, make_user, run
from tests.ui.harness import Console, Tab, console_on, shown, sign_in


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    async with console_on(StateManagerMemory()) as running:
        yield running


async def upload(owner: Actor) -> str:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(file, "PNG")
    return (await run(put_picture, owner, PictureUpdate(content=base64.b64encode(file.getvalue()).decode()))).url


async def tab_of(console: Console, actor: Actor, path: str) -> Tab:
    tab = Tab(console, f"tab of {actor.username}", await sign_in(actor), path)
    await tab.hydrate()
    return tab


async def test_a_new_picture_is_the_face_of_the_viewer_until_it_is_removed(console: Console) -> None:
    ana = await make_user("ana")
    tab = await tab_of(console, ana, "/settings")
    await tab.send(PictureState.open_upload)
    url = await upload(ana)
    updates = await tab.send(PictureState.uploaded)
    assert shown(updates, SessionState, "face")["picture"] == url
    assert shown(updates, PictureState, "is_choosing") is False
    await tab.send(PictureState.ask_remove, user_id=ana.user_id)
    updates = await tab.send(PictureState.remove, _form={})
    assert shown(updates, SessionState, "face")["picture"] == ""
    assert shown(updates, SessionState, "toasts")[-1]["text"] == "Picture removed"


async def test_an_administrator_removes_the_picture_of_the_page_and_no_other(console: Console) -> None:
    ana, bob, admin = await make_user("ana"), await make_user("bob"), await make_admin()
    await upload(ana)
    tab = await tab_of(console, admin, f"/users/{ana.user_id}")
    assert shown(await tab.send(UserState.load), UserState, "person")["face"]["picture"]
    await tab.send(PictureState.ask_remove, user_id=bob.user_id)
    assert await tab.send(PictureState.remove, _form={}) is not None
    await tab.send(PictureState.ask_remove, user_id=ana.user_id)
    updates = await tab.send(PictureState.remove, _form={})
    assert shown(updates, SessionState, "toasts")[-1]["text"] == "Picture removed"


async def test_nobody_else_removes_a_picture(console: Console) -> None:
    ana, bob = await make_user("ana"), await make_user("bob")
    await upload(ana)
    tab = await tab_of(console, bob, f"/users/{ana.user_id}")
    await tab.send(PictureState.ask_remove, user_id=ana.user_id)
    updates = await tab.send(PictureState.remove, _form={})
    assert "not" in shown(updates, PictureState, "remove_error").lower()

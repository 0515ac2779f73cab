"""One's own settings: what is saved, and the errors at each field."""

from collections.abc import AsyncIterator

import pytest
from reflex.istate.manager.memory import StateManagerMemory

from tca_app.features.auth.ui.state import ProfileState
from tca_app.models import User
from tests.factories import make_user, row_of
from tests.ui.harness import Console, Tab, console_on, shown, sign_in


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    async with console_on(StateManagerMemory()) as running:
        yield running


async def test_an_emptied_email_is_refused_at_its_field(console: Console) -> None:
    actor = await make_user("ana")
    tab = Tab(console, "t1", await sign_in(actor), path="/settings")
    await tab.hydrate()
    nonce = shown(await tab.send(ProfileState.load), ProfileState, "form_nonce")
    form = {"nonce": nonce, "full_name": "Ana Lopez", "email": "", "current_password": ""}
    faults = shown(await tab.send(ProfileState.save, form=form), ProfileState, "form_errors")
    assert "email" in faults
    assert (await row_of(User, actor.user_id))["full_name"] == "Ana"
    updates = await tab.send(ProfileState.save, form=form | {"email": "ana@example.com"})
    assert shown(updates, ProfileState, "form_errors") == {}
    assert (await row_of(User, actor.user_id))["full_name"] == "Ana Lopez"

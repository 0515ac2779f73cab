"""The dialog that asks for the password before a sensitive change, without a browser."""

from collections.abc import AsyncIterator

import pytest
from reflex.istate.manager.memory import StateManagerMemory

from tca_app.features.users.ui.edit_state import UserFormState
from tca_app.models import User
from tca_app.ui.session import SessionState
from tests.factories import PASSWORD, make_admin, make_user, row_of
from tests.features.auth.test_step_up import grow_old
from tests.ui.harness import Console, Tab, console_on, shown, sign_in


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    async with console_on(StateManagerMemory()) as running:
        yield running


async def test_a_refused_form_stays_open_and_is_saved_by_the_password(console: Console) -> None:
    admin, other = await make_admin(), await make_user("olga")
    tab = Tab(console, "one", await sign_in(admin), "/users")
    await tab.hydrate()
    await grow_old()
    updates = await tab.send(UserFormState.open_edit, user_id=other.user_id)
    form = {**shown(updates, UserFormState, "form_values"), "nonce": shown(updates, UserFormState, "form_nonce")}
    updates = await tab.send(UserFormState.save, form=form | {"email": "new@example.com"})
    assert shown(updates, SessionState, "proof_is_asked") is True
    assert not shown(updates, UserFormState, "form_error")
    assert (await row_of(User, other.user_id))["email"] == "olga@example.com"

    updates = await tab.send(SessionState.give_proof, form={"password": "Wrong-Boat-1"})
    assert shown(updates, SessionState, "proof_error") == "The current password is incorrect."
    updates = await tab.send(SessionState.give_proof, form={"password": PASSWORD})
    assert shown(updates, SessionState, "proof_is_asked") is False
    assert (await row_of(User, other.user_id))["email"] == "new@example.com"
    assert [toast["text"] for toast in shown(updates, SessionState, "toasts")] == ["User olga saved"]


async def test_a_change_that_was_refused_is_not_made_after_cancel(console: Console) -> None:
    admin, other = await make_admin(), await make_user("olga")
    tab = Tab(console, "one", await sign_in(admin), "/users")
    await tab.hydrate()
    await grow_old()
    updates = await tab.send(UserFormState.open_edit, user_id=other.user_id)
    form = {**shown(updates, UserFormState, "form_values"), "nonce": shown(updates, UserFormState, "form_nonce")}
    refused = await tab.send(UserFormState.save, form=form | {"email": "new@example.com", "password": "Held-Boat-1"})
    assert "Held-Boat-1" not in str(refused)
    await tab.send(SessionState.close_proof, is_open=False)
    given = await tab.send(SessionState.give_proof, form={"password": PASSWORD})
    assert [toast["text"] for toast in shown(given, SessionState, "toasts")] == ["Confirmed. You can continue now."]
    assert (await row_of(User, other.user_id))["email"] == "olga@example.com"


async def test_a_password_stands_in_no_state(console: Console) -> None:
    tab = Tab(console, "one", await sign_in(await make_admin()), "/users")
    await tab.hydrate()
    updates = await tab.send(SessionState.give_proof, form={"password": "Wrong-Boat-1"})
    assert "Wrong-Boat-1" not in str(updates)

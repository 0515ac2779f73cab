"""What the sign-in page, the settings and the dialog of step-up offer, as their states hold it."""

from collections.abc import AsyncIterator

import pytest
from reflex.istate.manager.memory import StateManagerMemory

from tca_app.core.database.session import transaction
from tca_app.features.auth.oauth.identity import REASONS
from tca_app.features.auth.oauth.ui.state import IdentitiesState
from tca_app.features.auth.ui.state import AuthState, PasswordState
from tca_app.features.invitations import service as invitations
from tca_app.features.invitations.ui.accept_state import AcceptState
from tca_app.models import User
from tca_app.ui.session import SessionState
from tests.factories import make_admin, make_identity, make_invitation, make_user, row_of
from tests.features.auth.oauth.provider import FakeProvider
from tests.features.auth.oauth.test_sign_in import link_to
from tests.features.auth.test_step_up import grow_old
from tests.ui.harness import Console, Tab, console_on, shown, sign_in


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    async with console_on(StateManagerMemory()) as running:
        yield running


async def test_the_sign_in_page_offers_the_providers_and_says_why_one_refused(
    console: Console, provider: FakeProvider
) -> None:
    tab = Tab(console, "t1", path="/login?next=/users&reason=account_exists")
    await tab.hydrate()
    updates = await tab.send(AuthState.enter_login)
    links = shown(updates, AuthState, "sign_in_links")
    assert [link["label"] for link in links] == ["GitHub", "Acme"]
    assert all(link["url"].endswith("/start?intent=sign_in&next=%2Fusers") for link in links)
    assert shown(updates, AuthState, "sign_in_error") == REASONS["account_exists"]


async def test_words_of_the_url_are_not_shown(console: Console) -> None:
    tab = Tab(console, "t1", path="/login?reason=Call+this+number")
    await tab.hydrate()
    updates = await tab.send(AuthState.enter_login)
    assert "Call this number" not in str([update.delta.get(AuthState.get_full_name()) for update in updates])


async def test_an_identity_is_unlinked_in_the_settings(console: Console, provider: FakeProvider) -> None:
    ana = await make_user("ana")
    identity_id = await make_identity(ana)
    tab = Tab(console, "t1", await sign_in(ana), path="/settings")
    await tab.hydrate()
    updates = await tab.send(IdentitiesState.load)
    assert [row["label"] for row in shown(updates, IdentitiesState, "rows")] == ["GitHub"]
    assert [link["label"] for link in shown(updates, IdentitiesState, "links")] == ["Acme"]
    await tab.send(IdentitiesState.ask_unlink, identity_id=identity_id)
    updates = await tab.send(IdentitiesState.unlink, _form={})
    assert shown(updates, IdentitiesState, "rows") == []


async def test_without_a_password_the_dialog_offers_the_provider(console: Console, provider: FakeProvider) -> None:
    ana = await make_user("ana", hashed_password=None)
    await link_to(ana.user_id, provider)
    tab = Tab(console, "t1", await sign_in(ana), path="/settings?reason=needs_proof")
    await tab.hydrate()
    await grow_old()
    updates = await tab.send(IdentitiesState.load)
    assert shown(updates, SessionState, "proof_is_asked")
    assert not shown(updates, SessionState, "proof_has_password")
    (link,) = shown(updates, SessionState, "proof_links")
    assert "intent=reauthenticate&next=%2Fsettings" in link["url"]


async def test_a_first_password_is_set_without_a_current_one(console: Console, provider: FakeProvider) -> None:
    ana = await make_user("ana", hashed_password=None)
    await link_to(ana.user_id, provider)
    tab = Tab(console, "t1", await sign_in(ana), path="/settings?tab=password")
    await tab.hydrate()
    opened = await tab.send(PasswordState.load)
    assert not shown(opened, PasswordState, "has_password")
    form = {"nonce": shown(opened, PasswordState, "form_nonce"), "current_password": ""}
    await tab.send(PasswordState.save, form=form | dict.fromkeys(("password", "repeated"), "Violet-Train-17"))
    assert (await row_of(User, ana.user_id))["hashed_password"]


async def test_the_page_of_an_invitation_offers_the_providers(console: Console, provider: FakeProvider) -> None:
    invitation_id = await make_invitation(await make_admin())
    async with transaction() as session:
        link = await invitations.new_link(session, invitation_id)
    assert link is not None
    tab = Tab(console, "t1", path=f"{link.path}&reason=cancelled")
    await tab.hydrate()
    updates = await tab.send(AcceptState.enter_invitation)
    assert shown(updates, AcceptState, "phase") == "new"
    assert shown(updates, AcceptState, "error") == REASONS["cancelled"]
    assert shown(updates, AcceptState, "providers") == [
        {"label": "GitHub", "url": "/api/auth/oauth/github/invitation"},
        {"label": "Acme", "url": "/api/auth/oauth/oidc/invitation"},
    ]

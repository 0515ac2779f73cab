"""API tokens on the pages, without a browser."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from reflex.istate.manager.memory import StateManagerMemory
from sqlalchemy import select, update
from sqlmodel import col

from tca_app.core.actor import Actor
from tca_app.core.database.session import reading, transaction
from tca_app.features.tokens.ui.admin_state import AllTokensState
from tca_app.features.tokens.ui.state import SHOWN_ONCE, TokensState
from tca_app.models import ApiToken, AuthSession
from tca_app.ui.record import MovedOn
from tca_app.ui.session import SessionState
from tests.factories import PASSWORD, make_admin, make_project, make_token, make_user, row_of
from tests.ui.harness import Console, Tab, console_on, in_bulk, shown, sign_in

OWN = "/settings?tab=tokens"
FORM = {"name": "CI", "scopes": "read", "expires_in_days": "30", "allowed_networks": "10.0.0.0/8, 203.0.113.7"}


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    async with console_on(StateManagerMemory()) as running:
        yield running


async def opened(console: Console, actor: Actor, path: str = OWN) -> Tab:
    tab = Tab(console, f"{actor.username} {path}", await sign_in(actor), path)
    await tab.hydrate()
    await tab.send(TokensState.load)
    return tab


async def submit(tab: Tab, **fields: str) -> list[Any]:
    nonce = shown(await tab.send(TokensState.open_create), TokensState, "form_nonce")
    return await tab.send(TokensState.save, form={"nonce": nonce, **fields})


def token_in(updates: list[Any]) -> str:
    """The token that a page is told to show in its field."""
    (event,) = [event for update in updates for event in update.events or [] if event.name == "_set_value"]
    assert event.payload["ref"] == f"ref_{SHOWN_ONCE.replace('-', '_')}"
    return str(event.payload["value"]).strip('"')


async def stored() -> list[ApiToken]:
    async with reading() as session:
        return list((await session.execute(select(ApiToken).order_by(col(ApiToken.id)))).scalars())


async def test_a_token_is_shown_once_and_is_in_no_state(console: Console) -> None:
    owner = await make_user()
    tab = await opened(console, owner)
    updates = await submit(tab, **FORM)
    token = token_in(updates)
    assert token not in str([update.delta for update in updates])
    assert shown(updates, TokensState, "shown_of") == "CI"
    (row,) = await stored()
    assert (row.user_id, row.scopes, row.prefix) == (owner.user_id, ["read"], token[:10])
    assert row.allowed_networks == ["10.0.0.0/8", "203.0.113.7/32"]
    (line,) = shown(updates + await tab.send(TokensState.refresh), TokensState, "rows")
    assert (line["name"], line["grants"], line["state"]) == ("CI", "Read", "active")
    assert shown(await tab.send(TokensState.hide_token), TokensState, "shown_of") == ""


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"name": ""}, "name", "Required."),
        ({"allowed_networks": "nowhere"}, "allowed_networks", "characters that are not allowed"),
        ({"allowed_networks": "10.0.0.0/99"}, "allowed_networks", "address or a network"),
        ({"scopes": "admin"}, "scopes", "Only administrators"),
        ({"expires_in_days": "never"}, "expires_in_days", "Only administrators"),
        ({"expires_in_days": "999"}, "expires_in_days", "at most 365"),
    ],
)
async def test_an_error_is_shown_at_its_field(
    console: Console, changes: dict[str, str], field: str, words: str
) -> None:
    tab = await opened(console, await make_user())
    updates = await submit(tab, **(FORM | changes))
    assert words in shown(updates, TokensState, "form_errors")[field]
    assert await stored() == []


async def test_it_asks_for_the_password_after_ten_minutes(console: Console) -> None:
    tab = await opened(console, await make_user())
    async with transaction() as session:
        await session.execute(update(AuthSession).values(verified_at=datetime.now(UTC) - timedelta(minutes=11)))
    updates = await submit(tab, **FORM)
    assert not shown(updates, TokensState, "form_error")
    assert await stored() == []
    assert token_in(await tab.send(SessionState.give_proof, form={"password": PASSWORD}))
    assert len(await stored()) == 1


async def test_a_token_is_rotated_and_revoked_after_a_confirmation(console: Console) -> None:
    owner = await make_user()
    token_id, _ = await make_token(owner)
    tab = await opened(console, owner)
    await tab.send(TokensState.rotate, form={"overlap_hours": "1"})
    assert len(await stored()) == 1, "nobody was asked"
    await tab.send(TokensState.ask, action="rotate", token_id=token_id)
    assert token_in(await tab.send(TokensState.rotate, form={"overlap_hours": "1"}))
    old, new = await stored()
    assert old.expires_at is not None
    assert old.expires_at < datetime.now(UTC) + timedelta(minutes=61)
    await tab.send(TokensState.refresh)
    await tab.send(TokensState.ask, action="revoke", token_id=new.id)
    await tab.send(TokensState.revoke, _form={})
    assert (await row_of(ApiToken, int(new.id or 0)))["revoked_at"] is not None


async def test_a_maintainer_makes_a_token_of_the_project(console: Console) -> None:
    owner, maintainer, viewer = await make_user(), await make_user(), await make_user()
    project_id = await make_project(owner, "Ledger", team={maintainer: "maintainer", viewer: "viewer"})
    path = f"/projects/{project_id}?tab=settings"
    tab = await opened(console, maintainer, path)
    updates = await submit(tab, **(FORM | {"role": "maintainer", "scopes": "deploy"}))
    assert "permission" in shown(updates, TokensState, "form_error")
    assert token_in(await submit(tab, **(FORM | {"role": "deployer", "scopes": "deploy"})))
    (row,) = await stored()
    assert (row.project_id, row.created_by_id) == (project_id, maintainer.user_id)
    tab = await opened(console, viewer, path)
    assert not shown(await tab.send(TokensState.load), TokensState, "rows")
    await submit(tab, **(FORM | {"role": "viewer", "scopes": "read"}))
    assert len(await stored()) == 1


async def test_the_list_has_the_filter_and_the_order_of_the_url(console: Console) -> None:
    owner = await make_user()
    ids = [(await make_token(owner, name=name))[0] for name in ("Beta", "Alpha", "Gamma")]
    async with transaction() as session:
        await session.execute(update(ApiToken).where(col(ApiToken.id) == ids[2]).values(revoked_at=datetime.now(UTC)))
    tab = await opened(console, owner)

    async def names(query: str) -> list[str]:
        tab.path = OWN + query
        await tab.send(TokensState.load)
        return [row["name"] for row in shown(await tab.hydrate(), TokensState, "rows") or ()]

    assert await names("") == ["Gamma", "Alpha", "Beta"]
    assert await names("&sort=name") == ["Alpha", "Beta", "Gamma"]
    assert await names("&state=active&sort=-name") == ["Beta", "Alpha"]
    assert shown(await tab.hydrate(), TokensState, "export_query") == "state=active&sort=-name"
    assert await names("&state=expired") == []
    assert await names("&q=AL") == ["Alpha"]
    assert await names("&size=25&page=2") == ["Gamma", "Alpha", "Beta"]  # the last page there is
    await tab.send(TokensState.show_column, key="expires_at", is_shown=False)
    assert shown(await tab.hydrate(), TokensState, "hidden_columns") == ["expires_at"]
    assert await names("") == ["Gamma", "Alpha", "Beta"]
    options = shown(await tab.send(TokensState.show_filter, key="state", is_open=True), TokensState, "options")
    assert {option["label"]: option["count"] for option in options} == {"Active": "2", "Expired": "0", "Revoked": "1"}


async def test_an_order_keeps_the_token_that_is_shown(console: Console) -> None:
    tab = await opened(console, await make_user())
    await submit(tab, **FORM)
    for kept in ("CI", ""):  # the second load is a reload
        tab.path = f"{OWN}&sort=name"
        await tab.send(TokensState.load)
        assert shown(await tab.hydrate(), TokensState, "shown_of") == kept


async def test_administrators_list_and_revoke_the_tokens_of_all(console: Console) -> None:
    owner, admin = await make_user("ana"), await make_admin()
    project_id = await make_project(owner, "Ledger")
    personal, _ = await make_token(owner, name="Laptop")
    await make_token(owner, project_id, name="CI")
    tab = Tab(console, "all", await sign_in(admin), "/admin/tokens")
    await tab.hydrate()
    rows = shown(await tab.send(AllTokensState.load), AllTokensState, "rows")
    assert [(row["name"], row["owner"], row["owner_url"]) for row in rows] == [
        ("CI", "Ledger", f"/projects/{project_id}"),
        ("Laptop", "Ana", f"/users/{owner.user_id}"),
    ]
    for key, expected in (
        ("state", [("active", "2"), ("expired", "0"), ("revoked", "0")]),
        ("person", [(str(owner.user_id), "1")]),
        ("project", [(str(project_id), "1")]),
    ):
        updates = await tab.send(AllTokensState.show_filter, key=key, is_open=True)
        options = [(option["value"], option["count"]) for option in shown(updates, AllTokensState, "options")]
        assert options == expected
    await tab.send(AllTokensState.ask_rows, action="revoke", ids=[personal])
    await tab.send(AllTokensState.run_bulk)
    assert (await row_of(ApiToken, personal))["revoked_at"] is not None
    tab = Tab(console, "not all", await sign_in(owner), "/admin/tokens")
    await tab.hydrate()
    assert not shown(await tab.send(AllTokensState.load), AllTokensState, "rows")


async def test_many_own_tokens_are_revoked_but_not_those_of_somebody_else(console: Console) -> None:
    ana, eve = await make_user("ana"), await make_user("eve")
    ids = [(await make_token(ana, name=name))[0] for name in ("CI", "Laptop", "Old")]
    foreign, _header = await make_token(eve)
    tab = await opened(console, ana)
    await in_bulk(tab, TokensState, "revoke", ids[2])
    await tab.send(TokensState.toggle_all)
    asked = await tab.send(TokensState.ask_bulk, action="revoke")
    assert shown(asked, TokensState, "bulk_title") == "Revoke 2 tokens?"
    assert shown(asked, TokensState, "bulk_text").endswith("1 is no longer active.")
    text, refused, updates = await in_bulk(tab, TokensState, "revoke", *ids[:2], foreign)
    assert (text, refused) == ("2 tokens revoked, 1 refused", [f"Token {foreign}"])
    assert {row["state"] for row in shown(updates, TokensState, "rows")} == {"revoked"}
    assert (await row_of(ApiToken, foreign))["revoked_at"] is None


async def test_many_tokens_of_a_project_are_revoked_by_those_who_may(console: Console) -> None:
    ana, eve = await make_user("ana"), await make_user("eve")
    project_id = await make_project(ana, team={eve: "viewer"})
    ids = [(await make_token(ana, project_id, name=name))[0] for name in ("CI", "Nightly")]
    own, _header = await make_token(ana)
    viewer = await opened(console, eve, f"/projects/{project_id}?tab=settings")
    assert (await in_bulk(viewer, TokensState, "revoke", *ids))[0] == "No tokens revoked, 2 refused"
    tab = await opened(console, ana, f"/projects/{project_id}?tab=settings")
    text, refused, _updates = await in_bulk(tab, TokensState, "revoke", *ids, own)
    assert (text, refused) == ("2 tokens revoked, 1 refused", [f"Token {own}"])
    tab.path = OWN
    _text, _refused, updates = await in_bulk(tab, TokensState, "revoke", own)
    assert shown(updates, TokensState, "bulk_error") == MovedOn.default

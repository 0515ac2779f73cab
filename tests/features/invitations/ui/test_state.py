"""The pages of invitations without a browser: who is offered what, and what the page of a link shows."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr
from reflex.istate.manager.memory import StateManagerMemory
from reflex_base.utils.format import json_dumps
from sqlalchemy import text

from tca_app.config.settings import get_settings
from tca_app.core.actor import Actor
from tca_app.core.cache.redis import get_redis
from tca_app.core.database.session import transaction
from tca_app.core.security.rate_limits import get_limits
from tca_app.features.invitations import service as invitations
from tca_app.features.invitations.schemas import InvitationCreate, InvitationQuery
from tca_app.features.invitations.ui import state
from tca_app.features.invitations.ui.accept_state import AcceptState
from tca_app.features.invitations.ui.form_state import LINKS, InviteState
from tca_app.features.invitations.ui.state import InvitationsState, ProjectInvitationsState
from tca_app.features.projects import team
from tca_app.features.projects.schemas import MemberUpdate
from tca_app.ui.session import SessionState
from tests.factories import PASSWORD, make_admin, make_invitation, make_project, make_user, run
from tests.ui.harness import Console, Tab, console_on, in_bulk, shown, sign_in


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    await get_redis().flushdb()
    async with console_on(StateManagerMemory()) as running:
        yield running


async def open_tab(console: Console, actor: Actor | None, path: str) -> Tab:
    tab = Tab(
        console, f"{actor.username if actor else 'nobody'} {path[:30]}", await sign_in(actor) if actor else "", path
    )
    await tab.hydrate()
    return tab


async def token_for(inviter: Actor, email: str, monkeypatch: pytest.MonkeyPatch, **into: Any) -> str:
    monkeypatch.setattr(get_settings(), "smtp_url", SecretStr("off"))
    sent = await run(invitations.invite, inviter, InvitationCreate(emails=[email], **into))
    assert sent.secret_links
    return sent.secret_links[0].partition("token=")[2].partition("&")[0]


def form(updates: list[Any], **values: str) -> dict[str, str]:
    return {**shown(updates, InviteState, "form_values"), "nonce": shown(updates, InviteState, "form_nonce"), **values}


async def test_pasted_addresses_are_invited_and_listed(console: Console) -> None:
    tab = await open_tab(console, await make_admin(), "/users?tab=invitations")
    opened = await tab.send(InviteState.open_invite, project_id=0)
    pasted = '"B, Bo" <bo@example.com>; ana@example.com'
    updates = await tab.send(InviteState.save, form=form(opened, emails=pasted))
    assert [toast["kind"] for toast in shown(updates, SessionState, "toasts")] == ["success"]
    rows = shown(updates, InvitationsState, "rows")
    assert {(row["email"], row["state"]) for row in rows} == {
        ("ana@example.com", "pending"),
        ("bo@example.com", "pending"),
    }


async def test_a_bad_address_is_named_and_nobody_is_invited(console: Console) -> None:
    admin = await make_admin()
    tab = await open_tab(console, admin, "/users")
    opened = await tab.send(InviteState.open_invite, project_id=0)
    updates = await tab.send(InviteState.save, form=form(opened, emails="ana@example.com, bob@"))
    assert shown(updates, InviteState, "form_errors") == {"emails": "Not an email address: bob@."}
    assert (await run(invitations.list_invitations, admin, InvitationQuery())).total == 0


async def test_an_address_that_has_an_account_is_named_at_the_field(console: Console) -> None:
    admin, ana = await make_admin(), await make_user("ana")
    tab = await open_tab(console, admin, "/users")
    opened = await tab.send(InviteState.open_invite, project_id=0)
    updates = await tab.send(InviteState.save, form=form(opened, emails=f"bo@example.com {ana.username}@example.com"))
    assert shown(updates, InviteState, "form_errors")["emails"].endswith("already: ana@example.com.")
    assert not shown(updates, InviteState, "form_error")


async def test_a_maintainer_is_offered_the_roles_they_may_grant(console: Console) -> None:
    owner, mia = await make_user(), await make_user()
    project_id = await make_project(owner, team={mia: "maintainer"})
    for who, offered in ((owner, ["viewer", "deployer", "maintainer"]), (mia, ["viewer", "deployer"])):
        tab = await open_tab(console, who, f"/projects/{project_id}?tab=members")
        updates = await tab.send(InviteState.open_invite, project_id=project_id)
        assert [option[0] for option in shown(updates, InviteState, "role_options")] == offered


async def test_the_open_invitations_of_a_project_are_for_its_maintainers(console: Console) -> None:
    owner, vic = await make_user(), await make_user()
    project_id = await make_project(owner, team={vic: "viewer"})
    data = InvitationCreate(emails=["ana@example.com"], project_id=project_id, role="viewer")
    sent = await run(invitations.invite, owner, data)
    tab = await open_tab(console, owner, f"/projects/{project_id}?tab=members")
    updates = await tab.send(ProjectInvitationsState.load)
    assert [row["email"] for row in shown(updates, ProjectInvitationsState, "rows")] == ["ana@example.com"]
    await tab.send(InviteState.ask_revoke, invitation_id=sent.invitations[0].id)
    updates = await tab.send(InviteState.revoke)
    assert [toast["kind"] for toast in shown(updates, SessionState, "toasts")] == ["success"]
    assert shown(updates, ProjectInvitationsState, "rows") == []
    tab = await open_tab(console, vic, f"/projects/{project_id}?tab=members")
    assert not shown(await tab.send(ProjectInvitationsState.load), ProjectInvitationsState, "rows")


async def test_links_are_shown_once_and_kept_in_no_state(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "smtp_url", SecretStr("off"))
    tab = await open_tab(console, await make_admin(), "/users")
    opened = await tab.send(InviteState.open_invite, project_id=0)
    updates = await tab.send(InviteState.save, form=form(opened, emails="ana@example.com"))
    assert shown(updates, InviteState, "has_links")
    assert LINKS.replace("-", "_") in str([event for update in updates for event in update.events or []])
    assert "token=" not in json_dumps([update.delta for update in updates])


async def test_the_page_of_a_link_says_what_can_be_done(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    admin, ana = await make_admin("boss"), await make_user("ana")
    project_id = await make_project(admin, "Ledger")
    for_new = await token_for(admin, "new@example.com", monkeypatch)
    for_ana = await token_for(admin, "ana@example.com", monkeypatch, project_id=project_id, role="viewer")
    cases = (
        (None, for_new, "new"),
        (None, for_ana, "sign_in"),
        (ana, for_ana, "join"),
        (ana, for_new, "other"),
        (None, "x" * 43, "gone"),
        (None, "", "gone"),
    )
    for who, token, phase in cases:
        tab = await open_tab(console, who, f"/accept-invitation?token={token}")
        updates = await tab.send(AcceptState.enter_invitation)
        assert shown(updates, AcceptState, "phase") == phase
        assert token not in json_dumps([update.delta for update in updates]) or not token


async def test_the_filter_of_states_counts_the_invitations(console: Console) -> None:
    admin = await make_admin("boss")
    for email in ("ana@example.com", "bob@example.com"):
        await make_invitation(admin, email)
    tab = await open_tab(console, admin, "/users?tab=invitations&state=expired")
    assert shown(await tab.send(InvitationsState.load), InvitationsState, "rows") in (None, [])
    updates = await tab.send(InvitationsState.show_filter, key="state", is_open=True)
    counts = {option["label"]: option["count"] for option in shown(updates, InvitationsState, "options")}
    assert counts == {"Pending": "2", "Accepted": "0", "Expired": "0", "Revoked": "0"}


async def test_the_filter_of_inviters_finds_names_and_counts(console: Console) -> None:
    admin, ana = await make_admin("boss"), await make_user("ana")
    for number, inviter in enumerate((admin, admin, ana)):
        await make_invitation(inviter, f"p{number}@example.com")
    tab = await open_tab(console, admin, f"/users?tab=invitations&by={ana.user_id}&since=2026-01-01")
    updates = await tab.send(InvitationsState.load)
    assert [row["email"] for row in shown(updates, InvitationsState, "rows")] == ["p2@example.com"]
    assert [chip["text"] for chip in shown(updates, InvitationsState, "chips")] == [
        "Invited by: Ana",
        "Invited from 2026-01-01",
    ]
    assert f"invited_by_id={ana.user_id}&since=2026-01-01" in shown(updates, InvitationsState, "export_query")
    updates = await tab.send(InvitationsState.show_filter, key="by", is_open=True)
    assert [(option["label"], option["count"]) for option in shown(updates, InvitationsState, "options")] == [
        ("Boss", "2"),
        ("Ana", "1"),
    ]
    updates = await tab.send(InvitationsState.find_option, text="bos")
    assert [option["label"] for option in shown(updates, InvitationsState, "options")] == ["Boss"]


async def test_many_invitations_are_resent_and_revoked_but_not_those_of_another_project(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, admin = await make_user(), await make_admin()
    project_id = await make_project(owner)
    data = InvitationCreate(emails=["ana@example.com", "bob@example.com"], project_id=project_id, role="viewer")
    ana, bob = [row.id for row in (await run(invitations.invite, owner, data)).invitations]
    other = await make_invitation(admin, "cyd@example.com")
    monkeypatch.setattr(get_settings(), "smtp_url", SecretStr("off"))
    tab = await open_tab(console, owner, f"/projects/{project_id}?tab=members")
    await tab.send(ProjectInvitationsState.load)
    assert shown(await tab.hydrate(), ProjectInvitationsState, "not_offered") == ["resend"]
    _text, _refused, updates = await in_bulk(tab, ProjectInvitationsState, "resend", ana)
    assert shown(updates, ProjectInvitationsState, "bulk_error").startswith("This console sends no mail.")
    monkeypatch.setattr(get_settings(), "smtp_url", SecretStr("smtp://127.0.0.1"))
    text, refused, _updates = await in_bulk(tab, ProjectInvitationsState, "resend", ana, bob)
    assert (text, refused) == ("2 invitations sent again", [])
    text, refused, updates = await in_bulk(tab, ProjectInvitationsState, "revoke", ana, other)
    assert (text, refused) == ("ana@example.com revoked, 1 refused", [f"Invitation {other}"])
    assert [row["email"] for row in shown(updates, ProjectInvitationsState, "rows")] == ["bob@example.com"]
    await tab.send(ProjectInvitationsState.toggle_all)
    await tab.send(ProjectInvitationsState.select_everything)
    await tab.send(ProjectInvitationsState.ask_bulk, action="revoke")
    tried = await tab.send(ProjectInvitationsState.try_bulk)
    assert shown(tried, ProjectInvitationsState, "bulk_tried").endswith("This would work for 1 of 1 invitation.")
    assert shown(await tab.send(ProjectInvitationsState.run_bulk), ProjectInvitationsState, "rows") == []
    everything = await run(invitations.list_invitations, admin, InvitationQuery(state=["pending"]))
    assert [row.id for row in everything.items] == [other]


async def test_an_administrator_revokes_invitations_and_the_answered_are_left_out(console: Console) -> None:
    admin = await make_admin("boss")
    first, second = [await make_invitation(admin, f"p{number}@example.com") for number in range(2)]
    await run(invitations.revoke_invitation, admin, first)
    tab = await open_tab(console, admin, "/users?tab=invitations")
    await tab.send(InvitationsState.load)
    await tab.send(InvitationsState.toggle_all)
    asked = await tab.send(InvitationsState.ask_bulk, action="revoke")
    assert shown(asked, InvitationsState, "bulk_title") == "Revoke 1 invitation?"
    assert shown(asked, InvitationsState, "bulk_text").endswith("1 was accepted or revoked already.")
    done = await tab.send(InvitationsState.run_bulk)
    assert {row["id"]: row["state"] for row in shown(done, InvitationsState, "rows")} == {
        first: "revoked",
        second: "revoked",
    }
    viewer = await open_tab(console, await make_user(), "/users?tab=invitations")
    await viewer.send(InvitationsState.ask_rows, action="revoke", ids=[second])
    assert not shown(await viewer.hydrate(), InvitationsState, "is_bulk_open")


async def test_resending_many_is_confirmed_first(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "smtp_url", SecretStr("smtp://127.0.0.1"))
    admin = await make_admin("boss")
    for number in range(2):
        await make_invitation(admin, f"p{number}@example.com")
    tab = await open_tab(console, admin, "/users?tab=invitations")
    await tab.send(InvitationsState.load)
    await tab.send(InvitationsState.toggle_all)
    asked = await tab.send(InvitationsState.ask_bulk, action="resend")
    assert shown(asked, InvitationsState, "bulk_title") == "Resend 2 invitations?"
    assert shown(asked, InvitationsState, "bulk_text").startswith("Each gets a new link by mail;")
    done = await tab.send(InvitationsState.run_bulk)
    assert shown(done, SessionState, "toasts")[-1]["text"] == "2 invitations sent again"


async def test_resending_many_counts_each_mail_once_although_one_needs_a_proof(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_settings(), "smtp_url", SecretStr("smtp://127.0.0.1"))
    owner = await make_user()
    project_id = await make_project(owner)
    for email, role in (("ana@example.com", "viewer"), ("bob@example.com", "maintainer")):
        await run(invitations.invite, owner, InvitationCreate(emails=[email], project_id=project_id, role=role))
    tab = await open_tab(console, owner, f"/projects/{project_id}?tab=members")
    await tab.send(ProjectInvitationsState.load)
    async with transaction() as session:
        await session.execute(text("UPDATE auth_sessions SET verified_at = now() - interval '1 hour'"))
    counted: list[str] = []

    async def refuse_mail(address: str) -> None:
        counted.append(address)

    monkeypatch.setattr(get_limits(), "refuse_mail", refuse_mail)
    await tab.send(ProjectInvitationsState.toggle_all)
    await tab.send(ProjectInvitationsState.ask_bulk, action="resend")
    refused = await tab.send(ProjectInvitationsState.run_bulk)
    assert shown(refused, SessionState, "proof_is_asked")
    assert counted == []
    proven = await tab.send(SessionState.give_proof, form={"password": PASSWORD})
    assert shown(proven, SessionState, "toasts")[-1]["text"] == "2 invitations sent again"
    assert sorted(counted) == ["ana@example.com", "bob@example.com"]


async def test_the_number_of_all_invitations_follows_without_other_rows(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "MAX_SHOWN", 1)
    owner, mia = await make_user(), await make_user()
    project_id = await make_project(owner, team={mia: "maintainer"})
    tab = await open_tab(console, mia, f"/projects/{project_id}?tab=members&sort_invitations=-email")
    for email in ("zed@example.com", "abe@example.com"):
        await run(invitations.invite, owner, InvitationCreate(emails=[email], project_id=project_id, role="viewer"))
        await tab.send(ProjectInvitationsState.load)
    updates = await tab.send(ProjectInvitationsState.toggle_all)
    assert shown(updates, ProjectInvitationsState, "everything_text") == "Select all 2"
    await run(team.change_member, owner, project_id, mia.user_id, MemberUpdate(role="viewer"))
    await tab.send(ProjectInvitationsState.load)
    left = await tab.hydrate()
    names = ("rows", "total", "selected")
    assert [shown(left, ProjectInvitationsState, name) for name in names] == [[], 0, []]

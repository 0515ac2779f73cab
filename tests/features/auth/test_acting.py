"""An administrator acts as another user: for how long, as whom never, and what stays that user's own."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select, text, update
from sqlmodel import col

from tca_app.core.actor import Actor
from tca_app.core.database.session import reading, transaction
from tca_app.core.errors import (
    AppError,
    Forbidden,
    NotFound,
    NotWhileActing,
    ReauthenticationRequired,
    SessionRequired,
)
from tca_app.core.events.verify import verify_log
from tca_app.core.security.tokens import cookie_name
from tca_app.features.activity import service as activity
from tca_app.features.activity.schemas import ActivityQuery
from tca_app.features.auth import acting, service as auth, step_up
from tca_app.features.auth.oauth import identities
from tca_app.features.auth.oauth.identity import Flow, Person, SignInRefused
from tca_app.features.auth.oauth.pending import Begun
from tca_app.features.auth.policy import CREDENTIALS
from tca_app.features.auth.schemas import ActingStart
from tca_app.features.ci import service as ci
from tca_app.features.factors import passkey_service, service as factors
from tca_app.features.factors.schemas import FactorName
from tca_app.features.invitations import acceptance, service as invitations
from tca_app.features.invitations.schemas import InvitationCreate
from tca_app.features.personal_data import erasure
from tca_app.features.projects import service as projects
from tca_app.features.projects.schemas import ProjectCreate
from tca_app.features.single_sign_on.service import finish_own
from tca_app.features.tokens import service as tokens
from tca_app.features.tokens.schemas import TokenCreate
from tca_app.features.users import service as users
from tca_app.features.users.schemas import UserUpdate
from tca_app.models import ApiToken, AuthSession, LoggedEvent, User
from tests.factories import (
    PASSWORD,
    bearer,
    make_admin,
    make_invitation,
    make_project,
    make_token,
    make_user,
    row_of,
    run,
    signed_in,
)

WHY = ActingStart(reason="Ticket 1234")


async def resolve(cookie: str) -> Actor:
    async with reading() as session:
        caller = await auth.resolve_browser(session, cookie)
    assert caller is not None
    return caller.actor


async def browser_of(person: Actor) -> tuple[Actor, str]:
    """The person with a session of a browser, and its cookie."""
    done = await run(auth.open_session, person.user_id, auth.Client(ip="127.0.0.1"), "browser")
    return await resolve(done.cookie), done.cookie


async def acting_as(target: Actor, admin: Actor | None = None) -> tuple[Actor, str]:
    """An administrator who acts as the target, and the cookie."""
    boss, cookie = await browser_of(admin or await make_admin(f"boss{uuid4().hex[:6]}"))
    await run(acting.start_acting, boss, target.user_id, WHY)
    return await resolve(cookie), cookie


async def test_the_administrator_is_that_user_until_they_stop() -> None:
    ana = await make_user("ana", full_name="Ana Lopez")
    project_id = await make_project(ana)
    actor, cookie = await acting_as(ana, await make_admin("boss"))
    assert (actor.user_id, actor.is_superuser, actor.acting_name) == (ana.user_id, False, "Boss")
    assert actor.acting_until is not None
    assert timedelta(minutes=29) < actor.acting_until - datetime.now(UTC) <= timedelta(minutes=30)
    assert (await run(projects.get_project, actor, project_id)).id == project_id
    with pytest.raises(Forbidden):
        await run(users.delete_user, actor, ana.user_id)
    await run(acting.stop_acting, actor)
    own = await resolve(cookie)
    assert (own.username, own.is_superuser, own.acting_id) == ("boss", True, 0)
    await run(acting.stop_acting, own)  # nothing to stop


async def test_events_carry_both_names() -> None:
    ana = await make_user("ana", full_name="Ana Lopez")
    boss = await make_admin("boss")
    actor, _ = await acting_as(ana, boss)
    made = await run(projects.create_project, actor, ProjectCreate(name="Billing"))
    await run(acting.stop_acting, actor)
    async with reading() as session:
        rows = await session.execute(select(LoggedEvent).order_by(col(LoggedEvent.id).desc()).limit(3))
        stopped, created, started = rows.scalars()
    async with reading() as session:
        assert (await verify_log(session)).fault == ""
    for event in (stopped, created, started):
        assert (event.actor_type, event.actor_id) == ("user", boss.user_id)
    assert created.actor_name == "Boss (acting as Ana Lopez)"
    assert (created.data["acting_for_id"], created.data["acting_for"]) == (ana.user_id, "Ana Lopez")
    assert (started.actor_name, started.subject_id, started.data["reason"]) == ("Boss", ana.user_id, "Ticket 1234")
    assert (stopped.actor_name, stopped.type) == ("Boss", "acting_stopped")
    seen, _ = await run(activity.list_activity, ana, ActivityQuery(project_id=made.id))
    assert "Boss (acting as Ana Lopez) created Billing" in [event.summary for event in seen]


Change = Callable[[Actor, Actor], Awaitable[Any]]


async def _set(table: Any, row_id: int, **values: Any) -> None:
    async with transaction() as session:
        await session.execute(update(table).where(table.id == row_id).values(values))


async def _deactivate(ana: Actor, _boss: Actor) -> None:
    await run(users.update_user, await make_admin("other"), ana.user_id, UserUpdate(is_active=False))
    await run(users.update_user, await make_admin("another"), ana.user_id, UserUpdate(is_active=True))


async def _pass_time(_ana: Actor, boss: Actor) -> None:
    await _set(AuthSession, boss.session_id, acting_until=datetime.now(UTC) - timedelta(seconds=1))


ENDS: dict[str, Change] = {
    "time": _pass_time,
    "deactivated, and activated again": _deactivate,
    "in the trash": lambda ana, _: _set(User, ana.user_id, deleted_at=datetime.now(UTC)),
    "an administrator now": lambda ana, _: _set(User, ana.user_id, is_superuser=True),
    "signed out everywhere": lambda ana, _: run(auth.sign_out_everywhere, ana),
}


@pytest.mark.parametrize("end", ENDS)
async def test_it_ends_and_leaves_the_administrator_in_their_own_account(end: str) -> None:
    ana = await make_user("ana")
    actor, cookie = await acting_as(ana)
    await ENDS[end](ana, actor)
    own = await resolve(cookie)
    assert (own.user_id, own.acting_id, own.is_superuser) == (actor.acting_id, 0, True)


async def test_it_ends_with_the_rights_and_the_session_of_the_administrator() -> None:
    ana = await make_user("ana")
    actor, cookie = await acting_as(ana)
    await _set(User, actor.acting_id, is_superuser=False)  # as a database console would: their sessions live on
    assert (await resolve(cookie)).acting_id == 0
    actor, cookie = await acting_as(ana)
    await run(users.update_user, await make_admin(), actor.acting_id, UserUpdate(is_active=False))
    async with reading() as session:
        assert await auth.resolve_browser(session, cookie) is None
    actor, cookie = await acting_as(ana)
    await run(auth.sign_out, actor)
    async with reading() as session:
        assert await auth.resolve_browser(session, cookie) is None
    assert (await row_of(User, ana.user_id))["is_active"]


async def test_only_a_browser_of_an_administrator_with_a_recent_proof_may_start() -> None:
    ana, boss = await make_user("ana"), await make_admin("boss")
    member, _ = await browser_of(await make_user("member"))
    script, _ = await signed_in(boss)
    browser, _ = await browser_of(boss)
    await _set(AuthSession, browser.session_id, verified_at=datetime.now(UTC) - timedelta(minutes=11))
    refusals: list[tuple[Actor, type[AppError]]] = [
        (member, Forbidden),
        (boss, SessionRequired),  # a command
        (script, SessionRequired),
        (browser, ReauthenticationRequired),
    ]
    for who, refusal in refusals:
        with pytest.raises(refusal):
            await run(acting.start_acting, who, ana.user_id, WHY)


async def test_an_api_token_cannot_start(api: httpx.AsyncClient) -> None:
    """No route starts it, and a token's actor is refused."""
    boss = await make_admin("boss")
    _, header = await make_token(boss, scopes=["admin"])
    document = (await api.get("/openapi.json")).json()
    assert not [path for path in document["paths"] if "acting" in path or "act-as" in path]
    assert (await api.get("/api/v1/users", headers=header)).status_code == 200
    token = Actor(boss.user_id, "boss", "", True, token_id=1, scopes=frozenset({"admin"}))
    with pytest.raises(SessionRequired):
        await run(acting.start_acting, token, (await make_user()).user_id, WHY)


async def test_nobody_acts_as_an_administrator_an_inactive_user_a_service_account_or_themselves() -> None:
    boss, _ = await browser_of(await make_admin("boss"))
    inactive, gone = await make_user(is_active=False), await make_user(deleted_at=datetime.now(UTC))
    token_id, _ = await make_token(boss, await make_project(boss))  # it has a service account
    account_id = (await row_of(ApiToken, token_id))["user_id"]
    for target, refusal in (
        ((await make_admin()).user_id, acting.CannotActAs),
        (boss.user_id, acting.CannotActAs),
        (inactive.user_id, acting.CannotActAs),
        (gone.user_id, NotFound),
        (account_id, NotFound),
        (10**12, NotFound),
    ):
        with pytest.raises(refusal):
            await run(acting.start_acting, boss, target, WHY)
    assert (await row_of(AuthSession, boss.session_id))["acting_for_id"] is None


async def test_a_user_who_became_an_administrator_is_acted_as_by_nobody_even_in_parallel() -> None:
    ana = await make_user("ana")
    boss, cookie = await browser_of(await make_admin("boss"))
    starts = (run(acting.start_acting, boss, ana.user_id, WHY) for _ in range(20))
    await asyncio.gather(_set(User, ana.user_id, is_superuser=True), *starts, return_exceptions=True)
    assert (await resolve(cookie)).acting_id == 0


async def calls_of(actor: Actor, project_id: int) -> dict[str, list[tuple[Any, ...]]]:
    """For each action on credentials the service functions that carry it out, with their arguments."""
    invite = InvitationCreate(emails=["new@example.com"], project_id=project_id, role="viewer")
    invitation_id = await make_invitation(await make_admin())
    github = Person(provider="github", issuer="https://github.com", subject="1", name="boss")
    return {
        "acting.start": [(acting.start_acting, actor, (await make_user()).user_id, WHY)],
        "email.change": [
            (users.update_user, actor, actor.user_id, UserUpdate(email="new@example.com", current_password=PASSWORD))
        ],
        "email.confirm": [(users.confirm_email, "x" * 40, actor)],
        "factors.list": [(factors.list_factors, actor), (factors.list_user_factors, actor, actor.user_id)],
        "identities.change": [(identities.link, actor, github), (identities.unlink, actor, 1)],
        "identities.list": [(identities.list_identities, actor), (identities.ways_to_sign_in, actor)],
        "invitations.accept": [(acceptance.join, actor, "x" * 40)],
        "invitations.manage": [(invitations.invite, actor, invite)],
        "password.change": [
            (users.update_user, actor, actor.user_id, UserUpdate(password="Other-Boat-43", current_password=PASSWORD))
        ],
        "proof.give": [
            (step_up.reauthenticate, actor, PASSWORD),
            (passkey_service.begin_proof, actor),
            (identities.prove, actor, github),
        ],
        "proof.use": [
            (step_up.require_recent_proof, actor),
            (factors.add_totp, actor, FactorName(name="Phone")),
            (passkey_service.begin_registration, actor),
            (factors.renew_recovery_codes, actor),
            (erasure.erase_user, actor, actor.user_id),
        ],
        "sessions.end": [
            (auth.sign_out_everywhere, actor),
            (auth.end_other_sessions, actor, actor.user_id),
            (auth.revoke_session, actor, actor.session_id),
        ],
        "sessions.list": [(auth.list_sessions, actor, actor.user_id)],
        "tokens.use": [
            (tokens.list_tokens, actor),
            (tokens.create_token, actor, TokenCreate(name="CI", scopes=["read"])),
            (tokens.list_project_tokens, actor, project_id),
            (tokens.revoke_token, actor, invitation_id),
            (ci.list_trusts, actor, project_id),
            (ci.delete_trust, actor, project_id, 1),
        ],
    }


async def test_every_action_on_credentials_is_refused_while_acting() -> None:
    ana = await make_user("ana")
    project_id = await make_project(ana)
    await browser_of(ana)
    actor, _ = await acting_as(ana)
    before = await row_of(User, ana.user_id)
    calls = await calls_of(actor, project_id)
    assert set(calls) == CREDENTIALS
    for action, of_action in calls.items():
        for call, *arguments in of_action:
            with pytest.raises(NotWhileActing):
                await run(call, *arguments)
            assert action
    assert await row_of(User, ana.user_id) == before
    async with reading() as session:
        open_now = await session.execute(text("SELECT count(*) FROM auth_sessions WHERE revoked_at IS NULL"))
        assert open_now.scalar_one() >= 2


async def test_what_needs_no_credentials_works(api: httpx.AsyncClient) -> None:
    """A profile is saved with the email address that it has; a file is read, and the password refused, by cookie."""
    ana = await make_user("ana")
    actor, cookie = await acting_as(ana)
    email = (await row_of(User, ana.user_id))["email"]
    saved = await run(users.update_user, actor, ana.user_id, UserUpdate(full_name="Ana Lopez", email=email))
    assert saved.full_name == "Ana Lopez"
    header = {"Cookie": f"{cookie_name()}={cookie}"}
    assert (await api.get("/api/v1/activity/export", headers=header)).status_code == 200
    change = {"current_password": PASSWORD, "password": "Other-Boat-43"}
    own = header | {"X-Requested-With": "tca-console", "Origin": "http://test"}
    answer = await api.post("/api/auth/password/change", json=change, headers=own)
    assert answer.status_code == 403, answer.text
    assert (await api.get("/api/v1/users/me", headers=await bearer(ana))).status_code == 200


async def test_the_user_may_have_to_change_their_password_the_administrator_need_not() -> None:
    actor, _ = await acting_as(await make_user("ana", must_change_password=True))
    assert not actor.must_change_password


@pytest.mark.parametrize("intent", ["link", "reauthenticate"])
async def test_a_link_that_was_begun_before_is_not_finished_for_the_user(intent: Any) -> None:
    """The session is the same, and the administrator's own identity would open the account of the user."""
    actor, _ = await acting_as(await make_user("ana"))
    begun = Begun(Flow("github", intent, "state", "browser"), actor.session_id, "")
    with pytest.raises(SignInRefused):
        await run(finish_own, begun, Person("github", "https://github.com", "1", "boss"), actor)

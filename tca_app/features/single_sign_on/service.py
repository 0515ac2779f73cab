"""Sign-in at a provider: begin it, and finish it when the browser comes back.

A provider is called between two transactions, so that a slow one holds no database connection.
"""

from dataclasses import dataclass

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.session import reading, transaction
from tca_app.core.errors import AppError, Gone, ReauthenticationRequired
from tca_app.core.instance import instance_settings
from tca_app.core.outgoing.openid import ProviderError, ProviderUnavailable
from tca_app.features.auth.oauth import identities, pending
from tca_app.features.auth.oauth.identity import Flow, Intent, Person, SignInRefused
from tca_app.features.auth.oauth.pending import Begun
from tca_app.features.auth.oauth.providers import CLIENTS, find_provider
from tca_app.features.auth.oauth.schemas import ProviderKey
from tca_app.features.auth.second_factor import require_second_factor
from tca_app.features.auth.service import Client, SignIn, open_session
from tca_app.features.auth.step_up import require_recent_proof
from tca_app.features.invitations import acceptance
from tca_app.features.users import provided_accounts

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Start:
    """Where the browser goes, and the value of the cookie that binds the sign-in to it."""

    location: str
    browser: str


@dataclass(frozen=True, slots=True)
class Done:
    """A session that was opened, and whether its account is new."""

    session: SignIn
    is_new: bool


async def start(provider: ProviderKey, intent: Intent, next_path: str, actor: Actor | None) -> Start:
    """Begins a sign-in. Raises NotFound for a provider that is not configured, and SignInRefused.

    Linking needs a recent proof of identity, so that nobody who finds an open tab adds a way in of their own.
    """
    find_provider(provider)
    if intent != "sign_in":
        _require_full_session(actor, intent)
    flow = pending.new_flow(provider, intent)
    location = await _ask(flow)
    async with transaction() as session:
        if intent == "link" and actor is not None:
            try:
                await require_recent_proof(session, actor)
            except ReauthenticationRequired:
                raise SignInRefused("needs_proof") from None
        await pending.store(session, flow, next_path, actor.session_id if actor and intent != "sign_in" else 0)
    return Start(location, flow.browser)


async def start_with_invitation(provider: ProviderKey, token: str) -> Start:
    """Begins a sign-in that accepts an invitation. Raises NotFound, InvitationExpired and SignInRefused."""
    find_provider(provider)
    async with reading() as session:
        invitation = await acceptance.look_up(session, token)
    flow = pending.new_flow(provider, "sign_in", token)
    location = await _ask(flow)
    page = f"/projects/{invitation.project_id}" if invitation.project_id else ""
    async with transaction() as session:
        await pending.store(session, flow, page, session_id=0)
    return Start(location, flow.browser)


def _require_full_session(actor: Actor | None, intent: str) -> Actor:
    """Until a password that an administrator set is changed, its holder may do nothing else, and nobody links or proves
    anything while they act as another user: not even what they began before. Who must add a second factor first may
    prove who they are, which adding one needs."""
    if actor is None:
        raise SignInRefused("not_signed_in")
    if actor.must_change_password:
        raise SignInRefused("password_change")
    if actor.lacks_second_factor and intent == "link":
        raise SignInRefused("second_factor_setup")
    if actor.acting_id:
        raise SignInRefused("acting")
    return actor


async def _ask(flow: Flow) -> str:
    try:
        return str(await CLIENTS[flow.provider].authorization_url(flow))
    except ProviderUnavailable as error:
        log.warning("sign_in_provider_unavailable", provider=flow.provider, reason=str(error))
        raise SignInRefused("unavailable") from None
    except ProviderError as error:
        log.warning("sign_in_provider_refused", provider=flow.provider, reason=str(error))
        raise SignInRefused("invalid") from None


async def person_of(flow: Flow, code: str, issuer: str) -> Person:
    """Returns who signed in at the provider. Raises SignInRefused. Call it without a database connection."""
    if issuer and issuer != find_provider(flow.provider).issuer:
        raise SignInRefused("invalid")  # the answer of another provider (RFC 9207)
    if not code:
        raise SignInRefused("cancelled")
    try:
        found: Person = await CLIENTS[flow.provider].person_of(flow, code)
    except ProviderUnavailable as error:
        log.warning("sign_in_provider_unavailable", provider=flow.provider, reason=str(error))
        raise SignInRefused("unavailable") from None
    except ProviderError as error:
        log.warning("sign_in_provider_refused", provider=flow.provider, reason=str(error))
        raise SignInRefused("invalid") from None
    return found


async def finish_own(session: AsyncSession, begun: Begun, person: Person, actor: Actor | None) -> None:
    """Links the person, or notes the proof, for the session that began it and no other."""
    actor = _require_full_session(actor, begun.flow.intent)
    if actor.session_id != begun.session_id:
        raise SignInRefused("not_signed_in")
    if begun.flow.intent == "link":
        await identities.link(session, actor, person)
    else:
        await identities.prove(session, actor, person)


async def sign_in(session: AsyncSession, begun: Begun, person: Person, client: Client) -> Done:
    """Opens a session. The first sign-in of a person creates an account, by invitation or if the instance allows it.

    Raises SignInRefused, and SecondFactorRequired as after a password: the console does not know how the provider
    checked who it is.
    """
    found = await identities.find_identity(session, person)
    if found is None and begun.flow.invitation:
        user_id = await _invited_account(session, begun.flow.invitation, person, client)
    elif found is None:
        user_id = await _new_account(session, person)
    elif not found.is_active or found.deleted_at is not None:
        raise SignInRefused("inactive")
    else:
        user_id = found.user_id
        if person.is_admin is not None:
            await provided_accounts.set_superuser(
                session, user_id, person.is_admin, find_provider(person.provider).label
            )
    await identities.note_use(session, person)
    await require_second_factor(session, user_id)
    # Somebody at an open browser must not get a new proof by signing in again where nobody is asked for anything.
    opened = await open_session(session, user_id, client, "browser", proven_at=person.signed_in_at)
    return Done(opened, is_new=found is None)


async def _invited_account(session: AsyncSession, invitation: str, person: Person, client: Client) -> int:
    """Accepts an invitation with a new account of its address, and links the person: the link proves the address."""
    try:
        owner = await acceptance.accept_at_provider(
            session,
            invitation,
            client,
            username=person.username,
            full_name=person.full_name,
            is_superuser=bool(person.is_admin),
        )
    except acceptance.AccountExists:
        raise SignInRefused("invited_account") from None
    except (Gone, acceptance.SignUpClosed):
        raise SignInRefused("invitation_ended") from None
    await identities.insert_identity(session, owner, person)
    return owner.user_id


async def _new_account(session: AsyncSession, person: Person) -> int:
    """Creates an account. One that has the same address is never signed in to: the address may have changed hands."""
    if not person.email:
        raise SignInRefused("unverified_email")
    if await provided_accounts.email_is_taken(session, person.email):
        raise SignInRefused("account_exists")
    if instance_settings().sign_up != "provider":
        raise SignInRefused("no_account")
    try:
        made = await provided_accounts.insert_without_password(
            session,
            email=person.email,
            username=person.username,
            full_name=person.full_name,
            is_superuser=bool(person.is_admin),
        )
    except AppError:
        raise SignInRefused("failed") from None
    owner = Actor(made.id, made.username, made.full_name, made.is_superuser)
    await identities.insert_identity(session, owner, person)
    return made.id

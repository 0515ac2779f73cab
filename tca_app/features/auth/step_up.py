"""Step-up: sensitive changes need a proof of identity that is at most ten minutes old.

A sign-in is such a proof. Later the caller confirms the password, or signs in at a linked provider again
(features.auth.oauth), and repeats the change.
"""

from contextvars import ContextVar
from datetime import timedelta

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tca_app.core.actor import Actor
from tca_app.core.errors import (
    InsufficientScope,
    Invalid,
    NotSignedIn,
    ReauthenticationRequired,
    SessionRequired,
)
from tca_app.core.language.messages import N_, _
from tca_app.core.security.tokens import verify_password
from tca_app.features.auth import throttle
from tca_app.features.auth.policy import require_own
from tca_app.models import AuthSession, User

PROOF_LASTS = timedelta(minutes=10)
NO_PASSWORD = N_("Your account has no password. Sign in again at your provider.")

# Whether the current event of a page was refused for lack of a proof; None outside of pages. The page then asks for the
# proof and repeats the event, whatever its handler did with the error.
refused_var: ContextVar[bool | None] = ContextVar("step_up_refused", default=None)


class WrongPassword(Invalid):
    """The current password is incorrect. The failed attempt stays counted."""

    code = "wrong_password"
    default = N_("The current password is incorrect.")
    keeps_changes = True


async def require_recent_proof(session: AsyncSession, actor: Actor, *, is_credential: bool = False) -> None:
    """Raises ReauthenticationRequired. An actor without a session is a command, which nobody can ask.

    An API token cannot prove anything: its scope decides, and it never changes a credential or an administrator.
    """
    require_own(actor, "proof.use")
    if actor.scopes is not None:
        _require_admin_scope(actor.scopes, is_credential=is_credential)
        return
    if actor.session_id == 0:
        return
    recent = select(col(AuthSession.id)).where(
        col(AuthSession.id) == actor.session_id, col(AuthSession.verified_at) > func.now() - PROOF_LASTS
    )
    if (await session.execute(recent)).first() is None:
        if refused_var.get() is not None:
            refused_var.set(True)
        raise _refusal()


def _refusal() -> ReauthenticationRequired:
    """Returns the error. On a page it has no text: the page asks for the proof instead of showing an error."""
    error = ReauthenticationRequired()
    if refused_var.get():
        error.detail = ""
    return error


def _require_admin_scope(scopes: frozenset[str], *, is_credential: bool) -> None:
    if is_credential:
        raise SessionRequired
    if "admin" not in scopes:
        raise InsufficientScope.of("admin")


async def reauthenticate(session: AsyncSession, actor: Actor, password: str) -> None:
    """Confirms the password of the actor for the sensitive changes of the next ten minutes."""
    row = (await session.execute(select(col(User.hashed_password)).where(col(User.id) == actor.user_id))).first()
    if row is None:
        raise NotSignedIn
    if row.hashed_password is None:
        raise Invalid.at("password", _(NO_PASSWORD))
    await confirm_password(session, actor, row.hashed_password, password, "password")


async def confirm_password(session: AsyncSession, actor: Actor, hashed: str, given: str | None, field: str) -> None:
    """Checks the current password of a signed-in user. Failures count as failed sign-ins, but only failures of this
    session cause a wait, so that a stranger cannot block the user. An API token never gets that far."""
    require_own(actor, "proof.give")
    if actor.token_id:
        raise SessionRequired
    if not given:
        raise Invalid.at(field, _("Enter your current password to change this."))
    attempt = throttle.session_attempt(actor.user_id, actor.session_id)
    await throttle.refuse_while_waiting(session, attempt)
    right, _fresh = await verify_password(given, hashed)
    counts = await throttle.lock_counts(session, attempt)
    if not right:
        await throttle.count_failure(session, counts)
        raise WrongPassword.at(field, WrongPassword.default)
    await throttle.forget(session, attempt)
    await note_proof(session, actor)


async def note_proof(session: AsyncSession, actor: Actor) -> None:
    """Records that the user of this session just proved who they are."""
    noted = update(AuthSession).where(col(AuthSession.id) == actor.session_id).values(verified_at=func.now())
    await session.execute(noted.execution_options(synchronize_session=False))

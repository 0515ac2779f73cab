"""Sign-ins under way at a provider: each works once, for ten minutes, in the browser that began it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tca_app.core.security.tokens import new_token, token_hash
from tca_app.features.auth.oauth.identity import Flow, Intent, SignInRefused, new_state
from tca_app.features.auth.oauth.schemas import ProviderKey
from tca_app.models import PendingSignIn

LIFE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in that came back: what it is for, whose session began it (0: nobody's), and where it leads."""

    flow: Flow
    session_id: int
    next_path: str


def new_flow(provider: ProviderKey, intent: Intent, invitation: str = "") -> Flow:
    """Returns a new sign-in. The token of an invitation goes into the cookie, so that nothing stored accepts it."""
    browser = f"{new_token()}.{invitation}" if invitation else new_token()
    return Flow(provider, intent, new_state(), browser)


async def store(session: AsyncSession, flow: Flow, next_path: str, session_id: int) -> None:
    """Stores a sign-in that begins, and deletes some that have expired."""
    values = {
        "state_hash": token_hash(flow.state),
        "browser_hash": token_hash(flow.browser),
        "provider": flow.provider,
        "intent": flow.intent,
        "session_id": session_id or None,
        "next_path": next_path,
    }
    await session.execute(insert(PendingSignIn).values(expires_at=func.now() + LIFE, **values))
    old = select(col(PendingSignIn.id)).where(col(PendingSignIn.expires_at) < func.now()).limit(20)
    await session.execute(delete(PendingSignIn).where(col(PendingSignIn.id).in_(old.with_for_update(skip_locked=True))))


async def take(session: AsyncSession, provider: ProviderKey, state: str, browser: str) -> Begun:
    """Uses up a sign-in that comes back. Of parallel calls only one succeeds. Raises SignInRefused for all others.

    A state that another browser presents stays usable: a stranger who saw it must not end the sign-in.
    """
    if not state or not browser:
        raise SignInRefused("expired")
    gone = (
        delete(PendingSignIn)
        .where(
            col(PendingSignIn.state_hash) == token_hash(state),
            col(PendingSignIn.browser_hash) == token_hash(browser),
            col(PendingSignIn.provider) == provider,
            col(PendingSignIn.expires_at) > func.now(),
        )
        .returning(col(PendingSignIn.intent), col(PendingSignIn.session_id), col(PendingSignIn.next_path))
    )
    row: Any = (await session.execute(gone)).first()
    if row is None:
        raise SignInRefused("expired")
    return Begun(Flow(provider, row.intent, state, browser), row.session_id or 0, row.next_path)

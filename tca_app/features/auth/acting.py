"""Acting as another user: for half an hour an administrator sees and does what that user may, under both names.

The session remembers it, so that it ends with the session; `queries` decides at every request whether it still counts.
Only a browser's session can act: no token and no script.
"""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tca_app.core.actor import Actor
from tca_app.core.database.session import after_commit
from tca_app.core.display_name import display_name
from tca_app.core.errors import Conflict, NotFound, SessionRequired
from tca_app.core.events.log import emit
from tca_app.core.language.messages import N_, _
from tca_app.features.auth import events
from tca_app.features.auth.policy import require_own
from tca_app.features.auth.queries import session_cache
from tca_app.features.auth.schemas import ActingStart
from tca_app.features.auth.step_up import require_recent_proof
from tca_app.features.users import policy as users_policy
from tca_app.models import AuthSession, User

ACTING_LASTS = timedelta(minutes=30)
_sessions, _users = AuthSession.__table__.c, User.__table__.c


class CannotActAs(Conflict):
    code = "cannot_act_as"
    default = N_("You can act only as an active user who is not an administrator.")


async def start_acting(session: AsyncSession, actor: Actor, user_id: int, data: ActingStart) -> None:
    """Lets the administrator's session act as a user. Raises Forbidden, NotWhileActing, SessionRequired,
    ReauthenticationRequired, NotFound, CannotActAs."""
    require_own(actor, "acting.start")
    users_policy.require(actor, "users.act_as")
    if actor.token_id or not actor.session_id:
        raise SessionRequired
    await require_recent_proof(session, actor, is_credential=True)
    found = select(_users.username, _users.full_name, _users.is_active, _users.is_superuser).where(
        _users.id == user_id, _users.kind == "person", _users.deleted_at.is_(None)
    )
    user = (await session.execute(found)).first()
    if user is None:
        raise NotFound
    if user.is_superuser or not user.is_active:
        raise CannotActAs
    started = (
        update(AuthSession)
        .where(_sessions.id == actor.session_id, _sessions.kind == "browser", _sessions.revoked_at.is_(None))
        .values(acting_for_id=user_id, acting_until=func.now() + ACTING_LASTS)
        .returning(_sessions.acting_until)
        .execution_options(synchronize_session=False)
    )
    row = (await session.execute(started)).first()
    if row is None:
        raise SessionRequired(_("Only a browser can act as another user."))
    _forget(session, actor.session_id)
    about = {"subject_id": user_id, "subject_name": display_name(user)}
    await emit(session, actor, events.ActingStarted(**about, reason=data.reason, until=row.acting_until.isoformat()))


async def stop_acting(session: AsyncSession, actor: Actor) -> None:
    """Returns to the administrator's own account. Nothing happens when the actor does not act as anybody."""
    if not actor.acting_id:
        return
    stopped = (
        update(AuthSession)
        .where(col(AuthSession.id) == actor.session_id, col(AuthSession.acting_for_id) == actor.user_id)
        .values(acting_for_id=None, acting_until=None)
        .returning(_sessions.id)
        .execution_options(synchronize_session=False)
    )
    if (await session.execute(stopped)).first() is None:
        return
    _forget(session, actor.session_id)
    administrator = replace(
        actor, user_id=actor.acting_id, username=actor.acting_name, full_name="", acting_id=0, acting_name=""
    )
    about = {"subject_id": actor.user_id, "subject_name": actor.display_name}
    await emit(session, administrator, events.ActingStopped(**about))


def _forget(session: AsyncSession, session_id: int) -> None:
    after_commit(session, lambda: session_cache.drop(f"session:{session_id}"))

"""Service functions for invitations: invite, resend and revoke. `acceptance` has what an invited person does."""

from datetime import timedelta
from typing import Any, NamedTuple

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.config.settings import get_settings
from tca_app.core.actor import Actor
from tca_app.core.database.session import is_dry_run
from tca_app.core.errors import Conflict, FieldError, NotFound
from tca_app.core.events.log import emit
from tca_app.core.instance import instance_settings
from tca_app.core.jobs.queue import enqueue
from tca_app.core.language.messages import N_, _
from tca_app.core.security.rate_limits import get_limits
from tca_app.core.security.tokens import new_token, token_hash
from tca_app.features.auth.policy import require_own
from tca_app.features.invitations import events
from tca_app.features.invitations.queries import (
    IS_PENDING,
    IS_UNANSWERED,
    invitations,
    list_invitations as list_invitations,
    read_invitations,
)
from tca_app.features.invitations.schemas import InvitationCreate, InvitationRead, InvitationsSent
from tca_app.features.projects import service as projects, team
from tca_app.features.users import policy as users_policy
from tca_app.models import Invitation, User
from tca_app.models.auth import IS_UNANSWERED as IS_UNANSWERED_TEXT

TASK = "send_invitation"
LIFE = timedelta(hours=24)
HAS_ACCOUNT = N_("This address has an account already.")
NO_ACCOUNTS = N_("The instance settings let nobody create an account by invitation.")
ANSWERED = N_("This invitation was accepted or revoked already.")
_QUIET = {"synchronize_session": False}


class SentInvitation(NamedTuple):
    """An invitation that goes out, and the path that its link opens."""

    email: str
    inviter: str
    project: str
    role: str
    path: str


async def invite(session: AsyncSession, actor: Actor, data: InvitationCreate) -> InvitationsSent:
    """Invites these addresses. An address that is invited already gets a new link, and the earlier one ends.

    Into a project every address is treated alike, so that nobody learns which ones have an account. Raises Conflict
    for those that have one when the invitation is to the console alone, Forbidden, TooManyRequests.
    """
    emails = sorted(set(data.emails))  # one order for all, so that two calls cannot deadlock
    await _require(session, actor, data.project_id, data.role or "")
    if data.project_id is None:
        if instance_settings().sign_up == "nobody":
            raise Conflict(_(NO_ACCOUNTS))
        await _refuse_accounts(session, data.emails)
    else:
        await _require(session, actor, data.project_id, *await _roles_of_open(session, data.project_id, emails))
    await _limit(actor, emails)
    values: dict[str, Any] = {
        "role": data.role,
        "invited_by_id": actor.user_id,
        "token_hash": None,
        "expires_at": func.now() + LIFE,
    }
    rows = [values | {"email": email, "project_id": data.project_id} for email in emails]
    put = insert(Invitation).values(rows)
    put = put.on_conflict_do_update(
        index_elements=[invitations.email, text("coalesce(project_id, 0)")],
        index_where=text(IS_UNANSWERED_TEXT),
        set_={**values, "created_at": func.now(), "updated_at": func.now()},
    )
    ids = (await session.execute(put.returning(invitations.id), execution_options=_QUIET)).scalars().all()
    return await _send(session, actor, list(ids))


async def get_invitation(session: AsyncSession, actor: Actor, invitation_id: int) -> InvitationRead:
    """Returns one invitation. Raises NotFound to everybody who may not manage it."""
    found = await read_invitations(session, [invitation_id])
    if not found or (found[0].project_id is None and not actor.is_superuser):
        raise NotFound
    await _require(session, actor, found[0].project_id, found[0].role or "")
    return found[0]


async def get_sent(session: AsyncSession, actor: Actor, sent: list[InvitationRead]) -> None:
    """Raises NotFound or Forbidden unless the actor may still manage these invitations."""
    for row in sent:
        await get_invitation(session, actor, row.id)


async def resend_invitation(session: AsyncSession, actor: Actor, invitation_id: int) -> InvitationsSent:
    """Sends a new link, also for an expired invitation. The earlier link ends. Raises Conflict when it is answered."""
    row = await get_invitation(session, actor, invitation_id)
    if not is_dry_run(session):
        await _limit(actor, [row.email])
    values = {"token_hash": None, "expires_at": func.now() + LIFE, "invited_by_id": actor.user_id}
    await _change_unanswered(session, invitation_id, values)
    return await _send(session, actor, [invitation_id])


async def revoke_invitation(session: AsyncSession, actor: Actor, invitation_id: int) -> None:
    """Makes the link worthless. Raises Conflict when the invitation is answered."""
    row = await get_invitation(session, actor, invitation_id)
    await _change_unanswered(session, invitation_id, {"token_hash": None, "revoked_at": func.now()})
    await emit(session, actor, events.InvitationRevoked.of(row))


async def _change_unanswered(session: AsyncSession, invitation_id: int, values: dict[str, Any]) -> None:
    change = update(Invitation).where(invitations.id == invitation_id, IS_UNANSWERED).values(values)
    if (await session.execute(change.returning(invitations.id), execution_options=_QUIET)).first() is None:
        raise Conflict(_(ANSWERED))


async def _require(session: AsyncSession, actor: Actor, project_id: int | None, *roles: str) -> None:
    """Raises Forbidden or NotFound, or ReauthenticationRequired for the role of maintainer. Locks the project."""
    require_own(actor, "invitations.manage")
    if project_id is None:
        users_policy.require(actor, "users.create")
        return
    project = await projects.find_project(session, actor, "members.write", project_id)
    await team.may_grant(session, actor, project.my_role, *roles)


async def _refuse_accounts(session: AsyncSession, emails: list[str]) -> None:
    """Only an administrator learns this, who may list all users anyway."""
    known = set(
        (await session.execute(select(User.__table__.c.email).where(User.__table__.c.email.in_(emails)))).scalars()
    )
    if known:
        faults = [FieldError(f"/emails/{n}", _(HAS_ACCOUNT)) for n, email in enumerate(emails) if email in known]
        raise Conflict(
            _("These addresses have an account already: {known}.", known=", ".join(sorted(known))), errors=faults
        )


async def _roles_of_open(session: AsyncSession, project_id: int, emails: list[str]) -> list[str]:
    """Returns the roles of the invitations that new ones would replace."""
    rows = select(invitations.role).where(
        invitations.project_id == project_id, invitations.email.in_(emails), IS_UNANSWERED
    )
    return list((await session.execute(rows)).scalars())


async def _limit(actor: Actor, emails: list[str]) -> None:
    limits = get_limits()
    if not actor.is_superuser:
        await limits.refuse_excess("invitations", str(actor.user_id), len(emails))
    for email in emails:
        await limits.refuse_mail(email)


async def _send(session: AsyncSession, actor: Actor, ids: list[int]) -> InvitationsSent:
    rows = await read_invitations(session, ids)
    for row in rows:
        await emit(session, actor, events.UserInvited.of(row))
    if get_settings().has_mail:
        for row in rows:
            await enqueue(session, TASK, invitation_id=row.id)
        return InvitationsSent(invitations=rows)
    links = [await new_link(session, row.id) for row in rows]
    public_url = get_settings().public_url
    return InvitationsSent(invitations=rows, secret_links=[public_url + link.path for link in links if link])


async def new_link(session: AsyncSession, invitation_id: int) -> SentInvitation | None:
    """Makes the link of an invitation, which ends the earlier one, or returns None when it is no longer pending."""
    token = new_token()
    change = update(Invitation).where(invitations.id == invitation_id, IS_PENDING).values(token_hash=token_hash(token))
    if (await session.execute(change.returning(invitations.id), execution_options=_QUIET)).first() is None:
        return None
    (row,) = await read_invitations(session, [invitation_id])
    goal = f"&next=/projects/{row.project_id}" if row.project_id else ""
    inviter = row.invited_by.display_name if row.invited_by else ""
    path = f"/accept-invitation?token={token}{goal}"
    return SentInvitation(row.email, inviter, row.project_name or "", row.role or "", path)

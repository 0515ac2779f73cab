"""What an invited person does: open the link, create the account, or join the project with the account they have.

An invitation is worth as much as its inviter: it counts only while the inviter could still send it.
"""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.errors import Conflict, Forbidden, Gone
from tca_app.core.events.log import emit
from tca_app.core.instance import instance_settings
from tca_app.core.language.messages import N_, _
from tca_app.core.security.tokens import token_hash
from tca_app.features.auth.policy import require_own
from tca_app.features.auth.service import Client, SignIn, open_session
from tca_app.features.invitations import events
from tca_app.features.invitations.queries import IS_PENDING, invitations
from tca_app.features.invitations.schemas import InvitationAcceptance, InvitationDetails
from tca_app.features.projects import policy as projects_policy, team
from tca_app.features.users import policy as users_policy, provided_accounts, service as users
from tca_app.features.users.schemas import UserCreate
from tca_app.models import Invitation, Project, ProjectMember, User

_users, _projects, _members = User.__table__.c, Project.__table__.c, ProjectMember.__table__.c


class InvitationExpired(Gone):
    code = "invitation_expired"
    default = N_("This invitation was used, revoked or replaced, or it is older than 24 hours. Ask for a new one.")


class SignUpClosed(Forbidden):
    code = "sign_up_closed"
    default = N_("Only administrators create accounts here. Ask one of them for yours.")


class AccountExists(Conflict):
    code = "account_exists"
    default = N_("This address has an account. Sign in with it, then open the link of the invitation again.")


class _Pending(NamedTuple):
    """A pending invitation with its project, if any."""

    id: int
    email: str
    project_id: int | None
    role: str | None
    invited_by_id: int | None
    project_name: str | None
    expires_at: datetime


class _Project(NamedTuple):
    """A project that someone joins."""

    id: int
    name: str


def creates_accounts() -> bool:
    """Returns whether the instance settings let invited people create accounts."""
    return instance_settings().sign_up != "nobody"


async def look_up(session: AsyncSession, token: str) -> InvitationDetails:
    """Returns what the page of the link shows. Raises InvitationExpired."""
    row, inviter = await _find(session, token, lock=False)
    return _details(row, inviter, has_account=await _has_account(session, row.email))


def _details(row: _Pending, inviter: Actor, *, has_account: bool) -> InvitationDetails:
    shown = row._asdict() | {"invited_by": inviter.display_name, "has_account": has_account}
    return InvitationDetails.model_validate(shown)


async def accept(session: AsyncSession, data: InvitationAcceptance, client: Client) -> SignIn:
    """Creates the account of the invited address and signs the person in. The link is used up.

    Raises InvitationExpired, AccountExists, SignUpClosed, Conflict (username taken) or Invalid (weak password); the
    link still works after all but the first.
    """
    row = await _find_for_new_account(session, data.token)
    account = UserCreate(email=row.email, **data.model_dump(exclude={"token"}))
    person = await users.insert_user(session, account, None)
    who = Actor(person.id, person.username, person.full_name, False, ip=client.ip, request_id=client.request_id)
    await _complete(session, who, row)
    return await open_session(session, person.id, client, "browser")


async def accept_at_provider(
    session: AsyncSession, token: str, client: Client, *, username: str, full_name: str, is_superuser: bool
) -> Actor:
    """Like `accept`, for someone who signs in at a provider, which the caller links: the account has no password.

    Its address is that of the invitation, whichever one the provider names.
    """
    row = await _find_for_new_account(session, token)
    person = await provided_accounts.insert_without_password(
        session, email=row.email, username=username, full_name=full_name, is_superuser=is_superuser
    )
    who = Actor(person.id, person.username, person.full_name, is_superuser, ip=client.ip, request_id=client.request_id)
    await _complete(session, who, row)
    return who


async def _find_for_new_account(session: AsyncSession, token: str) -> _Pending:
    """Locks an invitation whose address has no account yet."""
    row, _ = await _find(session, token, lock=True)
    if await _has_account(session, row.email):
        raise AccountExists
    if not creates_accounts():
        raise SignUpClosed
    return row


async def join(session: AsyncSession, actor: Actor, token: str) -> InvitationDetails:
    """Adds the actor to the project. Raises InvitationExpired, or Forbidden when it is for another address."""
    require_own(actor, "invitations.accept")
    row, inviter = await _find(session, token, lock=True)
    own = await session.execute(select(_users.email).where(_users.id == actor.user_id))
    if own.scalar_one() != row.email:
        raise Forbidden(_("This invitation is for another address."))
    await _complete(session, actor, row)
    return _details(row, inviter, has_account=True)


async def _find(session: AsyncSession, token: str, *, lock: bool) -> tuple[_Pending, Actor]:
    """With `lock`, of parallel calls only one succeeds: the others wait, and then the row is no longer pending."""
    columns = (invitations[name] for name in ("id", "email", "project_id", "role", "invited_by_id"))
    rows = (
        select(*columns, _projects.name.label("project_name"), invitations.expires_at)
        .select_from(Invitation.__table__)
        .outerjoin(Project.__table__, _projects.id == invitations.project_id)
        .where(invitations.token_hash == token_hash(token), IS_PENDING, _projects.deleted_at.is_(None))
    )
    row = (await session.execute(rows.with_for_update(of=Invitation.__table__) if lock else rows)).first()
    if row is None:
        raise InvitationExpired
    pending = _Pending._make(row)
    return pending, await _inviter_of(session, pending)


async def _inviter_of(session: AsyncSession, row: _Pending) -> Actor:
    """Returns the inviter. Raises InvitationExpired unless they could still send this invitation."""
    found = (
        select(_users.id, _users.username, _users.full_name, _users.is_superuser, _members.role)
        .select_from(User.__table__)
        .outerjoin(ProjectMember.__table__, (_members.user_id == _users.id) & (_members.project_id == row.project_id))
        .where(_users.id == row.invited_by_id, _users.is_active, _users.deleted_at.is_(None))
    )
    person = (await session.execute(found)).first()
    if person is None:
        raise InvitationExpired
    actor = Actor(person.id, person.username, person.full_name, person.is_superuser)
    if row.role is None:
        may = users_policy.may(actor, "users.create")
    else:
        may = projects_policy.may(actor, projects_policy.grant_action(row.role), person.role)
    if not may:
        raise InvitationExpired
    return actor


async def _has_account(session: AsyncSession, email: str) -> bool:
    return (await session.execute(select(_users.id).where(_users.email == email))).first() is not None


async def _complete(session: AsyncSession, actor: Actor, row: _Pending) -> None:
    values = {"accepted_at": func.now(), "accepted_by_id": actor.user_id, "token_hash": None}
    done = update(Invitation).where(invitations.id == row.id).values(values)
    await session.execute(done.execution_options(synchronize_session=False))
    await emit(session, actor, events.InvitationAccepted.of(row))
    if row.project_id is not None and row.role is not None:
        await team.join_project(session, actor, _Project(row.project_id, row.project_name or ""), row.role)

"""Sends one mail about one event to one person; `consumers.notifications` decides who gets one."""

import structlog
from procrastinate.jobs import Job
from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.database.session import reading, transaction
from tca_app.core.display_name import display_name
from tca_app.core.events.consumers import read_event
from tca_app.core.jobs.queue import task
from tca_app.core.outgoing.mail import send
from tca_app.features.auth import password_reset
from tca_app.features.invitations import service as invitations
from tca_app.features.notifications.mails import link_mail, mail_for
from tca_app.features.notifications.reader import Reader
from tca_app.features.users import email_change
from tca_app.models import User

CONFIRM_PAGE = "/confirm-email"
RESET_PAGE = "/reset-password"
log = structlog.get_logger(__name__)
_users = User.__table__.c
_COLUMNS = (
    _users.id,
    _users.email,
    _users.username,
    _users.full_name,
    _users.time_zone,
    _users.locale,
    _users.language,
)


async def find_reader(session: AsyncSession, user_id: int) -> Reader | None:
    """Return the recipient, or None if the person was deleted or deactivated since."""
    return await _active_person(session, _users.id == user_id)


async def reader_at(session: AsyncSession, email: str) -> Reader | None:
    """Return the person who has this address, or None."""
    return await _active_person(session, _users.email == email.casefold())


async def _active_person(session: AsyncSession, condition: ColumnElement[bool]) -> Reader | None:
    active = select(*_COLUMNS).where(condition, _users.is_active, _users.deleted_at.is_(None))
    row = (await session.execute(active.where(_users.kind == "person"))).first()
    return Reader(*row) if row else None


@task(password_reset.TASK, "email_queue")
async def send_reset_link(job: Job, email: str) -> None:
    """Make the token only here, so that no job stores it. A second attempt makes a new one."""
    async with transaction() as session:
        found = await password_reset.new_reset_link(session, email)
    if found is None:
        log.info("mail.no_reset_link")
        return
    person, token = found
    reader = Reader(**person._asdict())
    await send(link_mail(f"reset-{job.id}", reader, "password_reset", f"{RESET_PAGE}?token={token}"))


@task(password_reset.NEW_ACCOUNT_TASK, "email_queue")
async def send_new_account_link(job: Job, user_id: int, actor_id: int) -> None:
    """Send the link to choose a password to someone whose account was imported. The token is made here, too."""
    async with transaction() as session:
        found = await password_reset.new_account_link(session, user_id)
        inviter = await find_reader(session, actor_id)
    if found is None:
        log.info("mail.no_new_account_link", user_id=user_id)
        return
    person, token = found
    reader = Reader(**person._asdict())
    path = f"{RESET_PAGE}?token={token}"
    by = display_name(inviter) if inviter else ""
    await send(link_mail(f"account-{job.id}", reader, "account_created", path, inviter=by))


@task(email_change.CONFIRM_TASK, "email_queue")
async def send_email_confirmation(job: Job, user_id: int) -> None:
    """Send the link to the new address. The token is made here, like that of a reset link."""
    async with transaction() as session:
        found = await email_change.new_confirmation_link(session, user_id)
    if found is not None:
        person, token = found
        reader = Reader(**person._asdict())
        await send(link_mail(f"email-{job.id}", reader, "email_confirmation", f"{CONFIRM_PAGE}?token={token}"))


@task(email_change.NOTICE_TASK, "email_queue")
async def send_email_notice(job: Job, user_id: int, email: str) -> None:
    """Tell the old address that it no longer belongs to the account."""
    async with reading() as session:
        person = await email_change.recipient_at(session, user_id, email)
    if person is not None:
        await send(link_mail(f"email-{job.id}", Reader(**person._asdict()), "email_changed", ""))


@task(invitations.TASK, "email_queue")
async def send_invitation(job: Job, invitation_id: int) -> None:
    """Send the link to the invited address. The token is made here, like that of a reset link."""
    async with transaction() as session:
        sent = await invitations.new_link(session, invitation_id)
    if sent is None:
        log.info("mail.no_invitation", invitation_id=invitation_id)
        return
    reader = Reader(0, sent.email, "", "")
    about = {"inviter": sent.inviter, "project": sent.project, "role": sent.role}
    await send(link_mail(f"invitation-{job.id}", reader, "invited", sent.path, **about))


@task("send_mail", "email_queue")
async def send_mail(_job: Job, event_id: int, user_id: int) -> None:
    async with reading() as session:
        event = await read_event(session, event_id)
        reader = await find_reader(session, user_id)
    if reader is None:
        log.info("mail.no_recipient", user_id=user_id, event_id=event_id)
        return
    await send(mail_for(event, reader))

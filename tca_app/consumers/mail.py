"""Sends one mail about one event to one person; `consumers.notifications` decides which."""

import structlog
from procrastinate.jobs import Job
from sqlalchemy import select

from tca_app.core.consumers import read_event
from tca_app.core.db import reading
from tca_app.core.jobs import task
from tca_app.core.mail import send
from tca_app.features.notifications.mails import Reader, mail_for
from tca_app.models import User

log = structlog.get_logger(__name__)
_users = User.__table__.c
_COLUMNS = (_users.id, _users.email, _users.username, _users.full_name)


@task("send_mail", "email_queue")
async def send_mail(_job: Job, event_id: int, user_id: int) -> None:
    """Whoever was deleted or deactivated meanwhile gets no mail."""
    async with reading() as session:
        event = await read_event(session, event_id)
        active = select(*_COLUMNS).where(_users.id == user_id, _users.is_active, _users.deleted_at.is_(None))
        row = (await session.execute(active)).first()
    if row is None:
        log.info("mail.nobody_to_send_to", user_id=user_id, event_id=event_id)
        return
    await send(mail_for(event, Reader(*row)))

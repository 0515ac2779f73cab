"""Mails the subscribers of the public status page.

Each mail is a job of its own, so one that fails stops no other. They have a queue of
their own, so that thousands of them hold up no link for a password.
"""

from collections.abc import Sequence

import structlog
from procrastinate.jobs import Job
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.database.session import reading, transaction
from tca_app.core.events.consumers import consumer, read_event
from tca_app.core.events.log import RecordedEvent
from tca_app.core.jobs.queue import SUBSCRIBER_QUEUE, enqueue, enqueue_many, task
from tca_app.core.language.messages import ENGLISH
from tca_app.core.outgoing.mail import send
from tca_app.features.subscribers import notices, policy, service

log = structlog.get_logger(__name__)


@consumer("subscribers")
async def notify_subscribers(session: AsyncSession, events: Sequence[RecordedEvent]) -> None:
    """Begin the mails about each event that is public."""
    if not policy.is_offered():
        return
    for event in events:
        if notices.is_news(event) and await notices.notice_of(session, event) is not None:
            await enqueue(session, notices.PLAN_TASK, event_id=event.id, after_id=0)


@task(notices.PLAN_TASK, SUBSCRIBER_QUEUE)
async def plan_status_mails(_job: Job, event_id: int, after_id: int) -> None:
    """Enqueue the mails to the next subscribers, and the job for those after them."""
    async with transaction() as session:
        ids = await notices.next_subscribers(session, after_id)
        await enqueue_many(session, notices.SEND_TASK, [{"event_id": event_id, "subscriber_id": one} for one in ids])
        if len(ids) == notices.AT_ONCE:
            await enqueue(session, notices.PLAN_TASK, event_id=event_id, after_id=ids[-1])


@task(notices.SEND_TASK, SUBSCRIBER_QUEUE)
async def send_status_mail(_job: Job, event_id: int, subscriber_id: int) -> None:
    async with reading() as session:
        mail = await notices.mail_to(session, await read_event(session, event_id), subscriber_id)
    if mail is None or not policy.is_offered():
        log.info("mail.no_subscriber", subscriber_id=subscriber_id, event_id=event_id)
        return
    await send(mail)


@task(service.TASK, "email_queue")
async def send_status_confirmation(job: Job, email: str, language: str = ENGLISH) -> None:
    """Make the token only here, so that no job stores it. Jobs of an older version name no language."""
    async with transaction() as session:
        token = await service.new_confirmation(session, email)
    if token is None:
        log.info("mail.no_confirmation")
        return
    await send(notices.confirmation_mail(job.id, email, token, language))

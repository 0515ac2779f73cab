"""Sends the daily digest each morning to those who enabled it."""

from datetime import UTC, date, datetime

import structlog
from procrastinate.jobs import Job

from tca_app.config.settings import get_settings
from tca_app.consumers.mail import find_reader
from tca_app.core.database.session import reading, transaction
from tca_app.core.jobs.queue import enqueue_many, periodic, task
from tca_app.core.outgoing.mail import send
from tca_app.features.notifications import digest
from tca_app.features.notifications.mails import digest_for
from tca_app.features.notifications.reader import EVERYBODY

log = structlog.get_logger(__name__)


@periodic("plan_digests", "7 * * * *")
async def plan_digests() -> None:
    await plan(datetime.now(UTC))


async def plan(now: datetime) -> None:
    """Enqueue a job for each digest that is due at `now`; none while mail is off."""
    if not get_settings().has_mail:
        return
    async with transaction() as session:
        due = await digest.take_due(session, now)
        rows = [{"user_id": one.user_id, "since": one.since.isoformat(), "day": str(one.day)} for one in due]
        await enqueue_many(session, "send_digest", rows)


@task("send_digest", "email_queue")
async def send_digest(_job: Job, user_id: int, since: str, day: str) -> None:
    """Send a digest. It is skipped when everything has been read, or when the next digest is already due."""
    morning = date.fromisoformat(day)
    async with reading() as session:
        reader = await find_reader(session, user_id)
        with (reader or EVERYBODY).addressed():
            lines, more = await digest.unread_since(session, user_id, datetime.fromisoformat(since))
    if reader and digest.is_over(morning, datetime.now(UTC), reader.zone):
        log.info("mail.digest_expired", user_id=user_id, day=day)
    elif reader and lines:
        await send(digest_for(reader, morning, lines, more))

"""Mails to the subscribers: which events of a component are public, and what the mail about one says."""

from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.config.settings import get_settings
from tca_app.core.events.log import RecordedEvent
from tca_app.core.events.words import duration
from tca_app.core.language.messages import ENGLISH, N_, _
from tca_app.core.language.stored import name_text
from tca_app.core.outgoing.mail import Mail
from tca_app.core.security.encryption import decrypt
from tca_app.features.health.public_page.page import moment
from tca_app.features.health.public_page.published import PublicWindow, public_check, public_incident, public_window
from tca_app.features.notifications.mails import link_mail
from tca_app.features.notifications.reader import Reader
from tca_app.features.subscribers.service import SEALED_FOR
from tca_app.models import StatusSubscriber

PLAN_TASK, SEND_TASK = "plan_status_mails", "send_status_mail"
AT_ONCE = 200  # subscribers whose jobs one job enqueues
CONFIRM, UNSUBSCRIBE, PAGE = "/status/public/confirm", "/status/public/unsubscribe", "/status/public"
_subscribers = StatusSubscriber.__table__.c
Notice = tuple[str, str]  # subject and text


def is_news(event: RecordedEvent) -> bool:
    """Returns whether subscribers may get a mail about this event: not about a note that is not public."""
    return event.type not in ("incident_noted", "incident_status_changed") or bool(event.data.get("is_public"))


async def notice_of(session: AsyncSession, event: RecordedEvent) -> Notice | None:
    """Returns what the mail says, or None when its subject is not public, or not any longer."""
    if event.subject_type == "maintenance":
        window = await public_window(session, event.subject_id)
        return _of_maintenance(event, window) if window else None
    if event.subject_type == "incident":
        name = await public_incident(session, event.subject_id)
        return _of_incident(event, name) if name else None
    name = await public_check(session, event.subject_id)
    return _of_check(event, name_text(name)) if name else None


def _of_check(event: RecordedEvent, name: str) -> Notice:
    if event.type == "health_degraded":
        since = _("{name} has been down since {time}.", name=name, time=moment(event.at))
        return _("{subject} is down", subject=name), since
    span = duration(event.data["lasted"])
    return _("{name} is operational again", name=name), _("{name} was down for {lasted}.", name=name, lasted=span)


def _of_incident(event: RecordedEvent, name: str) -> Notice:
    note = str(event.data["note"]) if event.data.get("is_public") else ""
    if event.type == "incident_opened":
        return _("Incident: {name}", name=name), note or _("An incident began at {time}.", time=moment(event.at))
    if event.type == "incident_resolved":
        after = _("The incident was resolved after {lasted}.", lasted=duration(event.data["lasted"]))
        return _("Resolved: {name}", name=name), f"{after}\n\n{note}".strip()
    return _("Update: {name}", name=name), note


def _of_maintenance(event: RecordedEvent, window: PublicWindow) -> Notice | None:
    period = _("From {start} to {end}.", start=moment(window.starts_at), end=moment(window.ends_at))
    if event.type == "maintenance_cancelled":
        cancelled, ended = N_("Maintenance was cancelled: {title}"), N_("Maintenance ended early: {title}")
        return _(cancelled if window.is_cancelled else ended, title=window.title), period
    if window.is_cancelled:
        return None
    is_new = event.type == "maintenance_scheduled"
    subject = N_("Planned maintenance: {title}") if is_new else N_("Changed maintenance: {title}")
    return _(subject, title=window.title), f"{period}\n\n{window.message}".strip()


async def next_subscribers(session: AsyncSession, after_id: int) -> list[int]:
    """Returns the ids of the next subscribers, at most `AT_ONCE`."""
    rows = select(_subscribers.id).where(_subscribers.id > after_id).order_by(_subscribers.id).limit(AT_ONCE)
    return list((await session.execute(rows)).scalars())


async def mail_to(session: AsyncSession, event: RecordedEvent, subscriber_id: int) -> Mail | None:
    """Returns the mail, or None when the address unsubscribed, or nothing about the event is public any longer."""
    columns = (_subscribers.email, _subscribers.token, _subscribers.language)
    row = (await session.execute(select(*columns).where(_subscribers.id == subscriber_id))).first()
    if row is None:
        return None
    reader = Reader(0, row.email, "", "", language=row.language)
    with reader.addressed():
        notice = await notice_of(session, event)
    if notice is None:
        return None
    subject, text = notice
    path = _in_language(f"{UNSUBSCRIBE}?token={decrypt(row.token, SEALED_FOR)}", row.language)
    leave = get_settings().public_url + path
    key = f"status-{event.uuid}.{subscriber_id}"
    page = _in_language(PAGE, row.language)
    mail = link_mail(key, reader, "status_notice", page, title=subject, body=text, leave=leave)
    return replace(mail, unsubscribe_url=leave)


def confirmation_mail(job_id: int | None, email: str, token: str, language: str) -> Mail:
    path = _in_language(f"{CONFIRM}?token={token}", language)
    return link_mail(f"status-{job_id}", Reader(0, email, "", "", language=language), "status_confirmation", path)


def _in_language(path: str, language: str) -> str:
    """Returns the path with the language, in which the page opens. English is what browsers without another get."""
    return path if language == ENGLISH else f"{path}{'&' if '?' in path else '?'}language={language}"

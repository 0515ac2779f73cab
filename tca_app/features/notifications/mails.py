"""The texts of the mails. A template has the blocks subject, text and action; one layout turns them into text and HTML.

The blocks are rendered as plain text and escaped by the layout, so a name can never become markup.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, select_autoescape

from tca_app.config.settings import get_settings
from tca_app.core.display_name import display_name
from tca_app.core.events.log import RecordedEvent
from tca_app.core.instance import instance_settings
from tca_app.core.outgoing.mail import Mail
from tca_app.core.plurals import plural
from tca_app.core.region.formats import first_zone, time_words
from tca_app.core.region.locales import locale_of
from tca_app.core.region.spans import span_words
from tca_app.features.notifications.kinds import KINDS, body_of, link_of, title_of

_FOLDER = Path(__file__).parent / "templates"
_templates = Environment(
    loader=FileSystemLoader(_FOLDER),
    undefined=StrictUndefined,
    autoescape=select_autoescape(("html",)),
)
WELCOME = "user_created"


def zone_of_reader(chosen: str | None) -> ZoneInfo:
    """Returns the zone that a person chose, or that of the instance: a mail knows no browser."""
    return first_zone(chosen, instance_settings().time_zone)


@dataclass(frozen=True, slots=True)
class Reader:
    """The recipient of a mail."""

    id: int
    email: str
    username: str
    full_name: str
    time_zone: str | None = None
    locale: str | None = None

    @property
    def zone(self) -> ZoneInfo:
        return zone_of_reader(self.time_zone)

    def time(self, iso: str) -> str:
        return time_words(datetime.fromisoformat(iso), self.zone, locale_of(self.locale))

    def span(self, starts_at: str, ends_at: str) -> str:
        starts, ends = datetime.fromisoformat(starts_at), datetime.fromisoformat(ends_at)
        return span_words(starts, ends, self.zone, locale_of(self.locale))


@dataclass(frozen=True, slots=True)
class Line:
    """One unread notification."""

    title: str
    link: str


def mail_for(event: RecordedEvent, reader: Reader) -> Mail:
    """Returns the mail that notifies `reader` of `event`."""
    is_welcome = event.type == WELCOME and event.subject_id == reader.id
    template = _templates.get_template(f"{'welcome' if is_welcome else KINDS[event.type].template}.txt")
    span = reader.span(event.data["starts_at"], event.data["ends_at"]) if "starts_at" in event.data else ""
    context = {
        "app_name": instance_settings().app_name,
        "name": display_name(reader),
        "username": reader.username,
        "actor": event.actor_name,
        "is_own": event.actor_id == reader.id,
        "event": event,
        "title": _title(event, reader),
        "body": "" if span and KINDS[event.type].says == "window" else body_of(event),
        "body_label": "Changed" if KINDS[event.type].names_fields else "Reason",
        "span": span,
    }
    path = "/login" if is_welcome else link_of(event)
    return _mail(f"{event.uuid}.{reader.id}", reader, template, context, path)


def _title(event: RecordedEvent, reader: Reader) -> str:
    """Returns the title, with the exact time for the reader where the notification has only the day (UTC)."""
    at = event.data.get("expires_at")
    return title_of(event, expires_on=reader.time(at)) if at else title_of(event)


def link_mail(key: str, reader: Reader, template: str, path: str, **more: str) -> Mail:
    """Returns a mail with a link that works once. `path` contains its token; the template may need `more`."""
    name = reader.full_name or reader.username
    context = {"app_name": instance_settings().app_name, "name": name, "username": reader.username, **more}
    return _mail(key, reader, _templates.get_template(f"{template}.txt"), context, path)


def digest_for(reader: Reader, day: date, lines: Sequence[Line], more: int) -> Mail:
    """Returns the daily summary: the unread notifications, and how many are left out."""
    settings = get_settings()
    template = _templates.get_template("digest.txt")
    context = {
        "app_name": instance_settings().app_name,
        "name": display_name(reader),
        "lines": [f"{line.title}: {settings.public_url}{line.link}" if line.link else line.title for line in lines],
        "unread": plural(len(lines) + more, "unread notification"),
        "more": more,
    }
    return _mail(f"digest-{day}.{reader.id}", reader, template, context, "/notifications?tab=unread")


def _mail(key: str, reader: Reader, template: Template, context: dict[str, Any], path: str) -> Mail:
    settings = get_settings()
    foot = (
        "You receive this mail because it is about your account or one of your projects. "
        f"Change your notification preferences: {settings.public_url}/notifications?tab=preferences"
    )
    # Only blank lines separate paragraphs; a name cannot contain one.
    paragraphs = _block(template, "text", context).split("\n\n")
    shown = {
        "app_name": instance_settings().app_name,
        "subject": _block(template, "subject", context),
        "paragraphs": paragraphs,
        "action": _block(template, "action", context),
        "link": settings.public_url + path if path else "",
        "foot": _block(template, "foot", context) if "foot" in template.blocks else foot,
    }
    return Mail(
        key=key,
        to=reader.email,
        name=display_name(reader),
        subject=str(shown["subject"]),
        text=_templates.get_template("layout.txt").render(shown),
        html=_templates.get_template("layout.html").render(shown),
    )


def _block(template: Template, name: str, context: dict[str, Any]) -> str:
    return "".join(template.blocks[name](template.new_context(context))).strip()

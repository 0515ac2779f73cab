"""The texts of the mails. A template has the blocks subject, text and action; one layout turns them into text and HTML.

The blocks are rendered as plain text and escaped by the layout, so a name can never become markup.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, select_autoescape

from tca_app.config.settings import get_settings
from tca_app.core.display_name import display_name
from tca_app.core.events.log import RecordedEvent, own_texts
from tca_app.core.events.words import spoken
from tca_app.core.instance import instance_settings
from tca_app.core.language.messages import _, language, ngettext
from tca_app.core.outgoing.mail import Mail
from tca_app.features.notifications.content import body_of, link_of, title_of
from tca_app.features.notifications.kinds import KINDS
from tca_app.features.notifications.reader import Reader

_FOLDER = Path(__file__).parent / "templates"
_templates = Environment(
    loader=FileSystemLoader(_FOLDER),
    undefined=StrictUndefined,
    autoescape=select_autoescape(("html",)),
)
_templates.globals |= {"_": _, "ngettext": ngettext}
WELCOME = "user_created"


@dataclass(frozen=True, slots=True)
class Line:
    """One unread notification."""

    title: str
    link: str


def mail_for(event: RecordedEvent, reader: Reader) -> Mail:
    """Returns the mail that notifies `reader` of `event`."""
    with reader.addressed():
        return _mail_for(event, reader)


def _mail_for(event: RecordedEvent, reader: Reader) -> Mail:
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
        "spoken": spoken(event.data, own_texts(event.type)),
        "title": _title(event, reader),
        "body": "" if span and KINDS[event.type].says == "window" else body_of(event),
        "names_fields": KINDS[event.type].names_fields,
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
    context = {"app_name": instance_settings().app_name, "name": name, "username": reader.username}
    with reader.addressed():
        context |= spoken(more)
        if "inviter" in more:
            context["inviter"] = more["inviter"] or _("An administrator")
        return _mail(key, reader, _templates.get_template(f"{template}.txt"), context, path)


def digest_for(reader: Reader, day: date, lines: Sequence[Line], more: int) -> Mail:
    """Returns the daily summary: the unread notifications, and how many are left out."""
    settings = get_settings()
    template = _templates.get_template("digest.txt")
    context = {
        "app_name": instance_settings().app_name,
        "name": display_name(reader),
        "lines": [f"{line.title}: {settings.public_url}{line.link}" if line.link else line.title for line in lines],
        "unread": len(lines) + more,
        "more": more,
    }
    with reader.addressed():
        return _mail(f"digest-{day}.{reader.id}", reader, template, context, "/notifications?tab=unread")


def _mail(key: str, reader: Reader, template: Template, context: dict[str, Any], path: str) -> Mail:
    settings = get_settings()
    foot = _(
        "You receive this mail because it is about your account or one of your projects. "
        "Change your notification preferences: {url}",
        url=f"{settings.public_url}/notifications?tab=preferences",
    )
    # Only blank lines separate paragraphs; a name cannot contain one.
    paragraphs = _block(template, "text", context).split("\n\n")
    shown = {
        "language": language(),
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

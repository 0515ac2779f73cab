"""The words of each mail: a template has the blocks subject, text and action; one layout makes text and HTML of them.

The blocks are rendered as plain text, and the layout escapes them: a name is text, whatever it is made of.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from tca_app.config import get_settings
from tca_app.core.events import Logged
from tca_app.core.mail import Mail
from tca_app.features.notifications.kinds import KINDS, body_of, link_of, title_of

_FOLDER = Path(__file__).parent / "templates"
_templates = Environment(
    loader=FileSystemLoader(_FOLDER),
    undefined=StrictUndefined,
    autoescape=select_autoescape(("html",)),
)
WELCOME = "user_created"


@dataclass(frozen=True, slots=True)
class Reader:
    """Who gets the mail."""

    id: int
    email: str
    username: str
    full_name: str


def mail_for(event: Logged, reader: Reader) -> Mail:
    """The mail that tells `reader` of `event`."""
    is_welcome = event.type == WELCOME and event.subject_id == reader.id
    template = _templates.get_template(f"{'welcome' if is_welcome else KINDS[event.type].template}.txt")
    settings = get_settings()
    context = {
        "app_name": settings.app_name,
        "name": reader.full_name or reader.username,
        "username": reader.username,
        "actor": event.actor_name,
        "is_own": event.actor_id == reader.id,
        "event": event,
        "title": title_of(event),
        "body": body_of(event),
    }
    # Of the text only the blank line between paragraphs counts; a name cannot hold one.
    paragraphs = _block(template, "text", context).split("\n\n")
    path = "/login" if is_welcome else link_of(event)
    shown = {
        "app_name": settings.app_name,
        "subject": _block(template, "subject", context),
        "paragraphs": paragraphs,
        "action": _block(template, "action", context),
        "link": settings.public_url + path if path else "",
        "foot": "You get this because it is about your account or a project of yours. "
        f"What you hear of is your choice: {settings.public_url}/notifications?tab=preferences",
    }
    return Mail(
        key=f"{event.uuid}.{reader.id}",
        to=reader.email,
        name=reader.full_name or reader.username,
        subject=str(shown["subject"]),
        text=_templates.get_template("layout.txt").render(shown),
        html=_templates.get_template("layout.html").render(shown),
    )


def _block(template: Any, name: str, context: dict[str, Any]) -> str:
    return "".join(template.blocks[name](template.new_context(context))).strip()

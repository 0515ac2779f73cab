"""The public incidents as an Atom feed (RFC 4287): an entry for each incident, with its public notes."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, time
from html import escape
from xml.etree.ElementTree import Element, SubElement, tostring

from tca_app.config.settings import get_settings
from tca_app.core.instance import instance_settings
from tca_app.core.language.messages import _, language
from tca_app.core.language.stored import name_text
from tca_app.features.health.probing.check_state import lasted
from tca_app.features.health.public_page.schemas import PublicIncident, PublicNote, PublicRead

PAGE, FEED = "/status/public", "/status/feed.xml"
MEDIA_TYPE = "application/atom+xml; charset=utf-8"
_ATOM = "http://www.w3.org/2005/Atom"
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xml_text(text: str) -> str:
    """Replace the characters that no XML document may contain, not even escaped."""
    return _NOT_XML.sub("\ufffd", text)


def feed(read: PublicRead, now: datetime, moment: Callable[[datetime], str], suffix: str = "") -> bytes:
    """Return the feed. It changes only with the incidents; without any, once a day. `moment` writes a time.

    `suffix` is that of the URLs, when they name the language.
    """
    page = get_settings().public_url + PAGE + suffix
    changes = [_changed_at(incident) for incident in read.incidents]
    root = Element("feed", {"xmlns": _ATOM, "xml:lang": language()})
    _add(root, "id", get_settings().public_url + FEED)
    _add(root, "title", _("{app_name} status", app_name=instance_settings().app_name))
    _add(root, "updated", _time(max(changes, default=datetime.combine(now.astimezone(UTC), time.min, UTC))))
    SubElement(root, "link", rel="alternate", type="text/html", href=page)
    SubElement(root, "link", rel="self", type="application/atom+xml", href=get_settings().public_url + FEED + suffix)
    _add(SubElement(root, "author"), "name", instance_settings().app_name)
    for incident in read.incidents:
        _entry(root, incident, page, moment)
    return tostring(root, encoding="utf-8", xml_declaration=True)


def _entry(root: Element, incident: PublicIncident, page: str, moment: Callable[[datetime], str]) -> None:
    entry = SubElement(root, "entry")
    _add(entry, "id", f"urn:uuid:{incident.key}")
    _add(entry, "title", _title(incident))
    _add(entry, "published", _time(incident.opened_at))
    _add(entry, "updated", _time(_changed_at(incident)))
    SubElement(entry, "link", rel="alternate", type="text/html", href=f"{page}#{incident.key}")
    lines = [(incident.opened_at, _began(incident))]
    lines += [(note.at, _update(note)) for note in incident.notes]
    if incident.closed_at:
        lines.append((incident.closed_at, _("Resolved.")))
    paragraphs = [f"<p><b>{escape(moment(at))}</b><br>{_html(text)}</p>" for at, text in reversed(lines)]
    _add(entry, "content", "".join(paragraphs)).set("type", "html")


def _began(incident: PublicIncident) -> str:
    if incident.component:
        return _("The component is down.")
    if incident.affects:
        return _("Affects {components}.", components=", ".join(map(name_text, incident.affects)))
    return _("The incident began.")


def _update(note: PublicNote) -> str:
    return f"{_(note.status.capitalize())}: {note.note}" if note.status else note.note


def _title(incident: PublicIncident) -> str:
    if incident.closed_at is None:
        return _("{subject} is down", subject=name_text(incident.component)) if incident.component else incident.title
    span = lasted(incident.closed_at - incident.opened_at)
    return _("{name}: resolved after {lasted}", name=name_text(incident.component) or incident.title, lasted=span)


def _html(text: str) -> str:
    return escape(text).replace("\n", "<br>")


def _changed_at(incident: PublicIncident) -> datetime:
    notes = [note.at for note in incident.notes]
    return max([incident.opened_at, incident.closed_at or incident.opened_at, *notes])


def _add(parent: Element, tag: str, text: str) -> Element:
    child = SubElement(parent, tag)
    child.text = xml_text(text)
    return child


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

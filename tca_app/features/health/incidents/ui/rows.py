"""Incidents as pages show them: lines of a list, and the steps of a timeline."""

from datetime import UTC, datetime
from typing import TypedDict

from tca_app.core.language.messages import N_, _, ngettext
from tca_app.core.language.stored import name_text, stored_text
from tca_app.features.health.incidents.filters import STATUSES
from tca_app.features.health.incidents.schemas import IncidentRead, NoteRead, incident_title
from tca_app.features.health.probing.check_state import lasted
from tca_app.ui import routes
from tca_app.ui.components.faces import Face, Mark, face_of, mark_of

STATUS_WORDS = dict(STATUSES)
ERASED = N_("An erased user")
# The tone and the icon of each status, and of the steps that are none.
LOOKS = {
    "investigating": ("bad", "search"),
    "identified": ("bad", "crosshair"),
    "monitoring": ("info", "activity"),
    "resolved": ("good", "circle-check"),
}
_OPENED, _ACKNOWLEDGED, _NOTE = ("bad", "circle-alert"), ("info", "hand"), ("", "pencil")


class Note(TypedDict):
    id: int
    author: str
    face: Face
    text: str
    status: str
    is_public: bool
    at: str


class IncidentLine(TypedDict):
    id: int
    name: str
    url: str
    mark: Mark
    severity: str
    status: str
    reason: str
    components: str
    is_open: bool
    opened_at: str
    lasted: str
    notified: str
    acknowledged: str
    responder: Face  # whose initials are "" before it is acknowledged
    may_note: bool
    may_acknowledge: bool
    notes: list[Note]


class Step(TypedDict):
    """A step of the timeline. `key` is unique; `tone` is that of its icon. The face of checks has no initials."""

    key: str
    label: str
    face: Face
    text: str
    at: str
    tone: str
    icon: str
    is_public: bool


def line_of(incident: IncidentRead, now: datetime) -> IncidentLine:
    is_open = incident.closed_at is None
    is_acknowledged, notified = incident.acknowledged_at is not None, notified_users(incident)
    return IncidentLine(
        id=incident.id,
        name=incident_title(incident),
        url=routes.incident(incident.id),
        mark=mark_of(incident.project),
        severity=incident.severity,
        status=incident.status,
        reason=stored_text(incident.reason),
        components=component_names(incident) if incident.is_manual else "",
        is_open=is_open,
        opened_at=_iso(incident.opened_at),
        lasted=lasted((incident.closed_at or now) - incident.opened_at),
        notified=_("Notified: {notified}", notified=notified) if notified else _("No one notified"),
        acknowledged=_("Acknowledged by {acknowledged_by}", acknowledged_by=incident.acknowledged_by or _(ERASED))
        if is_acknowledged
        else "",
        responder=face_of(incident.acknowledged_by, incident.acknowledged_by_id),
        may_note=incident.may_note,
        may_acknowledge=incident.may_note and is_open and not is_acknowledged,
        notes=[_note(note) for note in incident.notes],
    )


def component_names(incident: IncidentRead) -> str:
    return ", ".join(name_text(part.name) for part in incident.components)


def _note(note: NoteRead) -> Note:
    return Note(
        id=note.id,
        author=note.author or _(ERASED),
        face=face_of(note.author, note.author_id),
        text=note.note,
        status=_(STATUS_WORDS.get(note.status or "", "")),
        is_public=note.is_public,
        at=_iso(note.created_at),
    )


def notified_users(incident: IncidentRead) -> str:
    """Returns the names of notified users that the viewer may see, else how many there are, or "" without any."""
    if not incident.notified:
        return ngettext("{count} user", "{count} users", incident.notified_count) if incident.notified_count else ""
    shown, more = incident.notified[:5], incident.notified_count - 5
    return ", ".join(shown) + (_(" and {more} more", more=more) if more > 0 else "")


def steps_of(incident: IncidentRead) -> list[Step]:
    """Returns what happened, oldest first. The first update of an incident opened by hand is its opening."""
    steps = [_note_step(note) for note in incident.notes]
    if incident.is_manual and steps:
        steps[0]["label"] = _("Opened by {opened_by}", opened_by=incident.opened_by or _(ERASED))
        steps[0]["tone"], steps[0]["icon"] = _OPENED
    elif not incident.is_manual:
        steps.append(_step("opened", _("Opened by checks"), incident.opened_at, _OPENED, stored_text(incident.reason)))
    if incident.acknowledged_at:
        label = _("Acknowledged by {acknowledged_by}", acknowledged_by=incident.acknowledged_by or _(ERASED))
        face = face_of(incident.acknowledged_by, incident.acknowledged_by_id)
        steps.append(_step("acknowledged", label, incident.acknowledged_at, _ACKNOWLEDGED, face=face))
    if incident.closed_at and not incident.is_manual:
        steps.append(_step("resolved", _("Resolved by checks"), incident.closed_at, LOOKS["resolved"]))
    return sorted(steps, key=lambda step: step["at"])


def _note_step(note: NoteRead) -> Step:
    author = note.author or _(ERASED)
    label = f"{_(STATUS_WORDS[note.status])} · {author}" if note.status else author
    look = LOOKS[note.status] if note.status else _NOTE
    face = face_of(note.author, note.author_id)
    return _step(f"note-{note.id}", label, note.created_at, look, note.note, is_public=note.is_public, face=face)


def _step(
    key: str,
    label: str,
    at: datetime,
    look: tuple[str, str],
    text: str = "",
    *,
    is_public: bool = False,
    face: Face = face_of(""),
) -> Step:
    tone, icon = look
    return Step(key=key, label=label, face=face, text=text, at=_iso(at), tone=tone, icon=icon, is_public=is_public)


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()

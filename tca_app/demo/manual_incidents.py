"""Demo incidents that people opened, and maintenance that they planned."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tca_app.core.events.log import Event
from tca_app.demo.health import MonitoredChecks, who_notes
from tca_app.features.health import events
from tca_app.features.health.maintenance.service import period_fields
from tca_app.features.health.probing.check_state import lasted
from tca_app.models import Incident, IncidentCheck, IncidentNote, MaintenanceCheck, MaintenanceWindow

Row = dict[str, Any]
AuthoredEvent = tuple[datetime, int, Event]

# The updates of an incident: minutes after it opened, the status, and the text.
OPEN_UPDATES = (
    (0, "investigating", "Some requests take up to ten seconds. We are looking into it."),
    (21, "identified", "A cache node is out of memory. Requests go to the others while we replace it."),
)
RESOLVED_UPDATES = (
    (0, "investigating", "Mails arrive late. Nothing is lost."),
    (24, "identified", "Our mail provider limits our address after a newsletter."),
    (61, "monitoring", "The limit is lifted. Waiting mails are being sent."),
    (95, "resolved", "All mails are sent, and new ones arrive within seconds."),
)
ACKNOWLEDGED, OPENED = timedelta(minutes=6), timedelta(minutes=50)


async def open_incidents(
    session: AsyncSession, now: datetime, people: list[Row], team: list[Row], watched: MonitoredChecks
) -> list[AuthoredEvent]:
    """Write an open incident of a project and a resolved one of the console. Returns their events with the authors."""
    admins = [person["id"] for person in people if person["is_superuser"]]
    place, mail = _production(watched, team), next(check for check in watched.checks if check.get("key") == "mail")
    responders = who_notes(place, team)
    started = (now - timedelta(days=8)).replace(hour=9, minute=12, second=0, microsecond=0)
    incidents = [
        _incident("Slow responses", "minor", place, responders, now - OPENED, OPEN_UPDATES),
        _incident("Delayed mails", "major", mail, admins, started, RESOLVED_UPDATES),
    ]
    own = [{name: value for name, value in one.items() if name not in ("check", "notes")} for one in incidents]
    made = insert(Incident.__table__).returning(col(Incident.id), sort_by_parameter_order=True)
    for one, incident_id in zip(incidents, (await session.execute(made, own)).scalars(), strict=True):
        one["id"] = incident_id
    affected = [{"incident_id": one["id"], "check_id": one["check"]["id"]} for one in incidents]
    await session.execute(insert(IncidentCheck.__table__), affected)
    notes = [note | {"incident_id": one["id"]} for one in incidents for note in one["notes"]]
    await session.execute(insert(IncidentNote.__table__), notes)
    return [event for one in incidents for event in _incident_events(one)]


async def plan_maintenance(
    session: AsyncSession, now: datetime, people: list[Row], team: list[Row], watched: MonitoredChecks
) -> list[AuthoredEvent]:
    """Write maintenance that is planned and maintenance that is over. Returns their events with the authors."""
    place, night = _production(watched, team), now.replace(hour=22, minute=0, second=0, microsecond=0)
    parts = [check for check in watched.checks if check.get("key") in ("database", "migrations")]
    project, owner = place["project"]["id"], place["project"]["owner_id"]
    message = "Sign-in and lists pause for some seconds. Deployments are recorded afterwards."
    windows = [
        _window("Upgrade of PostgreSQL", message, parts, None, people[0]["id"], night + timedelta(days=3), 45),
        _window("Move to larger nodes", "", [place], project, owner, night - timedelta(days=13), 90),
    ]
    own = [{name: value for name, value in one.items() if name != "checks"} for one in windows]
    made = insert(MaintenanceWindow.__table__).returning(col(MaintenanceWindow.id), sort_by_parameter_order=True)
    for one, window_id in zip(windows, (await session.execute(made, own)).scalars(), strict=True):
        one["id"] = window_id
    chosen = [{"window_id": one["id"], "check_id": check["id"]} for one in windows for check in one["checks"]]
    await session.execute(insert(MaintenanceCheck.__table__), chosen)
    return [_window_event(one) for one in windows]


def _production(watched: MonitoredChecks, team: list[Row]) -> Row:
    """Return the production environment with the most people who answer incidents."""
    productions = (check for check in watched.checks if check.get("environment") == "production")
    return max(productions, key=lambda check: len(who_notes(check, team)))


def _incident(
    title: str, severity: str, check: Row, who: list[int], opened: datetime, updates: tuple[tuple[int, str, str], ...]
) -> Row:
    """Return an incident that the first of `who` opened and the last one answers."""
    notes = [
        {
            "user_id": who[0] if minutes == 0 else who[-1],
            "note": note,
            "status": status,
            "is_public": True,
            "created_at": opened + timedelta(minutes=minutes),
            "updated_at": opened + timedelta(minutes=minutes),
        }
        for minutes, status, note in updates
    ]
    is_resolved = updates[-1][1] == "resolved"
    return {
        "title": title,
        "severity": severity,
        "status": updates[-2 if is_resolved else -1][1],
        "project_id": check["project"] and check["project"]["id"],
        "is_published": True,
        "opened_at": opened,
        "opened_by_id": who[0],
        "acknowledged_at": opened + ACKNOWLEDGED,
        "acknowledged_by_id": who[-1],
        "closed_at": notes[-1]["created_at"] if is_resolved else None,
        "reason": "",
        "check": check,
        "notes": notes,
    }


def _incident_events(incident: Row) -> Iterator[AuthoredEvent]:
    about = SimpleNamespace(id=incident["id"], name=incident["title"], project_id=incident["project_id"])
    for note in incident["notes"]:
        said = {"note": note["note"], "is_public": note["is_public"]}
        event: Event = events.IncidentStatusChanged.of(about, status=note["status"], **said)
        if note is incident["notes"][0]:
            event = events.IncidentOpened.of(about, severity=incident["severity"], **said)
        elif note["status"] == "resolved":
            took = lasted(incident["closed_at"] - incident["opened_at"])
            event = events.IncidentResolved.of(about, lasted=took, **said)
        yield note["created_at"], note["user_id"], event
    yield incident["acknowledged_at"], incident["acknowledged_by_id"], events.IncidentAcknowledged.of(about)


def _window(
    title: str, message: str, checks: list[Row], project_id: int | None, who: int, starts_at: datetime, minutes: int
) -> Row:
    """Return maintenance that was planned five days before."""
    planned = starts_at - timedelta(days=5)
    return {
        "title": title,
        "message": message,
        "project_id": project_id,
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(minutes=minutes),
        "is_public": True,
        "created_by_id": who,
        "created_at": planned,
        "updated_at": planned,
        "checks": checks,
    }


def _window_event(window: Row) -> AuthoredEvent:
    about = SimpleNamespace(id=window["id"], name=window["title"], project_id=window["project_id"])
    event = events.MaintenanceScheduled.of(about, **period_fields(window["starts_at"], window["ends_at"]))
    return window["created_at"], window["created_by_id"], event

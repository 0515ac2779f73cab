"""Demo health checks: 120 days of results and incidents, as retention would have left them.

The hosts of the demo do not exist, so its environments are paused: real probes would all fail at once.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tca_app.config.settings import get_settings
from tca_app.core.actor import Actor
from tca_app.demo.incidents import ENVIRONMENT_INCIDENTS, PART_INCIDENTS, WORKING_HOURS, DemoIncident
from tca_app.features.environments.events import EnvironmentUpdated
from tca_app.features.health import events
from tca_app.features.health.details import DEMO_PAUSED
from tca_app.features.health.probing.check_state import lasted
from tca_app.features.health.probing.checks import PARTS
from tca_app.models import Environment, HealthCheck, Incident, IncidentNote

DAYS = 120
PRODUCTIONS, STAGINGS, PUBLIC = 9, 3, 3
PUBLIC_PARTS = ("jobs", "mail")  # these are really probed
MAY_NOTE = ("owner", "maintainer", "deployer")
Row = dict[str, Any]
DatedEvent = tuple[datetime, Actor | None, Any]

_checks = HealthCheck.__table__.c
_PUT_ONLINE = update(Environment.__table__).where(Environment.__table__.c.id == bindparam("place"))


@dataclass(frozen=True, slots=True)
class MonitoredChecks:
    """Checks with `id`, `name`, `project`, `since` and `latency` (ms); incidents with `check`, `id` and `notes`."""

    checks: list[Row]
    incidents: list[Row]


async def watch(
    session: AsyncSession, now: datetime, people: list[Row], projects: list[Row], team: list[Row]
) -> MonitoredChecks:
    """Write the checks and the incidents with their notes; `demo.samples` writes the samples."""
    rng = random.Random(24)  # noqa: S311  the same data every time
    now = now.replace(second=0, microsecond=0)
    parts = await _parts(session, rng, now)
    places = await _places(session, rng, now, projects)
    admins = [person["id"] for person in people if person["is_superuser"]]
    teams = {place["project"]["id"]: who_notes(place, team) for place in places}
    incidents = list(_incidents(rng, now, parts, places, admins, teams))
    rows = [
        {"check_id": one["check"]["id"]} | {name: one[name] for name in ("opened_at", "closed_at", "reason")}
        for one in incidents
    ]
    made = insert(Incident.__table__).returning(col(Incident.id), sort_by_parameter_order=True)
    ids = await session.execute(made, rows)
    for one, incident_id in zip(incidents, ids.scalars(), strict=True):
        one["id"] = incident_id
    notes = [note | {"incident_id": one["id"]} for one in incidents for note in one["notes"]]
    await session.execute(insert(IncidentNote.__table__), notes)
    return MonitoredChecks([*(part for part in parts if part["key"] not in _parts_out_of_use()), *places], incidents)


def _parts_out_of_use() -> set[str]:
    """The parts that the settings leave out: a page says so, and 120 days of results beside that would contradict."""
    settings = get_settings()
    in_use = {"backup": settings.backup_dir, "event_export": settings.event_export_target}
    return {key for key, setting in in_use.items() if not setting}


async def publish(session: AsyncSession) -> None:
    """Choose components for the public page. It runs late, because real probes wait for the row locks."""
    await session.execute(update(HealthCheck.__table__).where(_checks.key.in_(PUBLIC_PARTS)).values(is_public=True))


async def _parts(session: AsyncSession, rng: random.Random, now: datetime) -> list[Row]:
    """Return the console's own checks. Those that exist already are probed for real and stay so."""
    since = now.replace(minute=0) - timedelta(days=DAYS)
    rows = [
        {"key": key, "kind": "part", "name": name, "weight": weight, "created_at": since}
        for key, (name, weight) in PARTS.items()
    ]
    await session.execute(upsert(HealthCheck.__table__).on_conflict_do_nothing(), rows)
    found = await session.execute(select(_checks.id, _checks.key, _checks.name).where(_checks.key.in_(PARTS)))
    return [
        {
            "id": row.id,
            "key": row.key,
            "name": row.name,
            "project": None,
            "since": since,
            "latency": rng.uniform(9, 24),
        }
        for row in sorted(found, key=lambda row: list(PARTS).index(row.key))
    ]


async def _places(session: AsyncSession, rng: random.Random, now: datetime, projects: list[Row]) -> list[Row]:
    """Set the URLs of some environments, and create their paused checks."""
    there = [p for p in projects if p["status"] == "active" and not p["deleted_at"]]
    grown = sorted((p for p in there if p["created_at"] < now - timedelta(days=15)), key=lambda p: str(p["name"]))
    live = rng.sample(grown, min(PRODUCTIONS, len(grown)))
    wanted = [(project, "production") for project in live] + [(project, "staging") for project in live[:STAGINGS]]
    environments = Environment.__table__.c
    named = select(environments.project_id, environments.name, environments.id)
    rows = await session.execute(named.where(environments.project_id.in_([project["id"] for project in live])))
    ids = {(row.project_id, row.name): row.id for row in rows}
    places = [_place(rng, project, name, ids[project["id"], name]) for project, name in wanted]
    await session.execute(
        _PUT_ONLINE.values(url=bindparam("address")),
        [{"place": place["environment_id"], "address": place["url"]} for place in places],
    )
    made = insert(HealthCheck.__table__).returning(col(HealthCheck.id), sort_by_parameter_order=True)
    check_ids = await session.execute(made, [_check(now, place, at) for at, place in enumerate(places)])
    for place, check_id in zip(places, check_ids.scalars(), strict=True):
        place["id"] = check_id
    return places


def _place(rng: random.Random, project: Row, environment: str, environment_id: int) -> Row:
    host = project["slug"] if environment == "production" else f"{project['slug']}.{environment}"
    return {
        "environment_id": environment_id,
        "environment": environment,
        "name": f"{project['name']} {environment}",
        "project": project,
        "url": f"https://{host}.demo.example.com/health",
        "since": project["created_at"].replace(minute=0, second=0, microsecond=0) + timedelta(hours=1),
        "latency": rng.uniform(18, 160),
    }


def _check(now: datetime, place: Row, at: int) -> Row:
    return {
        "key": f"environment:{place['environment_id']}",
        "kind": "environment",
        "name": place["name"],
        "project_id": place["project"]["id"],
        "environment_id": place["environment_id"],
        "url": place["url"],
        "is_paused": True,
        "is_public": at < PUBLIC,
        "since": now,
        "last_at": now - timedelta(minutes=1),
        "last_ok": True,
        "last_latency_ms": round(place["latency"], 2),
        "last_detail": DEMO_PAUSED,
        "created_at": place["since"],
    }


def who_notes(place: Row, team: list[Row]) -> list[int]:
    project_id = place["project"]["id"]
    return [row["user_id"] for row in team if row["project_id"] == project_id and row["role"] in MAY_NOTE]


def _incidents(
    rng: random.Random, now: datetime, parts: list[Row], places: list[Row], admins: list[int], teams: dict[int, Any]
) -> Iterator[Row]:
    """Yield the incidents, oldest first. One that would be older than its check is skipped."""
    by_key = {part["key"]: part for part in parts}
    planned = [(by_key[key], one, admins) for key, one in PART_INCIDENTS]
    productions = [place for place in places if place["environment"] == "production"]
    planned += [
        (place, one, teams[place["project"]["id"]])
        for place, one in zip(productions, ENVIRONMENT_INCIDENTS, strict=False)
    ]
    for check, one, who in sorted(planned, key=lambda entry: -entry[1].days_ago):
        opened = (now - timedelta(days=one.days_ago)).replace(hour=rng.choice(WORKING_HOURS), minute=rng.randint(0, 59))
        if opened > check["since"] + timedelta(hours=1):
            yield _incident(check, one, opened, who, rng)


def _incident(check: Row, one: DemoIncident, opened: datetime, who: list[int], rng: random.Random) -> Row:
    closed = opened + timedelta(minutes=one.minutes)
    places = [0.2, 0.7, 1.4]  # of its length: while it lasts, and what is known afterwards
    notes = [
        {
            "user_id": rng.choice(who),
            "note": note,
            "is_public": is_public,
            "created_at": opened + (closed - opened) * place,
            "updated_at": opened + (closed - opened) * place,
        }
        for place, (note, is_public) in zip(places, one.notes, strict=False)
    ]
    return {"check": check, "opened_at": opened, "closed_at": closed, "reason": one.reason, "notes": notes}


def tell_health(watched: MonitoredChecks, actors: dict[int, Actor]) -> Iterator[DatedEvent]:
    """Yield the events of these rows, as the services would have emitted them."""
    for check in watched.checks:
        if project := check["project"]:
            about = {"subject_id": project["id"], "subject_name": project["name"], "project_id": project["id"]}
            change: Row = {"before": {"url": ""}, "after": {"url": check["url"]}}
            event = EnvironmentUpdated(**about, environment=check["environment"], **change)
            yield project["created_at"] + timedelta(minutes=2), actors[project["owner_id"]], event
    for one in watched.incidents:
        check, project = one["check"], one["check"]["project"]
        subject = SimpleNamespace(check_id=check["id"], name=check["name"], project_id=project and project["id"])
        incident = SimpleNamespace(id=one["id"], name=check["name"], project_id=subject.project_id)
        yield one["opened_at"], None, events.HealthDegraded.of(subject, incident_id=one["id"], reason=one["reason"])
        for note in one["notes"]:
            noted = events.IncidentNoted.of(incident, note=note["note"], is_public=note["is_public"])
            yield note["created_at"], actors[note["user_id"]], noted
        took = lasted(one["closed_at"] - one["opened_at"])
        yield one["closed_at"], None, events.HealthRecovered.of(subject, incident_id=one["id"], lasted=took)

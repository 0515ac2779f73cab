"""Demo deployments: releases that go from development to production, including failures and rollbacks.

Every row follows the product's rules: one deployment at a time per environment, approvals, times in order.
"""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from sqlalchemy import bindparam, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.demo.commits import push
from tca_app.demo.logs import log_rows
from tca_app.features.deployments import events
from tca_app.features.environments.events import EnvironmentUpdated
from tca_app.models import Deployment, DeploymentLog, Environment

WITH_LOG = 12  # the newest finished deployments; those in progress have a log too
MAY_DEPLOY = ("owner", "maintainer", "deployer")
REASONS = (
    "The health check did not pass",
    "The tests failed",
    "A migration met a lock and gave up",
    "The image could not be pulled",
    "Out of memory while starting",
)
Row = dict[str, Any]
DatedEvent = tuple[datetime, Actor | None, Any]

_IDS = text("SELECT nextval(pg_get_serial_sequence('deployments', 'id')) FROM generate_series(1, :count)")
_PROTECT = update(Environment.__table__).where(Environment.__table__.c.id == bindparam("place"))


async def deploy(
    session: AsyncSession, rng: random.Random, now: datetime, projects: list[Row], team: list[Row]
) -> tuple[list[Row], list[Row]]:
    """Write the deployments, with logs for the newest. Returns them and the protected environments."""
    places = await _places(session, projects)
    protected = _protected(rng, projects, places)
    if protected:
        await session.execute(_PROTECT.values(is_protected=True), [{"place": row["place_id"]} for row in protected])
    guarded = {row["place_id"] for row in protected}
    rows = []
    for project in projects:
        people = [row for row in team if row["project_id"] == project["id"] and row["role"] in MAY_DEPLOY]
        rows += _Story(rng, now, project, people, places[project["id"]], guarded).tell()
    rows += _open(rng, now, projects, team, places, {row["environment_id"]: row for row in rows})
    rows.sort(key=lambda row: row["created_at"])
    for row, row_id in zip(rows, (await session.execute(_IDS, {"count": len(rows)})).scalars(), strict=True):
        row["id"] = row_id
    logs = log_rows(rng, _logged(rows))
    told = ("project", "environment", "undone", "role")
    columns = [{name: value for name, value in row.items() if name not in told} for row in rows]
    for column, row in zip(columns, rows, strict=True):
        column["rollback_of_id"] = row["undone"]["id"] if row["undone"] else None
    await session.execute(insert(Deployment.__table__), columns)
    await session.execute(insert(DeploymentLog.__table__), logs)
    await push(session, rows)
    return rows, protected


async def _places(session: AsyncSession, projects: list[Row]) -> dict[int, dict[str, int]]:
    environments = Environment.__table__.c
    wanted = environments.project_id.in_([project["id"] for project in projects])
    found = select(environments.project_id, environments.name, environments.id).where(wanted)
    places: dict[int, dict[str, int]] = {}
    for project_id, name, place_id in await session.execute(found):
        places.setdefault(project_id, {})[name] = place_id
    return places


def _protected(rng: random.Random, projects: list[Row], places: dict[int, dict[str, int]]) -> list[Row]:
    """Return the production environments of a third of the projects, protected from their first day."""
    chosen = [project for project in projects if rng.random() < 1 / 3]
    return [{"project": project, "place_id": places[project["id"]]["production"]} for project in chosen]


def _logged(rows: list[Row]) -> list[Row]:
    ended = [row for row in rows if row["finished_at"] and row["started_at"]][-WITH_LOG:]
    return [*ended, *(row for row in rows if row["status"] == "in_progress")]


class _Story:
    """Generates the releases of one project, day by day."""

    def __init__(
        self,
        rng: random.Random,
        now: datetime,
        project: Row,
        people: list[Row],
        places: dict[str, int],
        guarded: set[int],
    ) -> None:
        self.rng, self.project, self.people, self.places, self.guarded = rng, project, people, places, guarded
        ended = project["deleted_at"] or (project["updated_at"] if project["status"] != "active" else now)
        self.until = min(ended, now - timedelta(minutes=20))
        self.pace = rng.uniform(0.25, 0.95)  # releases a working day
        self.minor = self.patch = 0
        self.runs: Row | None = None  # the deployment now in production
        self.rows: list[Row] = []

    def tell(self) -> list[Row]:
        self._release(self.project["created_at"] + timedelta(hours=2, minutes=self._some(120)))
        day = self.project["created_at"].replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        while day < self.until:
            if self.rng.random() < self.pace * (1 if day.weekday() < 5 else 0.08):
                self._release(day + timedelta(minutes=self.rng.randint(7 * 60, 11 * 60), seconds=self._some(59)))
            day += timedelta(days=1)
        return self.rows

    def _some(self, most: int) -> int:
        return self.rng.randint(1, most)

    def _release(self, at: datetime) -> None:
        """Deploy one version through the environments until it fails."""
        self.minor, self.patch = (self.minor + 1, 0) if self.rng.random() < 0.3 else (self.minor, self.patch + 1)
        release = {
            "version": f"1.{self.minor}.{self.patch}",
            "commit_sha": f"{self.rng.getrandbits(160):040x}",
            "ref": "main" if self.rng.random() < 0.85 else f"release/1.{self.minor}",
            "commit_at": at - timedelta(minutes=self.rng.randint(6, 900)),
        }
        done = self._deploy(at, "development", release, fails=0.13)
        if done and self.rng.random() < 0.65:
            done = self._deploy(done + timedelta(minutes=15 + self._some(60)), "staging", release, fails=0.1)
            if done and self.rng.random() < 0.55:
                self._go_live(done + timedelta(minutes=15 + self._some(90)), release)

    def _go_live(self, at: datetime, release: Row) -> None:
        """Deploy to production: a failure is retried, and now and then a bad version is rolled back."""
        before = self.runs
        done = self._deploy(at, "production", release, fails=0.1)
        if done is None and self.rows[-1]["status"] == "failed":
            again = self.rows[-1]["finished_at"] + timedelta(minutes=10 + self._some(80))
            done = self._deploy(again, "production", release | {"description": "Tried again"}, fails=0.1)
        if done is None or self.runs is None:
            return
        if before and self.rng.random() < 0.07:
            undone, old = self.runs, {name: before[name] for name in ("version", "commit_sha", "ref")}
            at = done + timedelta(minutes=10 + self._some(60))
            back = self._deploy(at, "production", old | {"commit_at": None}, fails=0, undone=undone)
            self.runs = before if back else undone

    def _deploy(
        self, at: datetime, environment: str, release: Row, *, fails: float, undone: Row | None = None
    ) -> datetime | None:
        """Return when the deployment succeeded; None if it failed or would end in the future."""
        row = self._asked(at, environment, release, undone)
        end = row["queued_at"] + timedelta(seconds=self.rng.randint(50, 600) + 15)
        if end >= self.until:
            return None
        luck = self.rng.random()
        row["status"] = "failed" if luck < fails else "cancelled" if luck > 0.98 and not undone else "succeeded"
        row["finished_at"] = end
        if row["status"] == "cancelled":
            row["reason"] = "A newer version comes right behind it"
        else:
            row["started_at"] = row["queued_at"] + timedelta(seconds=self._some(15))
            row["reason"] = self.rng.choice(REASONS) if row["status"] == "failed" else ""
        row["updated_at"] = end
        self.rows.append(row)
        if row["status"] != "succeeded":
            return None
        if environment == "production":
            self.runs = row
        return end

    def _asked(self, at: datetime, environment: str, release: Row, undone: Row | None) -> Row:
        place_id = self.places[environment]
        there = [person for person in self.people if person["created_at"] < at]
        row = new_row(self.project, environment, place_id, at, release, self.rng.choice(there), undone)
        waits = place_id in self.guarded and row["role"] == "deployer"
        if waits:
            row["decided_by_id"] = self.project["owner_id"]
            row["decided_at"] = row["queued_at"] = at + timedelta(minutes=self._some(20))
        elif not undone and self.rng.random() < 0.25:
            row |= {"source": "github", "reporter": "tca-release-bot", "created_by_id": None}
        return row


def new_row(
    project: Row, environment: str, place_id: int, at: datetime, release: Row, person: Row, undone: Row | None = None
) -> Row:
    """Return a queued deployment; `project`, `environment`, `role` and `undone` are for its events."""
    blank: Row = dict.fromkeys(("started_at", "finished_at", "decided_by_id", "decided_at"))
    texts = dict.fromkeys(("reason", "reporter", "description"), "")
    return (
        blank
        | texts
        | release
        | {
            "project_id": project["id"],
            "environment_id": place_id,
            "project": project,
            "environment": environment,
            "role": person["role"],
            "undone": undone,
            "status": "queued",
            "source": "ui" if undone else "api",
            "created_by_id": person["user_id"],
            "created_at": at,
            "queued_at": at,
            "updated_at": at,
            "log_lines": 0,
        }
    )


def _open(
    rng: random.Random,
    now: datetime,
    projects: list[Row],
    team: list[Row],
    places: dict[int, dict[str, int]],
    last: dict[int, Row],
) -> Iterator[Row]:
    """Yield the current deployments: two in progress and one queued."""
    alive = [project for project in projects if project["status"] == "active" and not project["deleted_at"]]
    states = (("in_progress", "staging", 6), ("in_progress", "production", 4), ("queued", "development", 1))
    for project, (status, environment, minutes) in zip(rng.sample(alive, len(states)), states, strict=True):
        place_id = places[project["id"]][environment]
        owner = next(row for row in team if row["project_id"] == project["id"] and row["role"] == "owner")
        before = last.get(place_id)
        at = now - timedelta(minutes=minutes)
        release = {
            "version": f"{before['version']}-rc.2" if before else "1.0.0",
            "commit_sha": f"{rng.getrandbits(160):040x}",
            "ref": "main",
            "commit_at": at - timedelta(minutes=40),
        }
        row = new_row(project, environment, place_id, at, release, owner)
        if status == "in_progress":
            started = at + timedelta(seconds=20)
            row |= {"status": status, "started_at": started, "updated_at": started}
        yield row


def tell_deployments(rows: list[Row], protected: list[Row], actors: dict[int, Actor]) -> Iterator[DatedEvent]:
    """Yield the events of these rows, as the services would have emitted them."""
    for row in protected:
        project = row["project"]
        about = {"subject_id": project["id"], "subject_name": project["name"], "project_id": project["id"]}
        change: Row = {"before": {"is_protected": False}, "after": {"is_protected": True}}
        event = EnvironmentUpdated(**about, environment="production", **change)
        yield project["created_at"] + timedelta(minutes=1), actors[project["owner_id"]], event
    for row in rows:
        yield from _steps(row, actors)


def about_of(row: Row) -> SimpleNamespace:
    """Return the deployment as its events want it."""
    return SimpleNamespace(
        **{name: row[name] for name in ("id", "project_id", "version", "source", "reporter")},
        project_name=row["project"]["name"],
        environment_name=row["environment"],
    )


def _steps(row: Row, actors: dict[int, Actor]) -> Iterator[DatedEvent]:
    about = about_of(row)
    actor, before = actors.get(row["created_by_id"]), ""

    def step(kind: type[events.DeploymentEvent], status: str, **fields: object) -> events.DeploymentEvent:
        nonlocal before
        change: Row = {"before": {"status": before} if before else {}, "after": {"status": status}}
        before = status
        return kind.of(about, **change, **fields)

    if undone := row["undone"]:
        taken_back = events.DeploymentRolledBack.of(about, undone_id=undone["id"], undone_version=undone["version"])
        yield row["created_at"], actor, taken_back
    if row["decided_at"]:
        yield row["created_at"], actor, step(events.DeploymentApprovalRequested, "pending_approval")
        actor = actors[row["decided_by_id"]]
        yield row["decided_at"], actor, events.DeploymentApproved.of(about, asked_by_id=row["created_by_id"])
    yield row["queued_at"], actor, step(events.DeploymentQueued, "queued", freeze_reason="")
    if row["started_at"]:
        yield row["started_at"], actor, step(events.DeploymentStarted, "in_progress")
    if row["status"] == "succeeded":
        yield row["finished_at"], actor, step(events.DeploymentSucceeded, "succeeded")
    elif row["finished_at"]:
        kind = events.DeploymentFailed if row["status"] == "failed" else events.DeploymentCancelled
        yield row["finished_at"], actor, step(kind, row["status"], reason=row["reason"])

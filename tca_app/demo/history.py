"""Demo event log: an event for every change that the rows imply, and sign-ins in between.

The events are marked as handled, so nobody gets mail for them. The daily metrics are counted from the log.
"""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.consumers.analytics import recount
from tca_app.core.actor import Actor
from tca_app.core.events.log import QUEUES, Event, event_row
from tca_app.demo.deployments import tell_deployments
from tca_app.demo.health import MonitoredChecks, tell_health
from tca_app.features.auth.events import UserLoggedIn
from tca_app.features.projects import events as of_projects
from tca_app.features.users import events as of_users
from tca_app.models import LoggedEvent

SIGN_IN_DAYS = 30
DEVICE = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
Row = dict[str, Any]
DatedEvent = tuple[datetime, Actor | None, Event]

_DEALT_WITH = text(
    "INSERT INTO event_effects (consumer, event_id) SELECT consumer, id "
    "FROM unnest(CAST(:consumers AS text[])) AS consumer, unnest(CAST(:ids AS bigint[])) AS id"
)


async def tell(
    session: AsyncSession,
    rng: random.Random,
    now: datetime,
    people: list[Row],
    projects: list[Row],
    team: list[Row],
    deployed: tuple[list[Row], list[Row]],
    watched: MonitoredChecks,
    others: list[tuple[datetime, int, Event]],
) -> list[int]:
    """Write the event log of these rows, and `others` by these people, in order of time. Returns the ids."""
    actors = {person["id"]: _actor(person) for person in people}
    happened = [
        *tell_deployments(*deployed, actors),
        *tell_health(watched, actors),
        *_of_people(rng, now, people, actors),
        *_of_projects(now, projects, actors),
        *_of_team(projects, team, actors),
        *_sign_ins(rng, now, people, actors),
        *((at, actors[person_id], event) for at, person_id, event in others),
    ]
    happened.sort(key=lambda entry: entry[0])
    rows = [event_row(actor, event) | {"at": at} for at, actor, event in happened]
    # Into the table, because for the class SQLAlchemy splits the insert by the set of missing values.
    made = insert(LoggedEvent.__table__).returning(LoggedEvent.__table__.c.id)
    ids = list((await session.execute(made, rows)).scalars())
    await session.execute(_DEALT_WITH, {"consumers": list(QUEUES), "ids": ids})
    await recount(session)
    return ids


def _actor(person: Row) -> Actor:
    is_admin = person["is_superuser"]
    return Actor(person["id"], person["username"], person["full_name"], is_admin, ip="192.0.2.17", request_id="demo")


def _subject(person: Row) -> dict[str, Any]:
    return {"subject_id": person["id"], "subject_name": person["full_name"]}


def _of_people(rng: random.Random, now: datetime, people: list[Row], actors: dict[int, Actor]) -> Iterator[DatedEvent]:
    admins = [actors[person["id"]] for person in people if person["is_superuser"]]
    for index, person in enumerate(people):
        told = {name: person[name] for name in ("email", "username", "full_name", "is_active", "is_superuser")}
        yield (
            person["created_at"],
            admins[index % len(admins)] if index else None,
            of_users.UserCreated(**_subject(person), after=told | {"is_active": True}),
        )
        gone = person["deleted_at"]
        if gone:
            yield gone, rng.choice(admins), of_users.UserDeleted(**_subject(person))
        elif not person["is_active"]:
            left = min(
                person["created_at"] + timedelta(days=rng.randint(3, 20)), now - timedelta(hours=rng.randint(1, 9))
            )
            yield max(left, person["created_at"]), rng.choice(admins), of_users.UserDeactivated(**_subject(person))


def _of_projects(now: datetime, projects: list[Row], actors: dict[int, Actor]) -> Iterator[DatedEvent]:
    for project in projects:
        about = {"subject_id": project["id"], "subject_name": project["name"], "project_id": project["id"]}
        owner = actors[project["owner_id"]]
        told = {name: project[name] for name in ("name", "slug", "description", "repository_url")}
        yield project["created_at"], owner, of_projects.ProjectCreated(**about, after=told | {"status": "active"})
        if project["status"] != "active":
            kind = of_projects.ProjectArchived if project["status"] == "archived" else of_projects.ProjectUpdated
            change: dict[str, Any] = {"before": {"status": "active"}, "after": {"status": project["status"]}}
            yield project["updated_at"], owner, kind(**about, **change)
        if project["deleted_at"]:
            at = max(project["deleted_at"], project["updated_at"])
            yield min(at, now), owner, of_projects.ProjectDeleted(**about, status=project["status"])


def _of_team(projects: list[Row], team: list[Row], actors: dict[int, Actor]) -> Iterator[DatedEvent]:
    by_id = {project["id"]: project for project in projects}
    for row in team:
        if row["role"] == "owner":
            continue
        project, person = by_id[row["project_id"]], actors[row["user_id"]]
        about = {"subject_id": project["id"], "subject_name": project["name"], "project_id": project["id"]}
        added = of_projects.MemberAdded(
            **about, user_id=person.user_id, user_name=person.display_name, role=row["role"]
        )
        yield row["created_at"], actors[project["owner_id"]], added


def _sign_ins(rng: random.Random, now: datetime, people: list[Row], actors: dict[int, Actor]) -> Iterator[DatedEvent]:
    """Yield sign-ins on some of the last days, mostly weekdays. The last one matches the row of the person."""
    for person in people:
        last = person["last_login_at"]
        if last is None:
            continue
        days = [now - timedelta(days=back, minutes=rng.randint(0, 600)) for back in range(1, SIGN_IN_DAYS)]
        came = [day for day in days if rng.random() < (0.35 if day.weekday() < 5 else 0.04)]
        for at in [*(day for day in came if person["created_at"] < day < last), last]:
            event = UserLoggedIn(**_subject(person), kind="browser", device=DEVICE)
            yield at, actors[person["id"]], event

"""Demo data: an organisation of 200 people and 40 projects over 120 days, the same every time."""

import random
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tca_app.core.database.session import take_time
from tca_app.core.errors import Conflict
from tca_app.core.plurals import plural
from tca_app.core.security.tokens import hash_password
from tca_app.demo import (
    comments,
    deployments as demo_deployments,
    groups,
    health,
    history,
    inbox,
    manual_incidents,
    samples,
)
from tca_app.features.projects.creation import slug_of
from tca_app.features.projects.default_environments import create_default_environments
from tca_app.models import Project, ProjectMember, User

USERS = 200
DAYS = 120
IN_TRASH = timedelta(days=29)  # older rows are purged within the hour
FIRST_NAMES = (
    "Ana Amara Björn Chidi Chloé Dalia Diego Elif Emma Farid Fatima Grace Haruto Hanna Ines Ivan Jonas José Kaito "
    "Laila Lena Liam Lucía Malik Marta Mei Milan Nadia Noah Olga Omar Priya Rosa Samir Sofia Søren Tariq Vera Yusuf Zoë"
)
LAST_NAMES = (
    "Ahmed Andersson Bauer Berg Castillo Chen Costa Dubois Eriksen Fischer García Haddad Ivanov Jansen Kaya Khan Kim "
    "Kowalski Kumar López Martin Mensah Müller Nakamura Novák Okafor Oliveira Petrov Rossi Santos Sato Schmidt Silva "
    "Singh Tanaka Torres Weber Wójcik Yılmaz Zhang"
)
PROJECTS = {
    "Billing API": "Invoices, payments and dunning for every product.",
    "Identity Gateway": "Single sign-on and the directory of services.",
    "Checkout Web": "The shop's last three pages.",
    "Order Pipeline": "From the click to the parcel label.",
    "Search Index": "Builds and serves the product index.",
    "Recommendation Engine": "What else people may like; retrained every night.",
    "Mobile App": "Android and iOS from one code base.",
    "Partner Portal": "Where resellers see their contracts.",
    "Data Lake": "Raw events, kept for two years.",
    "Metrics Platform": "Time series, dashboards and alert rules.",
    "Log Archive": "Compressed logs with search over the last 90 days.",
    "Feature Flags": "Switches for gradual roll-outs.",
    "Email Service": "Transactional mail with templates in 14 languages.",
    "Notification Hub": "Push, mail and chat behind one call.",
    "Image Resizer": "Thumbnails at the edge.",
    "Video Transcoder": "Queues and workers for uploads.",
    "Fraud Detection": "Scores every payment in under 50 ms.",
    "Ledger": "Double-entry book keeping; append only.",
    "Tax Engine": "Rates and rules for 60 countries.",
    "Inventory Sync": "Stock levels from the warehouses every minute.",
    "Warehouse Scanner": "Firmware and backend of the hand scanners.",
    "Route Planner": "Delivery tours with time windows.",
    "Customer Support Desk": "Tickets, macros and satisfaction scores.",
    "Chat Assistant": "Answers the twenty most frequent questions.",
    "Consent Manager": "Who agreed to what, and when.",
    "GDPR Exporter": "Collects a person's data from every service.",
    "Document Signing": "Contracts with qualified signatures.",
    "HR Self-Service": "Holidays, payslips and parental leave.",
    "Recruiting Board": "Openings, applicants and interview plans.",
    "Learning Platform": "Courses for new colleagues.",
    "Kubernetes Base": "Clusters, node pools and network policies.",
    "Terraform Modules": "Shared building blocks for the cloud accounts.",
    "CI Runners": "Autoscaled build machines.",
    "Artifact Registry": "Packages and container images.",
    "Secrets Vault": "Rotating credentials for services.",
    "DNS Manager": "Zones and records with review.",
    "Load Test Lab": "Reproducible traffic for release candidates.",
    "Status Page": "What customers see when something breaks.",
    "Legacy Importer": "Moves the last data out of the old shop.",
    "Design System": "Components, tokens and guidelines.",
}


@dataclass(frozen=True, slots=True)
class Demo:
    """The created demo data. Everybody has the same password."""

    users: int
    projects: int
    deployments: int
    events: int
    password: str
    admin: str
    member: str


async def fill(session: AsyncSession, *, force: bool = False) -> Demo:
    """Add the demo data. Raises Conflict when there are users beside the first admin, unless `force` is given."""
    await take_time(session)
    known = {name.lower() for name in (await session.execute(select(col(User.username)))).scalars()}
    if len(known) > 1 and not force:
        raise Conflict(f"The database has {plural(len(known), 'user')} already. Add the demo data anyway with --force.")
    rng = random.Random(20)  # noqa: S311  the same data every time is what is wanted
    now = (await session.execute(select(func.now()))).scalar_one()
    password = f"Demo-{secrets.token_urlsafe(9)}-7A"
    people = _people(rng, now, known, await hash_password(password))
    ids = await session.execute(insert(User).returning(col(User.id), sort_by_parameter_order=True), people)
    for person, user_id in zip(people, ids.scalars(), strict=True):
        person["id"] = user_id
    slugs = set((await session.execute(select(col(Project.slug)))).scalars())
    at_work = [person for person in people if person["is_active"] and not person["deleted_at"]]
    projects = [_project(rng, now, name, at_work, slugs) for name in PROJECTS]
    projects[0] |= _oldest(at_work[0])
    made = await session.execute(insert(Project).returning(col(Project.id), sort_by_parameter_order=True), projects)
    for project, project_id in zip(projects, made.scalars(), strict=True):
        project["id"] = project_id
    rows = [row for project in projects for row in _team(rng, now, project, at_work)]
    await create_default_environments(session, *(project["id"] for project in projects))
    await session.execute(insert(ProjectMember), rows)
    in_groups = await groups.form_groups(session, now, people[0], at_work, projects)
    deployed = await demo_deployments.deploy(session, rng, now, projects, rows)
    watched = await health.watch(session, now, people, projects, rows)
    others = [
        *((at, people[0]["id"], event) for at, event in in_groups),
        *await manual_incidents.open_incidents(session, now, people, rows, watched),
        *await manual_incidents.plan_maintenance(session, now, people, rows, watched),
        *await comments.discuss(session, now, people, rows, deployed[0]),
    ]
    events = await history.tell(session, rng, now, people, projects, rows, deployed, watched, others)
    await inbox.fill_inboxes(session, now, events)
    member = next(person for person in at_work if not person["is_superuser"])
    await samples.remember(session, now, watched)
    await health.publish(session)
    return Demo(
        len(people), len(projects), len(deployed[0]), len(events), password, people[0]["username"], member["username"]
    )


def _moment(rng: random.Random, since: datetime, until: datetime) -> datetime:
    """Return a random time between the two, more often late than early, because the organisation grows."""
    moment = until - (until - since) * rng.random() ** 1.4
    at_work = moment.replace(hour=rng.randint(7, 17), minute=rng.randint(0, 59), second=rng.randint(0, 59))
    return at_work if since <= at_work <= until else moment


def _people(rng: random.Random, now: datetime, known: set[str], hashed: str) -> list[dict[str, Any]]:
    pairs = [pair for pair in product(FIRST_NAMES.split(), LAST_NAMES.split()) if _username(*pair) not in known]
    start = now - timedelta(days=DAYS)
    joined = sorted(_moment(rng, start, now) for _ in range(USERS - 12))
    joined = [start + timedelta(minutes=17 * n) for n in range(12)] + joined  # the founding team
    return [
        _person(rng, now, index, first, last, created_at, hashed)
        for index, ((first, last), created_at) in enumerate(zip(rng.sample(pairs, USERS), joined, strict=True))
    ]


def _person(
    rng: random.Random, now: datetime, index: int, first: str, last: str, created_at: datetime, hashed: str
) -> dict[str, Any]:
    """Return a person. The first three are administrators; one in 13 is deactivated, one in 30 in the trash."""
    username = _username(first, last)
    left = index > 12 and rng.random() < 1 / 30
    seen = _moment(rng, created_at, now) if index < 3 or rng.random() < 0.9 else None
    return {
        "email": f"{username}@demo.example.com",
        "username": username,
        "full_name": f"{first} {last}",
        "hashed_password": hashed,
        "is_active": index < 12 or rng.random() > 1 / 13,
        "is_superuser": index < 3,
        "last_login_at": seen,
        "created_at": created_at,
        "updated_at": created_at,
        "deleted_at": _moment(rng, max(created_at, now - IN_TRASH), now) if left else None,
    }


def _username(first: str, last: str) -> str:
    plain = unicodedata.normalize("NFKD", first + last).replace("ø", "o").replace("ı", "i")
    return plain.encode("ascii", "ignore").decode().lower()


def _project(
    rng: random.Random, now: datetime, name: str, at_work: list[dict[str, Any]], slugs: set[str]
) -> dict[str, Any]:
    """Return a project founded by an earlier member; most are active, one in twenty is in the trash."""
    owner = at_work[int(len(at_work) * rng.random() ** 2)]
    created_at = _moment(rng, owner["created_at"], now)
    slug = slug_of(name)
    while slug in slugs:
        slug = f"{slug_of(name)}-{rng.randint(2, 9999)}"
    slugs.add(slug)
    return {
        "name": name,
        "slug": slug,
        "description": PROJECTS[name],
        "status": rng.choices(("active", "paused", "archived"), (70, 15, 15))[0],
        "owner_id": owner["id"],
        "repository_url": f"https://git.example.com/tca/{slug}" if rng.random() < 0.8 else "",
        "created_at": created_at,
        "updated_at": _moment(rng, created_at, now),
        "deleted_at": _moment(rng, max(created_at, now - IN_TRASH), now) if rng.random() < 1 / 20 else None,
    }


def _oldest(founder: dict[str, Any]) -> dict[str, Any]:
    """Return a project as old as the organisation and still active, so that its deployments span all days."""
    at = founder["created_at"] + timedelta(hours=1)
    return {"owner_id": founder["id"], "status": "active", "created_at": at, "updated_at": at, "deleted_at": None}


def _team(
    rng: random.Random, now: datetime, project: dict[str, Any], at_work: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    others = [person["id"] for person in at_work if person["id"] != project["owner_id"]]
    roles = rng.choices(("maintainer", "deployer", "viewer"), (2, 4, 5), k=rng.randint(1, 11))
    team = [(project["owner_id"], "owner", project["created_at"])]
    team += [
        (user_id, role, _moment(rng, project["created_at"], now))
        for user_id, role in zip(rng.sample(others, len(roles)), roles, strict=True)
    ]
    return [
        {"project_id": project["id"], "user_id": user_id, "role": role, "created_at": joined, "updated_at": joined}
        for user_id, role, joined in team
    ]

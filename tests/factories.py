"""Factories of users, projects and actors. They write by SQL, not through the rules under test."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from inspect import isawaitable
from typing import Any, TypeVar

from sqlalchemy import func, insert, select, text
from sqlmodel import col

from tca_app.consumers.analytics import recount
from tca_app.core.actor import Actor
from tca_app.core.database.session import transaction
from tca_app.core.events.log import Event, emit, event_row
from tca_app.core.security.encryption import encrypt
from tca_app.core.security.tokens import hash_password, token_hash
from tca_app.features.auth import service as auth
from tca_app.features.auth.service import Client
from tca_app.features.ci import service as trusts
from tca_app.features.ci.schemas import GITHUB, TrustCreate
from tca_app.features.deployments.aggregates.daily import refresh_deployments
from tca_app.features.deployments.comments import service as comments
from tca_app.features.deployments.comments.schemas import CommentCreate
from tca_app.features.projects.default_environments import create_default_environments
from tca_app.features.subscribers.service import SEALED_FOR
from tca_app.features.tokens import service as tokens
from tca_app.features.tokens.schemas import ProjectTokenCreate, TokenCreate
from tca_app.features.users.events import UserUpdated
from tca_app.features.webhooks import service as webhooks
from tca_app.features.webhooks.schemas import WebhookCreate, WebhookWithSecret
from tca_app.models import (
    Deployment,
    Environment,
    EventEffect,
    Factor,
    FreezeWindow,
    HealthCheck,
    Identity,
    Import,
    Incident,
    Invitation,
    LoggedEvent,
    MaintenanceCheck,
    MaintenanceWindow,
    Notification,
    Project,
    ProjectMember,
    SavedView,
    StatusSubscriber,
    User,
    WebhookDelivery,
)
from tca_app.server.worker import run_jobs

PASSWORD = "Green-Boat-42"
T = TypeVar("T")
_numbers = itertools.count(1)
_hashes: dict[str, str] = {}


async def run(act: Callable[..., Awaitable[T]], *args: Any, **kwargs: Any) -> T:
    """Call a rule in a committed transaction of its own, as an edge does."""
    async with transaction() as session:
        return await act(session, *args, **kwargs)


async def make_user(username: str = "", *, password: str = PASSWORD, **fields: Any) -> Actor:
    """A user in the database, as an actor without a session."""
    username = username or f"person{next(_numbers)}"
    if password not in _hashes:
        _hashes[password] = await hash_password(password)
    values = {"email": f"{username.lower()}@example.com", "username": username, "full_name": username.capitalize()}
    values |= {"hashed_password": _hashes[password]} | fields
    async with transaction() as session:
        user_id = (await session.execute(insert(User).values(values).returning(User.id))).scalar_one()
    return Actor(user_id, username, str(values["full_name"]), bool(fields.get("is_superuser")))


async def make_admin(username: str = "") -> Actor:
    return await make_user(username or f"admin{next(_numbers)}", is_superuser=True)


async def make_project(owner: Actor, name: str = "", team: dict[Actor, str] | None = None, **fields: Any) -> int:
    """A project with its team (person to role); returns its id."""
    name = name or f"Project {next(_numbers)}"
    values = {"name": name, "slug": name.lower().replace(" ", "-"), "owner_id": owner.user_id} | fields
    async with transaction() as session:
        project_id = (await session.execute(insert(Project).values(values).returning(Project.id))).scalar_one()
        roles = {owner: "owner"} | (team or {})
        rows = [{"project_id": project_id, "user_id": who.user_id, "role": role} for who, role in roles.items()]
        await session.execute(insert(ProjectMember), rows)
        await create_default_environments(session, project_id)
    return project_id


async def make_deployment(
    project_id: int, environment: str = "production", *, status: str = "queued", **fields: Any
) -> int:
    """A deployment in any state, with the fields that the state needs, and its aggregates. Returns its id."""
    now = datetime.now(UTC)
    times: dict[str, Any] = {"queued_at": now}
    if status == "pending_approval":
        times = {}
    elif status in ("in_progress", "succeeded", "failed"):
        times["started_at"] = now
    if status in ("succeeded", "failed", "cancelled"):
        times["finished_at"] = now
    named = (Environment.project_id == project_id) & (Environment.name == environment)
    place = select(Environment.id).where(named, col(Environment.deleted_at).is_(None)).scalar_subquery()
    values = {"project_id": project_id, "environment_id": place, "version": "1.0.0", "source": "api"}
    values |= {"status": status} | times | fields
    async with transaction() as session:
        made = await session.execute(insert(Deployment).values(values).returning(Deployment.id))
        deployment_id: int = made.scalar_one()
        await refresh_deployments(session, [deployment_id])
    return deployment_id


async def deployment_events() -> list[tuple[str, str | None]]:
    """What the log says about deployments, oldest first: the type, and the state after it."""
    async with transaction() as session:
        rows = select(LoggedEvent.type, LoggedEvent.data["after"]["status"].astext)
        rows = rows.where(LoggedEvent.subject_type == "deployment").order_by(LoggedEvent.id)
        return [(row[0], row[1]) for row in await session.execute(rows)]


async def events_of(subject_type: str, subject_id: int) -> list[str]:
    """The types of what the log says about one record, oldest first."""
    async with transaction() as session:
        rows = select(LoggedEvent.type).where(LoggedEvent.subject_type == subject_type)
        rows = rows.where(LoggedEvent.subject_id == subject_id).order_by(LoggedEvent.id)
        return list((await session.execute(rows)).scalars())


async def environment_of(project_id: int, name: str = "production") -> int:
    """The id of an environment."""
    async with transaction() as session:
        named = (Environment.project_id == project_id) & (Environment.name == name)
        return (await session.execute(select(Environment.id).where(named))).scalar_one()


async def make_freeze(project_id: int, **fields: Any) -> None:
    """A freeze window that is active now, for the whole project by default."""
    now = datetime.now(UTC)
    values = {"starts_at": now - timedelta(hours=1), "ends_at": now + timedelta(hours=1), "why": "Christmas"}
    async with transaction() as session:
        await session.execute(insert(FreezeWindow).values(project_id=project_id, **(values | fields)))


async def make_view(owner: Actor | None, **fields: Any) -> int:
    """A saved view of a user, or a shared one without; returns its id."""
    values = {"list": "projects", "name": f"View {next(_numbers)}", "query": "", **fields}
    async with transaction() as session:
        put = insert(SavedView).values(user_id=owner.user_id if owner else None, **values).returning(SavedView.id)
        return int((await session.execute(put)).scalar_one())


async def make_import(owner: Actor, **fields: Any) -> int:
    """A file of projects that waits for its start; returns the id of the import."""
    values = {"kind": "projects", "content": b"name\nNew\n", "columns": ["name"], "total": 1, **fields}
    async with transaction() as session:
        put = insert(Import).values(user_id=owner.user_id, **values).returning(Import.id)
        return int((await session.execute(put)).scalar_one())


async def make_comment(author: Actor, deployment_id: int, body: str = "Looks good.") -> int:
    """A comment on a deployment; returns its id."""
    return (await run(comments.create_comment, author, deployment_id, CommentCreate(body=body))).id


async def make_notification(whom: Actor, **fields: Any) -> int:
    """A notification of a user; returns its id."""
    async with transaction() as session:
        await emit(session, None, UserUpdated(subject_id=whom.user_id, subject_name=whom.display_name))
        event_id = (await session.execute(select(func.max(LoggedEvent.id)))).scalar_one()
        values = {
            "user_id": whom.user_id,
            "event_id": event_id,
            "kind": "user_updated",
            "title": "x",
            "body": "",
            "link": "",
            **fields,
        }
        return (await session.execute(insert(Notification).values(values).returning(Notification.id))).scalar_one()


async def happened(days_ago: float, kind: type[Event], **fields: Any) -> None:
    """An event of the past, as the log has it and the numbers by day count it."""
    about = {"subject_id": 1, "subject_name": "x"} | fields
    async with transaction() as session:
        row = event_row(None, kind(**about)) | {"at": datetime.now(UTC) - timedelta(days=days_ago)}
        event_id = (await session.execute(insert(LoggedEvent).values(row).returning(LoggedEvent.id))).scalar_one()
        await session.execute(insert(EventEffect).values(consumer="analytics", event_id=event_id))
        await recount(session)


async def make_invitation(inviter: Actor, email: str = "invited@example.com") -> int:
    """A pending invitation to the console alone; returns its id."""
    values = {"email": email, "invited_by_id": inviter.user_id, "expires_at": datetime.now(UTC) + timedelta(hours=24)}
    async with transaction() as session:
        return (await session.execute(insert(Invitation).values(values).returning(Invitation.id))).scalar_one()


async def bearer(actor: Actor) -> dict[str, str]:
    """The header of a script that this person signed in."""
    done = await run(auth.open_session, actor.user_id, Client(ip="127.0.0.1"), "api")
    assert done.answer is not None
    return {"Authorization": f"Bearer {done.answer.access_token}"}


async def signed_in(actor: Actor) -> tuple[Actor, dict[str, str]]:
    """The same person with a session, and the header of that session."""
    header = await bearer(actor)
    async with transaction() as session:
        caller = await auth.resolve_bearer(session, header["Authorization"].removeprefix("Bearer "))
    return caller.actor, header


# Of this worker's own database alone: all workers share one server, and another one's test may be listening.
END_LISTENING = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND application_name = 'tca_app changes'"
)


async def until(condition: Callable[[], Any], within_s: float = 30.0) -> None:
    """Lets other tasks run until the condition holds; raises TimeoutError. Tests poll only here."""
    async with asyncio.timeout(within_s):
        while not (await found if isawaitable(found := condition()) else found):
            await asyncio.sleep(0.001)  # not 0, which would take a whole core from what is waited for


async def do_jobs() -> None:
    """Do every job that waits, as a worker does, until there is none left."""
    await run_jobs(until_empty=True)


async def row_of(table: Any, row_id: int) -> dict[str, Any]:
    """Every column of one row, as it stands in the database."""
    async with transaction() as session:
        row = (await session.execute(select(*table.__table__.c).where(table.id == row_id))).one()
        return dict(row._mapping)


async def make_token(actor: Actor, project_id: int | None = None, **fields: Any) -> tuple[int, dict[str, str]]:
    """An API token of a person or a project: its id, and the header that sends it."""
    if project_id is None:
        made = await run(tokens.create_token, actor, TokenCreate(**({"name": "Laptop"} | fields)))
    else:
        made = await run(
            tokens.create_project_token, actor, project_id, ProjectTokenCreate(**({"name": "CI"} | fields))
        )
    return made.id, {"Authorization": f"Bearer {made.token}"}


async def make_trust(owner: Actor, project_id: int, **fields: Any) -> int:
    """An issuer of ID tokens that a project trusts: GitHub for one repository by default. Returns its id."""
    values = {"name": "Release", "issuer": GITHUB, "claims": {"repository": "acme/ledger"}} | fields
    return (await run(trusts.create_trust, owner, project_id, TrustCreate(**values))).id


async def make_factor(whom: Actor, kind: str = "totp", **fields: Any) -> int:
    """A confirmed second factor of a user; returns its id."""
    values = {"user_id": whom.user_id, "kind": kind, "name": "Phone", "confirmed_at": datetime.now(UTC)} | fields
    async with transaction() as session:
        return (await session.execute(insert(Factor).values(values).returning(Factor.id))).scalar_one()


async def make_webhook(
    actor: Actor, url: str = "https://hooks.example.com/in", project_id: int | None = None, *types: str
) -> WebhookWithSecret:
    """A webhook as its maker sees it, with the secret."""
    data = WebhookCreate(project_id=project_id, url=url, event_types=list(types))
    return await run(webhooks.create_webhook, actor, data)


async def make_delivery(webhook_id: int, message_id: str = "msg_1", attempt: int = 1) -> int:
    """A line in the log of a webhook; returns its id."""
    sent = {"event_type": "ping", "message_id": message_id, "attempt": attempt, "url": "x", "request_headers": {}}
    values = sent | {"webhook_id": webhook_id, "status": "failed", "request_body": "{}"}
    async with transaction() as session:
        made = insert(WebhookDelivery).values(values).returning(WebhookDelivery.id)
        return (await session.execute(made)).scalar_one()


async def make_check(project_id: int | None = None, name: str = "", **fields: Any) -> int:
    """Something that is probed: the production of a project, or a part of the console. Returns its id."""
    name = name or f"Check {next(_numbers)}"
    values: dict[str, Any] = {"key": name.lower(), "kind": "part", "name": name}
    if project_id is not None:
        environment_id = await environment_of(project_id)
        values |= {"kind": "environment", "project_id": project_id, "environment_id": environment_id}
    async with transaction() as session:
        made = insert(HealthCheck).values(values | fields).returning(HealthCheck.id)
        return (await session.execute(made)).scalar_one()


async def make_subscriber(email: str = "ana@example.com", token: str = "t" * 43, language: str = "en") -> int:
    """A subscriber of the public status page; `token` is that of the unsubscribe links. Returns its id."""
    values = {
        "email": email,
        "token_hash": token_hash(token),
        "token": encrypt(token, SEALED_FOR),
        "language": language,
    }
    async with transaction() as session:
        made = StatusSubscriber.__table__.insert().values(values).returning(StatusSubscriber.__table__.c.id)
        return int((await session.execute(made)).scalar_one())


async def make_identity(owner: Actor, subject: str = "s-1") -> int:
    """A linked identity at GitHub; returns its id."""
    values = {"provider": "github", "issuer": "https://github.com", "subject": subject, "name": owner.username}
    async with transaction() as session:
        made = insert(Identity).values(user_id=owner.user_id, **values).returning(Identity.id)
        return (await session.execute(made)).scalar_one()


async def make_incident(check_id: int, **fields: Any) -> int:
    """An open incident by default; returns its id."""
    values = {"check_id": check_id, "opened_at": datetime.now(UTC), "reason": "HTTP 500"} | fields
    async with transaction() as session:
        return (await session.execute(insert(Incident).values(values).returning(Incident.id))).scalar_one()


async def make_maintenance(project_id: int | None, *check_ids: int, **fields: Any) -> int:
    """Maintenance of these checks that is on now by default; returns its id."""
    now = datetime.now(UTC)
    period = {"starts_at": now - timedelta(hours=1), "ends_at": now + timedelta(hours=1)}
    values = {"project_id": project_id, "title": "Upgrade"} | period | fields
    async with transaction() as session:
        made = insert(MaintenanceWindow).values(values).returning(MaintenanceWindow.id)
        window_id = (await session.execute(made)).scalar_one()
        rows = [{"window_id": window_id, "check_id": check_id} for check_id in check_ids]
        await session.execute(insert(MaintenanceCheck), rows)
        return window_id

"""Service functions that erase a person: the account stays as "Erased user 7", so that history keeps its references.

The list of all places is in `copies`, the rules for events in `scrubbing`.
"""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import orjson
from sqlalchemy import bindparam, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.session import lock, take_time
from tca_app.core.errors import Conflict, NotFound
from tca_app.core.events.log import emit
from tca_app.core.jobs.queue import enqueue
from tca_app.core.language.messages import _
from tca_app.features.auth import service as auth
from tca_app.features.auth.step_up import require_recent_proof
from tca_app.features.notifications import service as notifications
from tca_app.features.personal_data.copies import DELETED, FREE_TEXTS
from tca_app.features.personal_data.events import UserErased
from tca_app.features.personal_data.log_erasure import erase_log
from tca_app.features.personal_data.names import find_person
from tca_app.features.personal_data.scrubbing import Person, label_of, pattern_of
from tca_app.features.users import policy, service as users
from tca_app.features.webhooks import delivery_log
from tca_app.models import Project, User

TASK = "erase_remains"
REMAINS_AFTER_S = 600.0  # longer than any transaction that was open during the erasure
NAMED_PROJECTS = 5
_users, _projects = User.__table__.c, Project.__table__.c


async def require_erasure(session: AsyncSession, actor: Actor, user_id: int) -> str:
    """Returns the username. Raises what `erase_user` would raise, so that a page can say it before it asks."""
    _, username = await _find(session, actor, user_id, lock_row=False)
    return username


async def erase_user(session: AsyncSession, actor: Actor, user_id: int) -> None:
    """Erases a person for good: yourself, or anybody as a superuser, also in the trash.

    Raises NotFound, ReauthenticationRequired, or Conflict for the last administrator and for an owner of projects.
    """
    await require_erasure(session, actor, user_id)  # first, so that nobody waits for a lock in vain
    await take_time(session)
    await users.lock_superusers(session)
    await lock(session, "erasure")  # two erasures at once could each bring back the names that the other replaced
    was_in_trash, _ = await _find(session, actor, user_id, lock_row=True)
    person = await find_person(session, user_id)
    await auth.revoke_user(session, actor, user_id, "account erased")
    await _delete_rows(session, person)
    await _clean_account(session, actor, user_id)
    await _clean_copies(session, person)
    by = replace(actor, username=person.label, full_name="", ip="") if actor.user_id == user_id else actor
    await _erase_log(session, by, person, was_in_trash=was_in_trash)
    await enqueue(session, TASK, REMAINS_AFTER_S, user_id=user_id)


async def erase_remains(session: AsyncSession, user_id: int) -> None:
    """Erases what a request of the person wrote while the account was being erased. Usually there is nothing."""
    await take_time(session)
    await lock(session, "erasure")
    person = Person(user_id)
    await _delete_rows(session, person)
    await _erase_log(session, None, person, was_in_trash=True)


async def _find(session: AsyncSession, actor: Actor, user_id: int, *, lock_row: bool) -> tuple[bool, str]:
    """Returns whether the account is in the trash, and its username, when it may be erased now."""
    policy.require(actor, "users.erase", user_id)
    await require_recent_proof(session, actor, is_credential=True)
    columns = (_users.id, _users.username, _users.is_active, _users.is_superuser, _users.deleted_at)
    statement = select(*columns).where(_users.id == user_id, _users.kind == "person", _users.erased_at.is_(None))
    row = (await session.execute(statement.with_for_update() if lock_row else statement)).first()
    if row is None:
        raise NotFound
    if row.deleted_at is None:
        await users.keep_a_superuser(session, row)
    await _refuse_owner(session, user_id, row.username)
    return row.deleted_at is not None, row.username


async def _refuse_owner(session: AsyncSession, user_id: int, username: str) -> None:
    """Raises Conflict with the projects that need another owner first. Those in the trash count."""
    owned = select(_projects.name, func.count().over()).where(_projects.owner_id == user_id).order_by(_projects.name)
    rows = (await session.execute(owned.limit(NAMED_PROJECTS))).all()
    if rows:
        names, total = ", ".join(name for name, _ in rows), rows[0][1]
        more = f" and {total - len(rows)} more" if total > len(rows) else ""
        raise Conflict(
            _(
                "{username} owns {names}{more}. Transfer them to another owner first.",
                username=username,
                names=names,
                more=more,
            )
        )


_MENTIONED = text(
    "UPDATE deployment_comments SET body = "
    "regexp_replace(body, '(?<![\\w@./+-])@' || username || '(?![\\w@])', :label, 'gi') "
    "FROM comment_mentions WHERE comment_id = deployment_comments.id AND comment_mentions.user_id = :id"
)


async def _delete_rows(session: AsyncSession, person: Person) -> None:
    await session.execute(_MENTIONED, {"id": person.id, "label": person.label})
    for column in DELETED:
        await session.execute(delete(column.table).where(column == person.id))


async def _clean_account(session: AsyncSession, actor: Actor, user_id: int) -> None:
    values = {
        "email": f"erased-{user_id}",
        "username": f"erased-{user_id}",
        "full_name": label_of(user_id),
        "pending_email": "",
        "hashed_password": None,
        "must_change_password": False,
        "is_active": False,
        "is_superuser": False,
        "superuser_since": None,
        "last_login_at": None,
        "time_zone": None,
        "locale": None,
        "language": None,
        "auth_version": _users.auth_version + 1,
        "version": _users.version + 1,
        "updated_by_id": actor.user_id,
        "updated_at": func.now(),
        "deleted_at": func.coalesce(_users.deleted_at, func.now()),
        "erased_at": func.now(),
    }
    await session.execute(update(User.__table__).where(_users.id == user_id).values(values))
    auth.forget_person(session, user_id)


async def _erase_log(session: AsyncSession, actor: Actor | None, person: Person, *, was_in_trash: bool) -> None:
    erasure = uuid4()
    done = await erase_log(session, person, erasure)
    await notifications.renew(session, done.events)
    await delivery_log.empty_bodies(session, [event.id for event in done.events])
    if done.events or actor is not None:
        about: dict[str, Any] = {"subject_id": person.id, "subject_name": person.label}
        about |= {"erasure": str(erasure), "events": len(done.events), "digest": done.digest}
        await emit(session, actor, UserErased(**about, was_in_trash=was_in_trash))


_BY_EMAIL = tuple(
    text(statement)
    for statement in (
        "DELETE FROM one_time_tokens WHERE lower(email) = ANY(:emails)",
        "DELETE FROM invitations WHERE lower(email) = ANY(:emails)",
        "DELETE FROM status_subscribers WHERE lower(email) = ANY(:emails)",
        "DELETE FROM procrastinate_jobs WHERE lower(args ->> 'email') = ANY(:emails) AND status <> 'doing'",
        "DELETE FROM import_faults WHERE EXISTS "
        "(SELECT FROM jsonb_array_elements_text(cells) AS cell WHERE lower(cell) = ANY(:emails))",
        "DELETE FROM imports WHERE state = 'preview' AND EXISTS (SELECT FROM unnest(CAST(:emails AS text[])) AS email "
        "WHERE strpos(lower(convert_from(content, 'UTF8')), email) > 0)",
    )
)
_INVITED_BY = text(
    "UPDATE invitations SET revoked_at = now(), token_hash = NULL "
    "WHERE invited_by_id = :id AND accepted_at IS NULL AND revoked_at IS NULL"
)
_REPORTED = text("UPDATE deployments SET reporter = :label WHERE lower(reporter) = ANY(:logins)")
_COMMITTED = text("UPDATE github_commits SET author = :label WHERE lower(author) = ANY(:logins)")
_ENDED_BY = text(
    "UPDATE auth_sessions SET revoked_reason = split_part(revoked_reason, ' by ', 1) || ' by ' || :label "
    "WHERE lower(split_part(revoked_reason, ' by ', 2)) = ANY(:names)"
)
_CONTAINS = "EXISTS (SELECT FROM unnest(CAST(:words AS text[])) AS word WHERE strpos(lower({}), word) > 0)"
_FORGET_ANSWERS = text(f"DELETE FROM idempotency_keys WHERE {_CONTAINS.format('answer')}")  # noqa: S608
_JOBS = text(f"SELECT id, args FROM procrastinate_jobs WHERE {_CONTAINS.format('CAST(args AS text)')}")  # noqa: S608
_SET_ARGS = text("UPDATE procrastinate_jobs SET args = :args WHERE id = :id").bindparams(bindparam("args", type_=JSONB))
_FAILURES = text("UPDATE job_failures SET error = regexp_replace(error, :found, :label, 'gi') WHERE error ~* :found")


async def _clean_copies(session: AsyncSession, person: Person) -> None:
    values: dict[str, Any] = {"id": person.id, "label": person.label, "names": [name.lower() for name in person.names]}
    values |= {"emails": sorted(person.emails), "logins": sorted(person.logins)}
    for statement in (*_BY_EMAIL, _INVITED_BY, _REPORTED, _COMMITTED, _ENDED_BY):
        await session.execute(statement, values)
    words = {phrase.lower() for phrase in person.phrases}
    quoted = {orjson.dumps(name.lower()).decode() for name in person.names}
    await session.execute(_FORGET_ANSWERS, {"words": sorted(words | quoted)})
    for job_id, args in (await session.execute(_JOBS, {"words": sorted(words | quoted)})).all():
        await session.execute(_SET_ARGS, {"id": job_id, "args": person.scrub(args, is_named=True)})
    found = {"found": pattern_of(person.phrases), "label": person.label}
    await session.execute(_FAILURES, found)
    for table, columns in FREE_TEXTS.items():
        await session.execute(_scrub_texts(table, columns), found)


def _scrub_texts(table: str, columns: tuple[str, ...]) -> Any:  # noqa: ANN401  a statement
    changes = ", ".join(f"{name} = regexp_replace({name}, :found, :label, 'gi')" for name in columns)
    some = " OR ".join(f"{name} ~* :found" for name in columns)
    return text(f"UPDATE {table} SET {changes} WHERE {some}")  # noqa: S608  names of the list

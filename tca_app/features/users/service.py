"""Service functions for users: the only place that creates, updates, deletes and restores accounts."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal, Protocol

from sqlalchemy import Select, bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tca_app.core.actor import Actor
from tca_app.core.database.concurrency import VersionedRow, changed_fields, check_version, fields_of
from tca_app.core.database.session import lock, refuse_duplicates
from tca_app.core.display_name import display_name
from tca_app.core.errors import Conflict, Invalid, NotFound, PasswordChangeRequired
from tca_app.core.events.log import emit
from tca_app.core.language.messages import N_, _
from tca_app.core.security.tokens import hash_password, password_fault
from tca_app.features.auth import one_time_tokens, service as auth, throttle
from tca_app.features.auth.policy import require_own
from tca_app.features.auth.step_up import confirm_password, require_recent_proof
from tca_app.features.projects import service as projects
from tca_app.features.users import email_change, events, policy
from tca_app.features.users.queries import (
    COLUMNS,
    MEMBERSHIPS as MEMBERSHIPS,
    get_user as get_user,
    list_memberships as list_memberships,
    list_users as list_users,
    search_people as search_people,
    user_read,
)
from tca_app.features.users.schemas import UserCreate, UserRead, UserUpdate
from tca_app.models import User
from tca_app.models.user import changed_by

SENSITIVE = ("email", "is_superuser")  # changing them needs a recent proof of identity, as changing a password does


class _UserRow(VersionedRow, Protocol):
    """A row of `_one`."""

    id: int
    email: str
    username: str
    full_name: str
    pending_email: str
    is_active: bool
    is_superuser: bool
    must_change_password: bool
    language: str | None
    hashed_password: str | None


Lock = Literal["change", "remove"] | None
UNIQUE = {
    "uq_users_email": ("email", email_change.TAKEN),
    "uq_users_username": ("username", N_("This username is taken.")),
}


async def create_user(session: AsyncSession, actor: Actor, data: UserCreate) -> UserRead:
    """Creates a user. Raises Conflict (email or username taken) or Invalid (weak password), each at its field."""
    policy.require(actor, "users.create")
    if data.is_superuser:
        await require_recent_proof(session, actor, is_credential=True)
    return await insert_user(session, data, actor)


async def insert_user(session: AsyncSession, data: UserCreate, actor: Actor | None) -> UserRead:
    """Inserts a user without a permission check. The setup and the commands use it too."""
    await _refuse_weak(data.password, data.username, data.email, data.full_name)
    fields = data.model_dump(exclude={"password"})
    fields |= {"hashed_password": await hash_password(data.password), "updated_by_id": actor.user_id if actor else None}
    with refuse_duplicates(UNIQUE):
        made = user_read((await session.execute(insert(User).values(fields).returning(*COLUMNS))).one())
    await emit(session, actor, events.UserCreated(**subject_of(made), after=fields_of(made, RECORDED)))
    return made


RECORDED = ("email", "username", "full_name", "is_active", "is_superuser")
CHANGED = (*RECORDED, "time_zone", "locale", "language")


def subject_of(user: UserRead) -> dict[str, Any]:
    return {"subject_id": user.id, "subject_name": display_name(user)}


async def _refuse_weak(password: str, *words: str) -> None:
    fault = password_fault(password, *words)
    if fault:
        raise Invalid.at("password", fault)


def _require_own_credentials(actor: Actor, before: "_UserRow", given: Mapping[str, Any], password: str | None) -> None:
    if password:
        require_own(actor, "password.change")
    if "email" in given and (given["email"] != before.email or before.pending_email):
        require_own(actor, "email.change")


def _is_sensitive(before: "_UserRow", given: Mapping[str, Any]) -> bool:
    """Returns whether a change needs a proof: of the address or the role, also by activating an administrator."""
    is_back = given.get("is_active", False) and before.is_superuser and not before.is_active
    return is_back or any(given.get(name, before._mapping[name]) != before._mapping[name] for name in SENSITIVE)


def _refuse_same(before: "_UserRow", password: str, current_password: str | None) -> None:
    if before.must_change_password and password == current_password:
        raise Invalid.at("password", _("Choose another password than the current one."))


async def update_user(
    session: AsyncSession, actor: Actor, user_id: int, data: UserUpdate, if_version: int | None = None
) -> UserRead:
    """Updates the given fields. Raises Stale, Conflict (taken, last administrator), WrongPassword, Forbidden."""
    policy.require(actor, "users.update", user_id)
    given = data.given()
    policy.require_fields(actor, given)
    if actor.must_change_password and not given.keys() <= {"password", "current_password"}:
        raise PasswordChangeRequired
    current_password, password = given.pop("current_password", None), given.pop("password", None)
    before = await _find(session, user_id)
    _require_own_credentials(actor, before, given, password)
    is_own = user_id == actor.user_id and (password or given.get("email", before.email) != before.email)
    if is_own and before.hashed_password is not None:
        await confirm_password(session, actor, before.hashed_password, current_password, "current_password")
    elif password or _is_sensitive(before, given):
        await require_recent_proof(session, actor, is_credential=True)
    if password:
        names = {name: given.get(name, before._mapping[name]) for name in ("username", "email", "full_name")}
        await _refuse_weak(password, *names.values())
        given["hashed_password"] = await hash_password(password)
        if user_id == actor.user_id:
            _refuse_same(before, password, current_password)
            given["must_change_password"] = False
    if given.get("is_active") is False or given.get("is_superuser") is False:
        await lock_superusers(session)
    row = await _find(session, user_id, "change")
    check_version(row, given, if_version)
    if "email" in given:
        given["pending_email"] = ""
    if user_id == actor.user_id and given.get("email", row.email) != row.email:
        await email_change.count_attempt(user_id)
        if email_change.is_confirmed_by_mail():
            given["pending_email"] = given.pop("email")
            await email_change.ask_for_confirmation(session, user_id, given["pending_email"])
    return await _write(session, actor, row, given)


async def confirm_email(session: AsyncSession, token: str, viewer: Actor | None) -> UserRead:
    """Changes the email to the address whose link was opened. Ends the sessions of the user except the viewer's.

    Raises ConfirmationExpired, or Conflict when someone else has the address by now.
    """
    if viewer is not None:
        require_own(viewer, "email.confirm")
    found = await one_time_tokens.redeem(session, email_change.PURPOSE, token)
    if found is None or found.user_id is None:
        raise email_change.ConfirmationExpired
    row = await _find(session, found.user_id, "change")
    if row.pending_email != found.email:
        raise email_change.ConfirmationExpired
    owner = Actor(row.id, row.username, row.full_name, row.is_superuser)
    if viewer is not None and viewer.user_id == owner.user_id:
        owner = viewer
    return await _write(session, owner, row, {"email": found.email, "pending_email": ""})


async def set_forgotten_password(session: AsyncSession, owner: Actor, password: str) -> None:
    """Sets the password of a user who proved by a link in a mail who they are. Ends all their sessions."""
    row = await _find(session, owner.user_id, "change")
    await _refuse_weak(password, row.username, row.email, row.full_name)
    change = {"hashed_password": await hash_password(password), "must_change_password": False}
    await _write(session, owner, row, change)
    await throttle.forget_account(session, owner.user_id)


@lru_cache(maxsize=8)
def _one(lock_row: Lock, deleted: bool) -> Select[Any]:
    """Returns the statement for one user. Cached, because building it takes longer than running it."""
    in_trash = col(User.deleted_at).is_not(None) if deleted else col(User.deleted_at).is_(None)
    is_person = (col(User.kind) == "person") & col(User.erased_at).is_(None)
    statement = select(*COLUMNS, col(User.hashed_password), *changed_by(User.__table__))
    statement = statement.where(col(User.id) == bindparam("user_id"), is_person, in_trash)
    return statement.with_for_update(of=User, key_share=lock_row == "change") if lock_row else statement


async def _find(session: AsyncSession, user_id: int, lock_row: Lock = None, *, deleted: bool = False) -> _UserRow:
    """Returns a user with the name of who changed it last. `lock_row` locks the row until the transaction ends.

    The lock "removes" makes rows that refer to this one wait, so nobody becomes an owner while being deleted.
    """
    row = (await session.execute(_one(lock_row, deleted), {"user_id": user_id})).first()
    if row is None:
        raise NotFound
    return row


async def lock_superusers(session: AsyncSession) -> None:
    """Serializes transactions that may remove a superuser, so that two of them cannot remove the last two.

    Take this lock before the lock on a user's row. The other order can deadlock.
    """
    await lock(session, "superusers")


async def keep_a_superuser(session: AsyncSession, row: _UserRow) -> None:
    """Raises Conflict when this is the last active administrator. Take `lock_superusers` first."""
    if not (row.is_superuser and row.is_active):
        return
    others = select(col(User.id)).where(
        col(User.id) != row.id, col(User.is_superuser), col(User.is_active), col(User.deleted_at).is_(None)
    )
    if (await session.execute(others.limit(1))).first() is None:
        raise Conflict(
            _("{name} is the last active administrator. Make someone else an administrator first.", name=row.username)
        )


async def _write(session: AsyncSession, actor: Actor, row: _UserRow, given: Mapping[str, Any]) -> UserRead:
    changed = changed_fields(row, given)
    if not changed:
        return UserRead.model_validate(row)
    loses_rights = changed.get("is_active") is False or changed.get("is_superuser") is False
    if loses_rights:
        await keep_a_superuser(session, row)
    if changed.get("is_superuser"):
        changed["superuser_since"] = func.now()
    cut_off = loses_rights or "hashed_password" in changed or "email" in changed
    keep = actor.session_id if row.id == actor.user_id and not loses_rights else 0
    if cut_off and not keep:
        changed["auth_version"] = User.auth_version + 1
    after = await _store(session, actor, row.id, changed)
    await _emit_changes(session, actor, row, after, changed)
    if "email" in changed:
        await email_change.tell_old_address(session, row.id, row.email)
    if "hashed_password" in changed or "email" in changed:
        await one_time_tokens.withdraw_all(session, row.id)
    if cut_off:
        await auth.revoke_user(session, actor, row.id, f"account changed by {actor.username}", keep=keep)
    return after


async def _emit_changes(
    session: AsyncSession, actor: Actor, before: _UserRow, after: UserRead, changed: Mapping[str, Any]
) -> None:
    """Emits the events of an update: one for the password, one for `is_active`, one for all other fields."""
    if "hashed_password" in changed:
        await emit(session, actor, events.PasswordChanged(**subject_of(after)))
    if "is_active" in changed:
        kind = events.UserActivated if after.is_active else events.UserDeactivated
        await emit(session, actor, kind(**subject_of(after)))
    rest = [name for name in changed if name in CHANGED and name != "is_active"]
    if rest:
        fields = {"before": fields_of(before, rest), "after": fields_of(after, rest)}
        await emit(session, actor, events.UserUpdated(**subject_of(after), **fields))


async def _store(session: AsyncSession, actor: Actor, user_id: int, values: Mapping[str, Any]) -> UserRead:
    statement = (
        update(User)
        .where(col(User.id) == user_id)
        .values(**values, version=User.version + 1, updated_by_id=actor.user_id)
        .returning(*COLUMNS)
        .execution_options(synchronize_session=False)
    )
    auth.forget_person(session, user_id)
    with refuse_duplicates(UNIQUE):
        return user_read((await session.execute(statement)).one())


async def delete_user(
    session: AsyncSession, actor: Actor, user_id: int, transfer_to: int | None = None, if_version: int | None = None
) -> None:
    """Moves a user to the trash. `transfer_to` gets their projects; without it, raises Conflict if they own any."""
    policy.require(actor, "users.delete")
    await lock_superusers(session)
    row = await _find(session, user_id, "remove")
    check_version(row, {}, if_version)
    await keep_a_superuser(session, row)
    if user_id == actor.user_id:
        raise Conflict(_("You cannot delete your own account. Ask another administrator."))
    await projects.hand_over_all(session, actor, row, transfer_to)
    after = await _store(session, actor, user_id, {"deleted_at": func.now(), "auth_version": User.auth_version + 1})
    await emit(session, actor, events.UserDeleted(**subject_of(after)))
    await auth.revoke_user(session, actor, user_id, f"deleted by {actor.username}")


async def restore_user(session: AsyncSession, actor: Actor, user_id: int) -> UserRead:
    """Restores a user from the trash with their role and memberships. Raises NotFound if not in the trash,
    ReauthenticationRequired for an administrator."""
    policy.require(actor, "users.restore")
    row = await _find(session, user_id, "change", deleted=True)
    if row.is_superuser:
        await require_recent_proof(session, actor, is_credential=True)
    after = await _store(session, actor, user_id, {"deleted_at": None})
    await emit(session, actor, events.UserRestored(**subject_of(after)))
    return after

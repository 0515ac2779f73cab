"""Imports users. A row is about the user with its username or its email address."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.config.settings import get_settings
from tca_app.core.actor import Actor
from tca_app.core.errors import Conflict
from tca_app.core.jobs.queue import enqueue
from tca_app.core.language.messages import N_, _
from tca_app.core.schema import Email, InputModel
from tca_app.features.auth import password_reset
from tca_app.features.imports.kinds.base import Faults, Options, Planned, flag, validated
from tca_app.features.imports.parsing import Record
from tca_app.features.invitations import service as invitations
from tca_app.features.invitations.schemas import InvitationCreate
from tca_app.features.users import provided_accounts, service as users
from tca_app.features.users.schemas import ImportedUser, UserUpdate
from tca_app.models import User

_users = User.__table__.c
_Found = Row[*tuple[Any, ...]]
FIELDS = ("email", "username", "full_name", "is_active", "is_superuser")
NO_MAIL = N_("Mail is off, so no one can be invited. Choose accounts instead.")


class _Invited(InputModel):
    email: Email


class Users:
    """Accounts, which get no password from the file: people choose their own."""

    columns: tuple[str, ...] = ("username", "full_name", "email", "is_superuser", "is_active")
    read_only: tuple[str, ...] = ("id", "last_login_at", "created_at", "updated_at", "deleted_at")
    template: tuple[dict[str, str], ...] = (
        {
            "username": "analopez",
            "full_name": "Ana Lopez",
            "email": "ana@example.com",
            "is_superuser": "false",
            "is_active": "true",
        },
    )

    def keys_of(self, values: dict[str, str]) -> list[tuple[str, str]]:
        return [(name, values[name].casefold()) for name in ("username", "email") if values.get(name)]

    async def plan(
        self, session: AsyncSession, actor: Actor, options: Options, records: Sequence[Record]
    ) -> list[Planned]:
        keys = [key for record in records for key in self.keys_of(record.values)]
        usernames = [value for name, value in keys if name == "username"]
        emails = [value for name, value in keys if name == "email"]
        columns = (*(_users[name] for name in FIELDS), _users.id, _users.kind, _users.deleted_at)
        lowered = func.lower(_users.username)
        rows = await session.execute(select(*columns).where(or_(_users.email.in_(emails), lowered.in_(usernames))))
        found: dict[tuple[str, str], _Found] = {}
        for row in rows:
            found |= {("email", row.email): row, ("username", row.username.lower()): row}
        return [
            _planned(actor, options, record, [found.get(key) for key in self.keys_of(record.values)])
            for record in records
        ]

    async def prepare(self, session: AsyncSession, actor: Actor, options: Options) -> None:
        """Without this lock first, two imports that change users in another order could deadlock."""
        if options.new_users == "invitation" and not get_settings().has_mail:
            raise Conflict(_(NO_MAIL))
        await users.lock_superusers(session)

    async def apply(self, session: AsyncSession, actor: Actor, options: Options, planned: Planned) -> None:
        if planned.action == "changed":
            await users.update_user(session, actor, planned.row_id, UserUpdate(**planned.values))
        elif options.new_users == "invitation":
            await invitations.invite(session, actor, InvitationCreate(emails=[planned.values["email"]]))
        else:
            made = await provided_accounts.import_user(session, actor, ImportedUser(**planned.values))
            if options.new_users == "link" and made.is_active and get_settings().has_mail:
                await enqueue(session, password_reset.NEW_ACCOUNT_TASK, user_id=made.id, actor_id=actor.user_id)


def _planned(actor: Actor, options: Options, record: Record, found: list[_Found | None]) -> Planned:
    faults = Faults()
    values: dict[str, Any] = {name: record.values[name] for name in FIELDS if name in record.values}
    flag(values, "is_active", faults)
    flag(values, "is_superuser", faults)
    rows = {row.id: row for row in found if row is not None}
    if not rows:
        return faults.refuse(Planned(record, "new", values=_new(options, values, faults)))
    if len(rows) > 1:
        faults.add(_("The username and the email address belong to two different users."))
    if any(row.deleted_at is not None or row.kind != "person" for row in rows.values()):
        faults.add(_("A user in the trash has this username or email address. Restore them first."))
    return faults.refuse(_existing(actor, options, record, values, next(iter(rows.values())), faults))


def _existing(
    actor: Actor, options: Options, record: Record, values: dict[str, Any], row: _Found, faults: Faults
) -> Planned:
    if options.existing == "skip":
        return Planned(record, "unchanged", row_id=row.id)
    filled = {name: value for name, value in values.items() if value != "" or name == "full_name"}
    given = validated(UserUpdate, filled, faults)
    changed = {name: value for name, value in given.items() if row._mapping[name] != value}
    if row.id == actor.user_id and not {"email", "is_active", "is_superuser"}.isdisjoint(changed):
        faults.add(_("This is your own account. Change it in Settings."))
    return Planned(record, "changed" if changed else "unchanged", row_id=row.id, values=changed)


def _new(options: Options, values: dict[str, Any], faults: Faults) -> dict[str, Any]:
    if options.new_users != "invitation":
        return validated(ImportedUser, values, faults)
    if values.get("is_superuser") or values.get("is_active") is False:
        faults.add(_("Invited people become active users who are no administrators. Choose accounts instead."))
    return validated(_Invited, {"email": values.get("email", "")}, faults)

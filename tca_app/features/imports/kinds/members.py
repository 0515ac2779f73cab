"""Imports members of a project. A row is about the user with its username; addresses would reveal accounts."""

from collections.abc import Sequence
from typing import Any, get_args

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.language.messages import N_, _
from tca_app.features.imports.kinds.base import Faults, Options, Planned
from tca_app.features.imports.parsing import Record
from tca_app.features.projects import policy, service as projects, team
from tca_app.features.projects.schemas import GrantedRole, MemberUpdate, TeamMember
from tca_app.models import ProjectMember, User

_users, _members = User.__table__.c, ProjectMember.__table__.c
_Found = Row[*tuple[Any, ...]]
ROLES: tuple[str, ...] = get_args(GrantedRole)
UNKNOWN = N_("There is no active user with this username.")


class Members:
    """Members of one project. Nobody is removed."""

    columns: tuple[str, ...] = ("username", "role")
    read_only: tuple[str, ...] = ("user_id", "full_name", "is_active", "by_groups", "created_at")
    template: tuple[dict[str, str], ...] = (
        {"username": "analopez", "role": "deployer"},
        {"username": "bobkim", "role": "viewer"},
    )

    def keys_of(self, values: dict[str, str]) -> list[tuple[str, str]]:
        return [("username", values["username"].lower())] if values.get("username") else []

    async def plan(
        self, session: AsyncSession, actor: Actor, options: Options, records: Sequence[Record]
    ) -> list[Planned]:
        names = [record.values.get("username", "").lower() for record in records]
        mine = select(_members.role).where(_members.project_id == options.project_id, _members.user_id == actor.user_id)
        my_role = (await session.execute(mine)).scalar()
        rows = (
            select(_users.id, func.lower(_users.username).label("name"), _users.is_active, _members.role)
            .outerjoin(
                ProjectMember.__table__,
                (_members.user_id == _users.id) & (_members.project_id == options.project_id),
            )
            .where(func.lower(_users.username).in_(names), _users.deleted_at.is_(None), _users.kind == "person")
        )
        found = {row.name: row for row in await session.execute(rows)}
        return [
            _planned(actor, my_role, options, record, found.get(name))
            for record, name in zip(records, names, strict=True)
        ]

    async def prepare(self, session: AsyncSession, actor: Actor, options: Options) -> None:
        """Locks the project, so that the roles in it stay as they are during a batch."""
        await projects.find_project(session, actor, "members.write", options.project_id)

    async def apply(self, session: AsyncSession, actor: Actor, options: Options, planned: Planned) -> None:
        role = planned.values["role"]
        if planned.action == "new":
            await team.add_member(session, actor, options.project_id, TeamMember(user_id=planned.row_id, role=role))
        else:
            await team.change_member(session, actor, options.project_id, planned.row_id, MemberUpdate(role=role))


def _planned(actor: Actor, my_role: str | None, options: Options, record: Record, row: _Found | None) -> Planned:
    faults = Faults()
    if not record.values.get("username"):
        faults.add(f"username: {_('Required.')}")
    elif row is None or (row.role is None and not row.is_active):
        faults.add(f"username: {_(UNKNOWN)}")
    user_id, before = (row.id, row.role) if row is not None else (0, None)
    role = record.values.get("role", "").lower() or before or "viewer"
    if before is not None and (role == before or options.existing == "skip"):
        return faults.refuse(Planned(record, "unchanged", row_id=user_id))
    if "owner" in (role, before):
        faults.add(f"role: {_('Transfer the project to change its owner.')}")
    elif role not in ROLES:
        faults.add(f"role: {_('Use {names}.', names=', '.join(ROLES))}")
    else:
        with faults:
            policy.require(actor, policy.grant_action(*filter(None, (role, before))), my_role)
    return faults.refuse(Planned(record, "changed" if before else "new", row_id=user_id, values={"role": role}))

"""Demo groups: two sets of people, each a member of a few projects."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.events.log import Event
from tca_app.features.groups import events
from tca_app.features.groups.membership import refresh_roles
from tca_app.models import Group, GroupMember, ProjectGroup

Row = dict[str, Any]


class _Group(NamedTuple):
    name: str
    description: str
    role: str
    projects: tuple[str, ...]
    size: int


GROUPS = (
    _Group(
        "Platform on-call",
        "Engineers on call for the shared infrastructure.",
        "deployer",
        ("Kubernetes Base", "Terraform Modules", "CI Runners", "DNS Manager", "Secrets Vault"),
        6,
    ),
    _Group("Auditors", "Read access to what touches money.", "viewer", ("Billing API", "Ledger", "Tax Engine"), 3),
)


async def form_groups(
    session: AsyncSession, now: datetime, admin: Row, at_work: list[Row], projects: list[Row]
) -> list[tuple[datetime, Event]]:
    """Add the groups that do not exist yet. Returns what happened, with its time."""
    happened: list[tuple[datetime, Event]] = []
    start = 0
    for group in GROUPS:
        people, start = at_work[start : start + group.size], start + group.size
        joined = [p for p in projects if p["name"] in group.projects and not p["deleted_at"]]
        at = min(now, max(row["created_at"] for row in (admin, *people, *joined)) + timedelta(hours=1))
        own = {"name": group.name, "description": group.description}
        put = insert(Group.__table__).values(**own, created_at=at, updated_at=at, updated_by_id=admin["id"])
        row = (await session.execute(put.on_conflict_do_nothing().returning(Group.__table__.c.id))).first()
        if row is None:
            continue
        members = [{"group_id": row.id, "user_id": person["id"]} for person in people]
        await session.execute(insert(GroupMember.__table__), members)
        roles = [{"group_id": row.id, "project_id": project["id"], "role": group.role} for project in joined]
        await session.execute(insert(ProjectGroup.__table__), roles)
        await refresh_roles(session, (project["id"] for project in joined))
        happened += ((at, event) for event in _tell(row.id, group, people, joined))
    return happened


def _tell(group_id: int, group: _Group, people: list[Row], projects: list[Row]) -> Iterator[Event]:
    about = {"subject_id": group_id, "subject_name": group.name}
    yield events.GroupCreated(**about, after={"name": group.name, "description": group.description})
    for person in people:
        yield events.GroupMemberAdded(**about, user_id=person["id"], user_name=person["full_name"])
    for project in projects:
        yield events.ProjectGroupAdded(
            subject_id=project["id"],
            subject_name=project["name"],
            project_id=project["id"],
            group_id=group_id,
            group_name=group.name,
            role=group.role,
        )

"""Imports projects. A row is about the project with its slug; without one it is that of the name."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.language.messages import _
from tca_app.features.imports.kinds.base import Faults, Options, Planned, validated
from tca_app.features.imports.parsing import Record
from tca_app.features.projects import policy, service as projects
from tca_app.features.projects.creation import SLUG_TAKEN, slug_of
from tca_app.features.projects.schemas import ProjectCreate, ProjectUpdate
from tca_app.models import Project, ProjectMember

_projects, _members = Project.__table__.c, ProjectMember.__table__.c
_Found = Row[*tuple[Any, ...]]
FIELDS = ("name", "slug", "description", "status", "repository_url", "color", "emoji")


class Projects:
    """Projects, whose owner is the importer."""

    columns: tuple[str, ...] = FIELDS
    read_only: tuple[str, ...] = (
        "id",
        "owner_id",
        "owner_username",
        "owner_full_name",
        "member_count",
        "my_role",
        "created_at",
        "updated_at",
        "deleted_at",
    )
    template: tuple[dict[str, str], ...] = (
        {
            "name": "Billing API",
            "slug": "billing-api",
            "description": "Invoices and payments.",
            "status": "active",
            "repository_url": "https://git.example.com/billing",
            "color": "teal",
            "emoji": "",
        },
    )

    def keys_of(self, values: dict[str, str]) -> list[tuple[str, str]]:
        slug = _slug(values)
        return [("slug", slug)] if slug else []

    async def plan(
        self, session: AsyncSession, actor: Actor, options: Options, records: Sequence[Record]
    ) -> list[Planned]:
        slugs = [_slug(record.values) for record in records]
        role = select(_members.role).where(_members.project_id == _projects.id, _members.user_id == actor.user_id)
        columns = (_projects.id, _projects.deleted_at, *(_projects[name] for name in FIELDS))
        rows = select(*columns, role.scalar_subquery().label("my_role")).where(_projects.slug.in_(slugs))
        found = {row.slug: row for row in await session.execute(rows)}
        return [_planned(actor, options, record, found.get(slug)) for record, slug in zip(records, slugs, strict=True)]

    async def prepare(self, session: AsyncSession, actor: Actor, options: Options) -> None:
        policy.require(actor, "projects.create")

    async def apply(self, session: AsyncSession, actor: Actor, options: Options, planned: Planned) -> None:
        if planned.action == "new":
            await projects.create_project(session, actor, ProjectCreate(**planned.values))
        else:
            await projects.update_project(session, actor, planned.row_id, ProjectUpdate(**planned.values))


def _slug(values: dict[str, str]) -> str:
    name = values.get("name", "")
    return values.get("slug", "") or (slug_of(name) if name else "")


def _planned(actor: Actor, options: Options, record: Record, row: _Found | None) -> Planned:
    faults = Faults()
    return faults.refuse(_checked(actor, options, record, row, faults))


def _checked(actor: Actor, options: Options, record: Record, row: _Found | None, faults: Faults) -> Planned:
    values: dict[str, Any] = {name: record.values[name] for name in FIELDS if name in record.values}
    if row is None:
        if actor.token_project_id:
            faults.add(_("A token of a project cannot create projects."))
        values |= {"slug": _slug(record.values)}
        # An empty status is that of the form.
        return Planned(record, "new", values=validated(ProjectCreate, _without_empty(values, "status"), faults))
    if row.deleted_at is not None or not policy.may(actor, "projects.read", row.my_role):
        # Nothing more is said of a project that the importer may not see.
        faults.add(f"slug: {_(SLUG_TAKEN)}")
        validated(ProjectCreate, _without_empty(values, "status"), faults)
        return Planned(record, "new")
    if options.existing == "skip":
        return Planned(record, "unchanged", row_id=row.id)
    given = validated(ProjectUpdate, _without_empty(values, "name", "slug", "status"), faults)
    changed = {name: value for name, value in given.items() if row._mapping[name] != value}
    for name, value in changed.items():
        with faults:
            policy.require(actor, policy.change_action(name, row._mapping[name], value), row.my_role)
    return Planned(record, "changed" if changed else "unchanged", row_id=row.id, values=changed)


def _without_empty(values: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value != "" or name not in names}

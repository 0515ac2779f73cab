"""Every order of every list: descending is the reverse of ascending, with the empty values last in both."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from tca_app.core.actor import Actor
from tca_app.core.database.session import reading
from tca_app.features.deployments.listing.queries import list_deployments
from tca_app.features.deployments.listing.schemas import DeploymentQuery
from tca_app.features.health.incidents.listing import list_incidents
from tca_app.features.health.incidents.schemas import IncidentQuery
from tca_app.features.health.listing import list_checks
from tca_app.features.health.maintenance.listing import list_windows
from tca_app.features.health.maintenance.schemas import MaintenanceQuery
from tca_app.features.health.schemas import CheckQuery
from tca_app.features.invitations.queries import list_invitations
from tca_app.features.invitations.schemas import InvitationQuery
from tca_app.features.projects.listing.queries import list_projects
from tca_app.features.projects.schemas import ProjectQuery
from tca_app.features.tokens.listing import list_all_tokens
from tca_app.features.tokens.schemas import TokenQuery
from tca_app.features.users.queries import list_users
from tca_app.features.users.schemas import UserQuery
from tests.factories import (
    make_admin,
    make_check,
    make_deployment,
    make_incident,
    make_invitation,
    make_maintenance,
    make_project,
    make_token,
    make_user,
)

LISTS: dict[str, tuple[Callable[..., Awaitable[Any]], type[BaseModel]]] = {
    "users": (list_users, UserQuery),
    "projects": (list_projects, ProjectQuery),
    "deployments": (list_deployments, DeploymentQuery),
    "tokens": (list_all_tokens, TokenQuery),
    "invitations": (list_invitations, InvitationQuery),
    "incidents": (list_incidents, IncidentQuery),
    "maintenance": (list_windows, MaintenanceQuery),
    "checks": (list_checks, CheckQuery),
}
SORTS = [(name, sort) for name, (_, query) in LISTS.items() for sort in get_args(query.model_fields["sort"].annotation)]
EMPTY = {
    ("users", "last_login_at"),
    ("deployments", "duration"),
    ("projects", "my_role"),
    ("tokens", "last_used_at"),
    *(("incidents", name) for name in ("closed_at", "acknowledged_by")),
    *(("checks", name) for name in ("latency", "last_at", "certificate_until")),
    ("maintenance", "created_by"),
}


@pytest.fixture
async def admin() -> Actor:
    admin, ana = await make_admin("root"), await make_user("ana", full_name="Zoe Ana")
    for name, owner in (("Beta", admin), ("alpha", ana), ("Gamma", ana)):
        project_id = await make_project(owner, name)
        await make_token(ana, project_id if owner is ana else None)
        await make_invitation(owner, f"{name.lower()}@example.com")
        check_id = await make_check(project_id, f"{name} check")
        await make_incident(check_id)
        day = datetime.now(UTC) - timedelta(days=check_id)
        await make_incident(check_id, opened_at=day, closed_at=day + timedelta(hours=1), severity="minor")
        await make_maintenance(project_id, check_id, title=name, created_by_id=owner.user_id)
        await make_maintenance(project_id, check_id, starts_at=day, ends_at=day + timedelta(hours=1))
        for status in ("succeeded", "queued", "failed"):
            await make_deployment(project_id, "staging", status=status, version=f"{name}-{status}")
    return admin


async def _ids(admin: Actor, name: str, sort: str, **query: Any) -> list[int]:
    read, schema = LISTS[name]
    async with reading() as session:
        return [item.id for item in (await read(session, admin, schema(sort=sort, **query))).items]


@pytest.mark.parametrize(("name", "sort"), [pair for pair in SORTS if not pair[1].startswith("-")])
async def test_descending_is_the_reverse_of_ascending(admin: Actor, name: str, sort: str) -> None:
    up, down = await _ids(admin, name, sort), await _ids(admin, name, f"-{sort}")
    assert len(up) >= 2
    assert sorted(up) == sorted(down)
    if (name, sort) not in EMPTY:
        assert up == down[::-1]
    pages = [await _ids(admin, name, sort, skip=skip, limit=1) for skip in range(len(up))]
    assert [page[0] for page in pages] == up

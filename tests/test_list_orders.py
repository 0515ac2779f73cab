"""Every order of every list: descending is the reverse of ascending, with the empty values last in both."""

from collections.abc import Awaitable, Callable
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from tca_app.core.actor import Actor
from tca_app.core.database.session import reading
from tca_app.features.deployments.listing.queries import list_deployments
from tca_app.features.deployments.listing.schemas import DeploymentQuery
from tca_app.features.invitations.queries import list_invitations
from tca_app.features.invitations.schemas import InvitationQuery
from tca_app.features.projects.listing.queries import list_projects
from tca_app.features.projects.schemas import ProjectQuery
from tca_app.features.tokens.listing import list_all_tokens
from tca_app.features.tokens.schemas import TokenQuery
from tca_app.features.users.queries import list_users
from tca_app.features.users.schemas import UserQuery
from tests.factories import make_admin, make_deployment, make_invitation, make_project, make_token, make_user

LISTS: dict[str, tuple[Callable[..., Awaitable[Any]], type[BaseModel]]] = {
    "users": (list_users, UserQuery),
    "projects": (list_projects, ProjectQuery),
    "deployments": (list_deployments, DeploymentQuery),
    "tokens": (list_all_tokens, TokenQuery),
    "invitations": (list_invitations, InvitationQuery),
}
SORTS = [(name, sort) for name, (_, query) in LISTS.items() for sort in get_args(query.model_fields["sort"].annotation)]
EMPTY = {("users", "last_login_at"), ("deployments", "duration"), ("projects", "my_role"), ("tokens", "last_used_at")}


@pytest.fixture
async def admin() -> Actor:
    admin, ana = await make_admin("root"), await make_user("ana", full_name="Zoe Ana")
    for name, owner in (("Beta", admin), ("alpha", ana), ("Gamma", ana)):
        project_id = await make_project(owner, name)
        await make_token(ana, project_id if owner is ana else None)
        await make_invitation(owner, f"{name.lower()}@example.com")
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

"""Short lists: each order and its reverse, a file with the rows of the list, and for nobody who may not see it."""

import csv
import hashlib
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from pydantic import BaseModel
from sqlalchemy import insert, update

from tca_app.core.actor import Actor
from tca_app.core.database.session import transaction
from tca_app.features.auth.schemas import SessionQuery
from tca_app.features.ci.schemas import TrustQuery
from tca_app.features.environments.schemas import EnvironmentQuery
from tca_app.features.groups.schemas import GroupMemberQuery, ProjectGroupQuery
from tca_app.models import ApiToken, CiTrust, Environment, Group, GroupMember, ProjectGroup
from tca_app.ui.table.order import Order
from tests.factories import (
    bearer,
    make_admin,
    make_freeze,
    make_notification,
    make_project,
    make_token,
    make_trust,
    make_user,
)


async def listed(api: httpx.AsyncClient, header: dict[str, str], path: str, query: str = "") -> list[dict[str, Any]]:
    answer = await api.get(f"{path}?{query}", headers=header)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()
    return rows


async def lines(api: httpx.AsyncClient, header: dict[str, str], path: str, query: str = "") -> list[dict[str, str]]:
    answer = await api.get(f"{path}/export.csv?{query}", headers=header)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"].startswith("attachment")
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


class Filled(BaseModel):
    """A project with two or more rows of each list."""

    project_id: int
    group_id: int


@pytest.fixture
async def owner() -> Actor:
    return await make_user("ana")


@pytest.fixture
async def filled(owner: Actor) -> Filled:
    project_id, zoe = await make_project(owner, "Ledger"), await make_user("zoe", full_name="=Abe")
    for name in ("=nightly", "Release"):
        await make_trust(owner, project_id, name=name)
    async with transaction() as session:
        await session.execute(update(CiTrust).where(CiTrust.name == "Release").values(last_used_at=datetime.now(UTC)))
        environment = {"project_id": project_id, "rank": 90, "tier": "other"}
        await session.execute(insert(Environment).values(name="@canary", **environment))
        groups = insert(Group).returning(Group.id)
        ids = list((await session.execute(groups, [{"name": "=Beta"}, {"name": "alpha"}])).scalars())
        people = [{"group_id": ids[0], "user_id": who.user_id} for who in (owner, zoe)]
        await session.execute(insert(GroupMember), people)
        roles = zip(ids, ("viewer", "maintainer"), strict=True)
        await session.execute(
            insert(ProjectGroup), [{"project_id": project_id, "group_id": one, "role": role} for one, role in roles]
        )
    await make_freeze(project_id, why="+Christmas")
    return Filled(project_id=project_id, group_id=ids[0])


LISTS: dict[str, tuple[Callable[[Filled], str], type[BaseModel], str]] = {
    "environments": (lambda it: f"/api/v1/projects/{it.project_id}/environments", EnvironmentQuery, "'@canary"),
    "trusts": (lambda it: f"/api/v1/projects/{it.project_id}/ci-trusts", TrustQuery, "'=nightly"),
    "groups": (lambda it: f"/api/v1/projects/{it.project_id}/groups", ProjectGroupQuery, "'=Beta"),
    "people": (lambda it: f"/api/v1/groups/{it.group_id}/members", GroupMemberQuery, "'=Abe"),
}


@pytest.mark.parametrize("name", LISTS)
async def test_each_order_is_that_of_the_file(api: httpx.AsyncClient, owner: Actor, filled: Filled, name: str) -> None:
    where, query, defused = LISTS[name]
    path, header = where(filled), await bearer(await make_admin("root") if name == "people" else owner)
    key = {"groups": "group_id", "people": "user_id"}.get(name, "id")
    orders = Order.of("sort", query)
    found = {}
    for sort in orders.sorts:
        found[sort] = [row[key] for row in await listed(api, header, path, f"sort={sort}")]
        assert [int(row[key]) for row in await lines(api, header, path, f"sort={sort}")] == found[sort], sort
    assert [row[key] for row in await listed(api, header, path)] == found[orders.default]
    for sort in orders.sorts:
        if not sort.startswith("-") and sort != "last_used_at":  # what was never used is last in both directions
            assert found[sort] == found[f"-{sort}"][::-1], sort
    cells = [cell for row in await lines(api, header, path) for cell in row.values()]
    assert defused in cells
    assert (await api.get(f"{path}?sort=password", headers=header)).status_code == 422
    assert (await api.get(f"{path}/export.csv", headers=await bearer(await make_user()))).status_code in (403, 404)


async def test_an_order_is_by_the_value_that_is_shown(api: httpx.AsyncClient, owner: Actor, filled: Filled) -> None:
    header, project = await bearer(owner), f"/api/v1/projects/{filled.project_id}"
    trusts = await listed(api, header, f"{project}/ci-trusts", "sort=last_used_at")
    assert [row["name"] for row in trusts] == ["Release", "=nightly"]
    groups = await listed(api, header, f"{project}/groups", "sort=-role")
    assert [row["name"] for row in groups] == ["alpha", "=Beta"]
    tiers = await listed(api, header, f"{project}/environments", "sort=-tier")
    assert tiers[0]["name"] == "@canary"
    assert [row["why"] for row in await lines(api, header, f"{project}/freezes")] == ["'+Christmas"]


async def test_sessions_are_sorted_and_administrators_see_those_of_others(api: httpx.AsyncClient) -> None:
    ana, admin = await make_user("ana"), await make_admin("root")
    path, own = "/api/auth/sessions", await bearer(ana)
    await bearer(ana)
    orders = Order.of("sort", SessionQuery)
    for sort in orders.sorts[::2]:
        ids = [row["id"] for row in await listed(api, own, path, f"sort={sort}")]
        assert len(ids) == 2
        assert ids == [row["id"] for row in await listed(api, own, path, f"sort=-{sort}")][::-1], sort
        assert [int(row["id"]) for row in await lines(api, own, path, f"sort={sort}")] == ids
    of_ana = f"user_id={ana.user_id}"
    found = await lines(api, await bearer(admin), path, f"{of_ana}&sort=created_at")
    assert [int(row["id"]) for row in found] == [
        row["id"] for row in await listed(api, own, path, f"{of_ana}&sort=created_at")
    ]
    assert not [cell for row in found for cell in row.values() if "tca_" in cell or "." * 3 in cell]
    for end in ("", "/export.csv"):
        of_root = await api.get(f"{path}{end}?user_id={admin.user_id}", headers=own)
        assert of_root.status_code == 404


async def test_own_tokens_and_those_of_a_project_are_sorted_and_filtered(api: httpx.AsyncClient, owner: Actor) -> None:
    project_id, header = await make_project(owner), await bearer(owner)
    for where, of_project in (("/api/v1/tokens", None), (f"/api/v1/projects/{project_id}/tokens", project_id)):
        made = [(await make_token(owner, of_project, name=name))[0] for name in ("b", "=A", "c")]
        async with transaction() as session:
            await session.execute(update(ApiToken).where(ApiToken.id == made[2]).values(revoked_at=datetime.now(UTC)))
        for query, expected in (
            ("", [2, 1, 0]),
            ("sort=name", [1, 0, 2]),
            ("sort=-name&state=active", [0, 1]),
            ("state=revoked&state=expired", [2]),
            ("search=%3Da", [1]),
            ("search=TCA_&sort=-name&state=active", [0, 1]),
        ):
            ids = [row["id"] for row in await listed(api, header, where, query)]
            assert ids == [made[at] for at in expected], (where, query)
            assert [int(row["id"]) for row in await lines(api, header, where, query)] == ids
        assert "'=A" in [row["name"] for row in await lines(api, header, where)]
        assert (await api.get(f"{where}?sort=hash", headers=header)).status_code == 422


async def test_no_file_of_tokens_has_a_secret(api: httpx.AsyncClient, owner: Actor) -> None:
    project_id, admin = await make_project(owner), await bearer(await make_admin("root"))
    _, own = await make_token(owner, name="own")
    _, of_project = await make_token(owner, project_id, name="of project")
    header, project = await bearer(owner), f"/api/v1/projects/{project_id}/tokens"
    for who, where, names in (
        (header, "/api/v1/tokens", ["own"]),
        (header, project, ["of project"]),
        (admin, "/api/v1/admin/tokens", ["of project", "own"]),
    ):
        rows = await lines(api, who, where)
        assert [row["name"] for row in rows] == names
        assert not [name for name in rows[0] if "hash" in name or "token" in name]
        for given in (own, of_project):
            secret = given["Authorization"].removeprefix("Bearer ")
            hashed = hashlib.sha256(secret.encode()).hexdigest()
            assert not [row for row in rows if secret in str(row) or secret[12:] in str(row) or hashed in str(row)]


async def test_the_file_of_notifications_is_ones_own(api: httpx.AsyncClient) -> None:
    ana, bob = await make_user("ana"), await make_user("bob")
    now = datetime.now(UTC)
    first = await make_notification(ana, title="=First")
    read = await make_notification(ana, title="Read", read_at=now - timedelta(minutes=1))
    await make_notification(bob, title="Of Bob")
    header = await bearer(ana)
    rows = await lines(api, header, "/api/v1/notifications")
    assert [(row["id"], row["title"]) for row in rows] == [(str(read), "Read"), (str(first), "'=First")]
    assert [row["title"] for row in await lines(api, header, "/api/v1/notifications", "unread=true")] == ["'=First"]

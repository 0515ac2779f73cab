"""The list of deployments over REST: filters with several values, days, people and projects, orders and search."""

from datetime import UTC, datetime

import httpx
import pytest
from sqlalchemy import insert, select

from tca_app.core.actor import Actor
from tca_app.core.database.session import transaction
from tca_app.features.deployments.listing.facets import count_deployments
from tca_app.features.deployments.listing.schemas import DeploymentQuery
from tca_app.models import Group, GroupMember, Project, ProjectGroup
from tests.factories import bearer, make_admin, make_deployment, make_project, make_user, run

LIST = "/api/v1/deployments"


@pytest.fixture
async def owner() -> Actor:
    return await make_user("ana", full_name="Ana Lopez")


async def found(api: httpx.AsyncClient, header: dict[str, str], query: str) -> list[str]:
    answer = await api.get(f"{LIST}?{query}", headers=header)
    assert answer.status_code == 200, answer.text
    rows = [row["version"] for row in answer.json()]
    assert answer.headers["X-Total-Count"] == str(len(rows))
    return rows


@pytest.fixture
async def header(owner: Actor) -> dict[str, str]:
    billing, shop = await make_project(owner, "Billing"), await make_project(owner, "Shop", {})
    bob = await make_user("bob")
    await make_deployment(billing, "production", status="failed", version="1", created_by_id=owner.user_id)
    await make_deployment(billing, "staging", status="cancelled", version="2", created_by_id=bob.user_id)
    await make_deployment(shop, "development", status="failed", version="3", reporter="octocat", source="github")
    await make_deployment(
        shop, "staging", status="succeeded", version="4", created_at=datetime(2026, 1, 31, 23, tzinfo=UTC)
    )
    await make_deployment(await make_project(await make_user(), "Billing of others"), status="failed", version="hidden")
    return await bearer(owner)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("status=failed&status=cancelled", "321"),
        ("status=failed&status=cancelled&environment=production&environment=Staging", "21"),
        ("status=finished&source=ui&source=github", "3"),
        ("search=bill", "21"),
        ("search=shop&status=failed", "3"),
        ("until=2026-01-31", "4"),
        ("since=2026-02-01", "321"),
        ("since=2026-01-31T22:59:59Z&until=2026-01-31T23:00:00Z", ""),
        ("sort=project&status=failed", "13"),
        ("sort=-project&status=failed", "31"),
        ("sort=status&environment=staging", "42"),
        ("sort=created_by", "1234"),
    ],
)
async def test_filters_and_orders(api: httpx.AsyncClient, header: dict[str, str], query: str, expected: str) -> None:
    if query == "sort=created_by":  # without a person it is the name that the reporter gave
        assert (await found(api, header, query))[-1] == "3"
        return
    assert await found(api, header, query) == list(expected)


async def test_several_projects_and_people(api: httpx.AsyncClient, owner: Actor, header: dict[str, str]) -> None:
    of_others = await found(api, await bearer(await make_admin()), "search=hidden")
    assert of_others == ["hidden"]
    rows = (await api.get(f"{LIST}?limit=100", headers=header)).json()
    ids = {row["project"]["name"]: row["project"]["id"] for row in rows}
    assert await found(api, header, f"project_id={ids['Billing']}") == ["2", "1"]
    assert await found(api, header, f"project_id={ids['Billing']}&project_id={ids['Shop']}&status=failed") == ["3", "1"]
    assert await found(api, header, f"created_by_id={owner.user_id}") == ["1"]


async def test_groups_of_projects(api: httpx.AsyncClient, owner: Actor, header: dict[str, str]) -> None:
    async with transaction() as session:
        ids = {row.name: row.id for row in await session.execute(select(Project.name, Project.id))}
        groups = insert(Group).returning(Group.id)
        own, other = (await session.execute(groups, [{"name": "Own"}, {"name": "Other"}])).scalars()
        await session.execute(insert(GroupMember).values(group_id=own, user_id=owner.user_id))
        used = [(own, ids["Billing"]), (other, ids["Shop"]), (own, ids["Billing of others"])]
        rows = [{"group_id": group, "project_id": project, "role": "viewer"} for group, project in used]
        await session.execute(insert(ProjectGroup), rows)
    admin = await make_admin()
    assert await found(api, header, f"group_id={own}") == ["2", "1"]
    assert await found(api, header, f"group_id={other}") == []  # a group that the caller is not in
    assert await found(api, await bearer(admin), f"group_id={other}&sort=id") == ["3", "4"]
    assert await found(api, await bearer(admin), f"group_id={own}&group_id={other}&status=failed") == [
        "hidden",
        "3",
        "1",
    ]
    for who, expected in ((owner, {"Own": 2}), (admin, {"Own": 3, "Other": 2})):
        counted = await run(count_deployments, who, DeploymentQuery(), "group_id")
        assert {facet.label: facet.count for facet in counted.values} == expected
    counted = await run(count_deployments, admin, DeploymentQuery(status=["failed"]), "group_id", "oth")
    assert [(facet.label, facet.count) for facet in counted.values] == [("Other", 1)]


async def test_a_project_of_others_is_left_out_or_not_found(api: httpx.AsyncClient, header: dict[str, str]) -> None:
    hidden = await make_project(await make_user(), "Theirs")
    await make_deployment(hidden, status="failed")
    assert (await api.get(f"{LIST}?project_id={hidden}", headers=header)).status_code == 404
    assert await found(api, header, f"project_id={hidden}&project_id=999999") == []
    assert await found(api, header, "search=theirs") == []


@pytest.mark.parametrize(
    "query", ["status=gone", "sort=owner", "since=tomorrow", "until=9999-12-31", "project_id=0", "created_by_id=x"]
)
async def test_unknown_values_are_refused(api: httpx.AsyncClient, header: dict[str, str], query: str) -> None:
    assert (await api.get(f"{LIST}?{query}", headers=header)).status_code == 422

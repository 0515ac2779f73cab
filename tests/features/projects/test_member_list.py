"""The list of the members of a project: every order, its filters and its file, for those who may see it."""

import csv
import io
from datetime import UTC, datetime
from typing import Any, get_args

import httpx
import pytest
from sqlalchemy import update
from sqlmodel import col

from tca_app.core.actor import Actor
from tca_app.core.database.session import transaction
from tca_app.features.projects.listing.members import count_members
from tca_app.features.projects.schemas import MemberFilter, MemberSort
from tca_app.models import ProjectMember
from tests.factories import bearer, make_project, make_user, run


@pytest.fixture
async def team() -> tuple[Actor, Actor, int]:
    """The owner, a viewer and the project."""
    owner, viewer = await make_user("olga"), await make_user("zoe", full_name="Ana")
    others = {
        await make_user("bob", full_name="=Bob"): "maintainer",
        await make_user("cyd", is_active=False): "viewer",
        viewer: "viewer",
    }
    project_id = await make_project(owner, "Ledger", others)
    async with transaction() as session:
        old = update(ProjectMember).where(col(ProjectMember.user_id) == viewer.user_id)
        await session.execute(old.values(created_at=datetime(2025, 3, 1, tzinfo=UTC)))
    return owner, viewer, project_id


async def listed(api: httpx.AsyncClient, who: Actor, project_id: int, query: str = "") -> list[dict[str, Any]]:
    answer = await api.get(f"/api/v1/projects/{project_id}/members?{query}", headers=await bearer(who))
    assert answer.status_code == 200, answer.text
    return list(answer.json())


async def names(api: httpx.AsyncClient, who: Actor, project_id: int, query: str = "") -> list[str]:
    return [row["username"] for row in await listed(api, who, project_id, query)]


async def test_descending_is_the_reverse_of_ascending(api: httpx.AsyncClient, team: tuple[Actor, Actor, int]) -> None:
    owner, _, project_id = team
    for sort in get_args(MemberSort)[::2]:
        up = await names(api, owner, project_id, f"sort={sort}")
        assert up == (await names(api, owner, project_id, f"sort=-{sort}"))[::-1], sort
    assert await names(api, owner, project_id) == ["olga", "bob", "cyd", "zoe"]
    assert await names(api, owner, project_id, "sort=name") == ["bob", "zoe", "cyd", "olga"]
    assert (await names(api, owner, project_id, "sort=created_at"))[0] == "zoe"


async def test_filters_narrow_the_list_and_count_what_is_left(
    api: httpx.AsyncClient, team: tuple[Actor, Actor, int]
) -> None:
    owner, _, project_id = team
    for query, expected in (
        ("role=viewer&role=owner", ["olga", "cyd", "zoe"]),
        ("is_active=false", ["cyd"]),
        ("until=2025-03-01", ["zoe"]),
        ("since=2025-03-02&role=viewer", ["cyd"]),
        ("search=ana&role=viewer", ["zoe"]),
    ):
        assert await names(api, owner, project_id, query) == expected, query
    counted = await run(count_members, owner, project_id, MemberFilter(role=["owner"]), "role")
    assert [(facet.value, facet.count) for facet in counted.values] == [
        ("viewer", 2),
        ("maintainer", 1),
        ("owner", 1),
    ]
    counted = await run(count_members, owner, project_id, MemberFilter(role=["viewer"]), "is_active")
    assert {(facet.value, facet.count) for facet in counted.values} == {("True", 1), ("False", 1)}


async def test_the_file_has_what_the_list_has(api: httpx.AsyncClient, team: tuple[Actor, Actor, int]) -> None:
    owner, viewer, project_id = team
    for key, query in ((str(project_id), "sort=-name"), ("ledger", "role=viewer&is_active=true")):
        url = f"/api/v1/projects/{key}/members/export.csv?{query}"
        answer = await api.get(url, headers=await bearer(owner))
        rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
        assert [row["username"] for row in rows] == await names(api, owner, project_id, query)
        assert "email" not in rows[0]
        assert (await api.get(url, headers=await bearer(viewer))).status_code == 403
        assert (await api.get(url, headers=await bearer(await make_user()))).status_code == 404
        assert (await api.get(url)).status_code == 401
    answer = await api.get(f"/api/v1/projects/{project_id}/members/export.csv", headers=await bearer(owner))
    assert '"\'=Bob"' in answer.text

"""Groups over REST: people get and lose the roles of their groups, and the highest role counts."""

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from tca_app.core.actor import Actor
from tca_app.core.cache.local import LocalCache, subscribe
from tca_app.core.database.session import reading, transaction
from tests.factories import bearer, make_admin, make_project, make_user, until


async def make_group(api: httpx.AsyncClient, header: dict[str, str], name: str, *people: Actor) -> int:
    group_id: int = (await api.post("/api/v1/groups", headers=header, json={"name": name})).json()["id"]
    for person in people:
        body = {"user_id": person.user_id}
        assert (await api.post(f"/api/v1/groups/{group_id}/members", headers=header, json=body)).status_code == 201
    return group_id


async def roles(api: httpx.AsyncClient, header: dict[str, str], project_id: int) -> dict[str, tuple[str, list[str]]]:
    """Username to the effective role and the groups that it comes from."""
    members = (await api.get(f"/api/v1/projects/{project_id}/members", headers=header)).json()
    return {member["username"]: (member["role"], member["by_groups"]) for member in members}


async def log() -> list[str]:
    async with reading() as session:
        return list(
            (await session.execute(text("SELECT type FROM events WHERE type LIKE '%group%' ORDER BY id"))).scalars()
        )


async def test_a_person_who_joins_a_group_is_a_member_of_its_projects(api: httpx.AsyncClient) -> None:
    admin, ana, bob = await make_admin("ada"), await make_user("ana"), await make_user("bob")
    header = await bearer(admin)
    group_id = await make_group(api, header, "Platform", ana)
    projects = [await make_project(admin) for _ in range(3)]
    for project_id in projects:
        body = {"group_id": group_id, "role": "deployer"}
        answer = await api.post(f"/api/v1/projects/{project_id}/groups", headers=header, json=body)
        assert (answer.status_code, answer.json()["member_count"]) == (201, 1)
    await api.post(f"/api/v1/groups/{group_id}/members", headers=header, json={"user_id": bob.user_id})
    expected = {"ada": ("owner", []), "ana": ("deployer", ["Platform"]), "bob": ("deployer", ["Platform"])}
    for project_id in projects:
        assert await roles(api, header, project_id) == expected
        assert (await api.get(f"/api/v1/projects/{project_id}", headers=await bearer(bob))).json()[
            "my_role"
        ] == "deployer"
    assert (await api.delete(f"/api/v1/groups/{group_id}/members/{bob.user_id}", headers=header)).status_code == 204
    assert (await api.get(f"/api/v1/projects/{projects[0]}", headers=await bearer(bob))).status_code == 404
    assert (await api.delete(f"/api/v1/groups/{group_id}", headers=header)).status_code == 204
    for project_id in projects:
        assert await roles(api, header, project_id) == {"ada": ("owner", [])}
    added = ["group_created", "group_member_added", *["project_group_added"] * 3, "group_member_added"]
    assert await log() == [*added, "group_member_removed", "group_deleted"]


async def test_the_highest_role_wins_and_ones_own_comes_back(api: httpx.AsyncClient) -> None:
    owner, ana = await make_admin("ada"), await make_user("ana")
    header, project_id = await bearer(owner), await make_project(owner, team={ana: "deployer"})
    low, high = await make_group(api, header, "Readers", ana), await make_group(api, header, "Leads", ana, owner)
    path = f"/api/v1/projects/{project_id}/groups"
    await api.post(path, headers=header, json={"group_id": low, "role": "viewer"})
    assert (await roles(api, header, project_id))["ana"] == ("deployer", ["Readers"])
    await api.post(path, headers=header, json={"group_id": high, "role": "maintainer"})
    assert await roles(api, header, project_id) == {
        "ada": ("owner", ["Leads"]),
        "ana": ("maintainer", ["Leads", "Readers"]),
    }
    assert (await api.patch(f"{path}/{high}", headers=header, json={"role": "viewer"})).json()["role"] == "viewer"
    assert (await roles(api, header, project_id))["ana"][0] == "deployer"
    for group_id in (low, high):
        assert (await api.delete(f"{path}/{group_id}", headers=header)).status_code == 204
    assert (await roles(api, header, project_id))["ana"] == ("deployer", [])


async def test_a_member_by_group_is_removed_in_the_group(api: httpx.AsyncClient) -> None:
    owner, ana = await make_admin(), await make_user("ana")
    header, project_id = await bearer(owner), await make_project(owner)
    group_id = await make_group(api, header, "Platform", ana)
    await api.post(f"/api/v1/projects/{project_id}/groups", headers=header, json={"group_id": group_id})
    member = f"/api/v1/projects/{project_id}/members/{ana.user_id}"
    for caller in (header, await bearer(ana)):
        answer = await api.delete(member, headers=caller)
        assert (answer.status_code, "the group Platform" in answer.json()["detail"]) == (409, True)
    assert (await api.patch(member, headers=header, json={"role": "maintainer"})).json()["role"] == "maintainer"
    assert (await api.patch(member, headers=header, json={"role": "viewer"})).json()["role"] == "viewer"


async def test_a_transfer_makes_a_member_by_group_the_owner(api: httpx.AsyncClient) -> None:
    owner, ana = await make_admin("ada"), await make_user("ana")
    header, project_id = await bearer(owner), await make_project(owner)
    group_id = await make_group(api, header, "Platform", ana)
    await api.post(f"/api/v1/projects/{project_id}/groups", headers=header, json={"group_id": group_id})
    await api.post(f"/api/v1/projects/{project_id}/transfer", headers=header, json={"user_id": ana.user_id})
    await api.delete(f"/api/v1/groups/{group_id}", headers=header)
    assert await roles(api, header, project_id) == {"ada": ("maintainer", []), "ana": ("owner", [])}


async def test_only_administrators_change_groups_and_only_owners_give_maintainer(api: httpx.AsyncClient) -> None:
    admin, owner, lead = await make_admin(), await make_user(), await make_user()
    project_id = await make_project(owner, team={lead: "maintainer"})
    group_id = await make_group(api, await bearer(admin), "Platform")
    header, path = await bearer(lead), f"/api/v1/projects/{project_id}/groups"
    assert [group["name"] for group in (await api.get("/api/v1/groups", headers=header)).json()] == ["Platform"]
    assert (await api.post("/api/v1/groups", headers=header, json={"name": "Mine"})).status_code == 403
    assert (await api.get(f"/api/v1/groups/{group_id}/members", headers=header)).status_code == 403
    body = {"group_id": group_id, "role": "maintainer"}
    assert (await api.post(path, headers=header, json=body)).status_code == 403
    assert (await api.post(path, headers=header, json={"group_id": group_id})).status_code == 201
    assert (await api.patch(f"{path}/{group_id}", headers=header, json={"role": "maintainer"})).status_code == 403
    assert (await api.patch(f"{path}/{group_id}", headers=await bearer(owner), json=body)).status_code == 422
    assert (
        await api.patch(f"{path}/{group_id}", headers=await bearer(owner), json={"role": "maintainer"})
    ).status_code == 200
    assert (await api.delete(f"{path}/{group_id}", headers=header)).status_code == 403


async def test_a_change_of_people_needs_a_recent_proof_of_identity(api: httpx.AsyncClient) -> None:
    admin, ana = await make_admin(), await make_user()
    header = await bearer(admin)
    group_id = await make_group(api, header, "Platform")
    async with transaction() as session:
        await session.execute(text("UPDATE auth_sessions SET verified_at = now() - interval '11 minutes'"))
    body = {"user_id": ana.user_id}
    answer = await api.post(f"/api/v1/groups/{group_id}/members", headers=header, json=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "reauth_required")


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [({"name": "platform"}, 409, "/name"), ({"name": ""}, 422, "/name"), ({"name": "x", "people": []}, 422, "/people")],
)
async def test_a_name_is_taken_once(api: httpx.AsyncClient, body: dict[str, Any], status: int, pointer: str) -> None:
    header = await bearer(await make_admin())
    await make_group(api, header, "Platform")
    answer = await api.post("/api/v1/groups", headers=header, json=body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (status, pointer)


async def test_an_older_version_is_refused(api: httpx.AsyncClient) -> None:
    header = await bearer(await make_admin())
    path = f"/api/v1/groups/{await make_group(api, header, 'Platform')}"
    assert (await api.patch(path, headers=header | {"If-Match": '"1"'}, json={"name": "Core"})).status_code == 200
    assert (await api.patch(path, headers=header | {"If-Match": '"1"'}, json={"name": "Old"})).status_code == 412


async def test_parallel_changes_leave_the_highest_role(api: httpx.AsyncClient) -> None:
    owner, ana = await make_admin("ada"), await make_user("ana")
    header, project_id = await bearer(owner), await make_project(owner)
    groups = [await make_group(api, header, f"G{number}") for number in range(6)]
    for number, group_id in enumerate(groups):
        role = "maintainer" if number == 3 else "viewer"
        body = {"group_id": group_id, "role": role}
        await api.post(f"/api/v1/projects/{project_id}/groups", headers=header, json=body)
    add = {"user_id": ana.user_id}
    calls = [api.post(f"/api/v1/groups/{group_id}/members", headers=header, json=add) for group_id in groups]
    assert {answer.status_code for answer in await asyncio.gather(*calls)} == {201}
    assert (await roles(api, header, project_id))["ana"][0] == "maintainer"
    calls = [api.delete(f"/api/v1/groups/{group_id}/members/{ana.user_id}", headers=header) for group_id in groups]
    assert {answer.status_code for answer in await asyncio.gather(*calls)} == {204}
    assert "ana" not in await roles(api, header, project_id)


async def test_lists_hear_of_a_group_that_joins_and_leaves_a_project(
    api: httpx.AsyncClient, listening: LocalCache[Any]
) -> None:
    heard: list[str] = []
    unsubscribe = subscribe(heard.append)
    admin = await make_admin("ada")
    header = await bearer(admin)
    group_id, project_id = await make_group(api, header, "Platform"), await make_project(admin)
    await until(lambda: f"project:{project_id}" in heard)  # the last of what was made
    url, body = f"/api/v1/projects/{project_id}/groups", {"group_id": group_id, "role": "deployer"}
    for call in (
        lambda: api.post(url, headers=header, json=body),
        lambda: api.delete(f"{url}/{group_id}", headers=header),
    ):
        heard.clear()
        assert (await call()).status_code in {201, 204}
        await until(lambda: {"groups", f"project:{project_id}"} <= {*heard})
    unsubscribe()

"""Project members: what each role may grant, the owner's row, transfer and leaving."""

import asyncio

import pytest
from sqlalchemy import func, select

from tca_app.core.database.session import transaction
from tca_app.core.errors import AppError
from tca_app.features.projects import service, team
from tca_app.features.projects.schemas import Transfer
from tca_app.models import Project, ProjectMember
from tests.factories import bearer, make_admin, make_project, make_user, row_of, run

ROLES = ("viewer", "deployer", "maintainer", "owner", "superuser")


async def _people_of_each_role():
    who = {role: await make_user() for role in ("owner", "maintainer", "deployer", "viewer")}
    who["superuser"] = await make_admin()
    members = {who[role]: role for role in ("maintainer", "deployer", "viewer")}
    return who, await make_project(who["owner"], team=members)


def _may_grant(role: str) -> set[str]:
    return {"maintainer": {"viewer", "deployer"}}.get(
        role, {"viewer", "deployer", "maintainer"} if role in ("owner", "superuser") else set()
    )


@pytest.mark.parametrize("role", ROLES)
async def test_nobody_grants_more_than_their_role_allows(api, role):
    who, project = await _people_of_each_role()
    url, header = f"/api/v1/projects/{project}/members", await bearer(who[role])
    for granted in ("viewer", "deployer", "maintainer"):
        newcomer = await make_user()
        allowed = granted in _may_grant(role)
        added = await api.post(url, json={"user_id": newcomer.user_id, "role": granted}, headers=header)
        assert added.status_code == (201 if allowed else 403), (role, granted)
        if allowed:
            assert added.headers["Location"] == f"{url}/{newcomer.user_id}"
            assert added.json()["role"] == granted
    assert (await api.post(url, json={"user_id": 1, "role": "owner"}, headers=header)).status_code == 422
    for target in ("viewer", "deployer", "maintainer"):
        for new in ("viewer", "deployer", "maintainer"):
            member = await make_user()
            other = await make_project(who["owner"], team=_team_of(who, role) | {member: target})
            answer = await api.patch(
                f"/api/v1/projects/{other}/members/{member.user_id}", json={"role": new}, headers=header
            )
            assert answer.status_code == (200 if {target, new} <= _may_grant(role) else 403), (role, target, new)
        answer = await api.delete(f"/api/v1/projects/{other}/members/{member.user_id}", headers=header)
        now = "maintainer" if {target, "maintainer"} <= _may_grant(role) else target
        assert answer.status_code == (204 if now in _may_grant(role) else 403), (role, target)


def _team_of(who, role):
    return {who[role]: role} if role in ("viewer", "deployer", "maintainer") else {}


async def test_the_team_is_listed_for_maintainers_and_above_highest_role_first(api):
    who, project = await _people_of_each_role()
    url = f"/api/v1/projects/{project}/members"
    for role in ROLES:
        answer = await api.get(url, headers=await bearer(who[role]))
        assert answer.status_code == (200 if role in ("maintainer", "owner", "superuser") else 403)
    assert [m["role"] for m in answer.json()] == ["owner", "maintainer", "deployer", "viewer"]
    assert answer.headers["X-Total-Count"] == "4"
    expected = {"user_id", "username", "full_name", "is_active", "role", "by_groups", "created_at"}
    assert set(answer.json()[0]) == expected


async def test_the_owner_is_neither_changed_nor_removed(api):
    who, project = await _people_of_each_role()
    url = f"/api/v1/projects/{project}/members/{who['owner'].user_id}"
    for role in ("owner", "superuser", "maintainer"):
        header = await bearer(who[role])
        assert (await api.patch(url, json={"role": "viewer"}, headers=header)).status_code == 409
        assert (await api.delete(url, headers=header)).status_code == 409
    assert (await row_of(Project, project))["owner_id"] == who["owner"].user_id


@pytest.mark.parametrize("role", ["viewer", "deployer", "maintainer"])
async def test_a_member_may_leave(api, role):
    who, project = await _people_of_each_role()
    header = await bearer(who[role])
    left = await api.delete(f"/api/v1/projects/{project}/members/{who[role].user_id}", headers=header)
    assert left.status_code == 204
    assert (await api.get(f"/api/v1/projects/{project}", headers=header)).status_code == 404


async def test_members_are_active_users_and_added_once(api):
    owner, member, inactive = await make_user(), await make_user(), await make_user(is_active=False)
    project = await make_project(owner, team={member: "viewer"})
    url, header = f"/api/v1/projects/{project}/members", await bearer(owner)
    for user_id, status in ((member.user_id, 409), (owner.user_id, 409), (inactive.user_id, 409), (999999, 409)):
        answer = await api.post(url, json={"user_id": user_id, "role": "viewer"}, headers=header)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (status, "/user_id")


async def test_members_in_the_trash_are_not_counted_until_they_are_back(api):
    admin, owner, member = await make_admin(), await make_user(), await make_user()
    project = await make_project(owner, team={member: "viewer"})
    header, url = await bearer(admin), f"/api/v1/projects/{project}"
    await api.delete(f"/api/v1/users/{member.user_id}", headers=header)
    assert (await api.get(url, headers=header)).json()["member_count"] == 1
    assert [m["user_id"] for m in (await api.get(f"{url}/members", headers=header)).json()] == [owner.user_id]
    await api.post(f"/api/v1/users/{member.user_id}/restore", headers=header)
    assert (await api.get(url, headers=header)).json()["member_count"] == 2


async def test_a_project_is_handed_over_by_its_owner(api):
    who, project = await _people_of_each_role()
    new_owner, inactive = await make_user("rosa"), await make_user(is_active=False)
    url = f"/api/v1/projects/{project}/transfer"
    for role in ("maintainer", "deployer", "viewer"):
        refused = await api.post(url, json={"user_id": who[role].user_id}, headers=await bearer(who[role]))
        assert refused.status_code == 403
    header = await bearer(who["owner"])
    assert (await api.post(url, json={"user_id": inactive.user_id}, headers=header)).status_code == 409
    done = await api.post(url, json={"user_id": new_owner.user_id}, headers=header)
    assert (done.status_code, done.json()["owner"]["username"], done.json()["my_role"]) == (200, "rosa", "maintainer")
    assert done.json()["member_count"] == 5
    assert (await api.post(url, json={"user_id": new_owner.user_id}, headers=header)).status_code == 403


async def test_whatever_happens_at_once_a_project_has_one_owner_who_is_in_its_team():
    owner = await make_user()
    others = [await make_user() for _ in range(3)]
    project = await make_project(owner, team=dict.fromkeys(others, "viewer"))
    admin = await make_admin()
    for _ in range(10):
        acts = [run(service.transfer_project, admin, project, Transfer(user_id=o.user_id)) for o in [owner, *others]]
        acts += [run(team.remove_member, admin, project, o.user_id) for o in others]
        done = await asyncio.gather(*acts, return_exceptions=True)
        assert all(isinstance(r, AppError) for r in done if isinstance(r, BaseException)), done
        async with transaction() as session:
            statement = select(func.count(), func.max(ProjectMember.user_id)).where(
                ProjectMember.project_id == project, ProjectMember.role == "owner"
            )
            count, owner_id = (await session.execute(statement)).one()
        assert (count, owner_id) == (1, (await row_of(Project, project))["owner_id"])

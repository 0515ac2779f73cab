"""Groups on their page and on the tab "Members" of a project, without a browser."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from reflex.istate.manager.memory import StateManagerMemory

from tca_app.core.actor import Actor
from tca_app.features.groups import bulk, service
from tca_app.features.groups.in_projects import add_project_group
from tca_app.features.groups.schemas import GroupCreate, GroupMemberAdd, ProjectGroupAdd
from tca_app.features.groups.ui.project_state import ProjectGroupsState
from tca_app.features.groups.ui.state import GroupPeopleState, GroupsState
from tca_app.features.projects.listing.members import list_members
from tca_app.features.projects.schemas import MemberQuery
from tca_app.features.projects.ui.members_state import MembersState
from tca_app.ui.session import SessionState
from tests.factories import PASSWORD, events_of, make_admin, make_project, make_user, run
from tests.features.auth.test_step_up import grow_old
from tests.ui.harness import Console, Tab, console_on, shown, sign_in


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    async with console_on(StateManagerMemory()) as running:
        yield running


async def page_of(console: Console, actor: Actor, path: str) -> Tab:
    tab = Tab(console, f"{actor.username} {path}", await sign_in(actor), path)
    await tab.hydrate()
    return tab


async def make_group(admin: Actor, name: str, *people: Actor) -> int:
    group = await run(service.create_group, admin, GroupCreate(name=name))
    for person in people:
        await run(service.add_group_member, admin, group.id, GroupMemberAdd(user_id=person.user_id))
    return group.id


async def test_a_group_is_created_renamed_and_deleted(console: Console) -> None:
    tab = await page_of(console, await make_admin(), "/groups")
    nonce = shown(await tab.send(GroupsState.open_create), GroupsState, "form_nonce")
    updates = await tab.send(GroupsState.save, form={"nonce": nonce, "name": "Platform", "description": ""})
    [row] = shown(updates, GroupsState, "rows")
    assert (row["name"], row["people"], row["projects"]) == ("Platform", "0 people", "0 projects")
    nonce = shown(await tab.send(GroupsState.open_edit, group_id=row["id"]), GroupsState, "form_nonce")
    updates = await tab.send(GroupsState.save, form={"nonce": nonce, "name": "Core", "description": "x"})
    assert shown(updates, GroupsState, "rows")[0]["name"] == "Core"
    await tab.send(GroupsState.ask_delete, group_id=row["id"])
    assert shown(await tab.send(GroupsState.delete, _form={}), GroupsState, "rows") == []


async def test_people_are_added_and_removed(console: Console) -> None:
    admin, ana = await make_admin(), await make_user("ana")
    group_id = await make_group(admin, "Platform")
    tab = await page_of(console, admin, "/groups")
    nonce = shown(await tab.send(GroupPeopleState.open_people, group_id=group_id), GroupPeopleState, "form_nonce")
    await tab.send(GroupPeopleState.look_for, text="ana")
    await tab.send(GroupPeopleState.pick, person_id=ana.user_id)
    updates = await tab.send(GroupPeopleState.add, form={"nonce": nonce})
    assert [person["name"] for person in shown(updates, GroupPeopleState, "rows")] == ["Ana"]
    assert shown(updates, GroupsState, "rows")[0]["people"] == "1 person"
    updates = await tab.send(GroupPeopleState.remove, person_id=ana.user_id)
    assert shown(updates, GroupPeopleState, "rows") == []


async def test_the_people_of_a_group_are_sorted_and_searched(console: Console) -> None:
    admin = await make_admin()
    people = [await make_user(name, full_name=full) for name, full in (("bob", "Zed"), ("cleo", "Amy"), ("dan", "Bob"))]
    group_id = await make_group(admin, "Platform", *people)
    tab = await page_of(console, admin, "/groups")
    updates = await tab.send(GroupPeopleState.open_people, group_id=group_id)
    assert [row["username"] for row in shown(updates, GroupPeopleState, "rows")] == ["bob", "cleo", "dan"]
    updates = await tab.send(GroupPeopleState.sort_members, sort="-full_name")
    assert [row["name"] for row in shown(updates, GroupPeopleState, "rows")] == ["Zed", "Bob", "Amy"]
    updates = await tab.send(GroupPeopleState.find_members, text="amy")
    assert [row["name"] for row in shown(updates, GroupPeopleState, "rows")] == ["Amy"]
    assert shown(updates, GroupPeopleState, "export_query") == "search=amy&sort=-full_name"
    updates = await tab.send(GroupPeopleState.look_for, text="zed")
    assert not shown(updates, GroupPeopleState, "people")  # is in the group, though the search hides it
    refused = await tab.send(GroupPeopleState.sort_members, sort="password")
    assert shown(refused, SessionState, "toasts")[-1]["text"] == "Unknown order."


def texts(updates: list[Any]) -> list[str]:
    return [toast["text"] for toast in shown(updates, SessionState, "toasts") or []]


async def test_many_groups_are_deleted_and_their_people_lose_the_roles(console: Console) -> None:
    admin, owner, ana = await make_admin(), await make_user("olga"), await make_user("ana")
    made = [await make_group(admin, name, ana) for name in ("Core", "Data", "Edge")]
    project_id = await make_project(owner)
    for group_id in made[:2]:
        await run(add_project_group, owner, project_id, ProjectGroupAdd(group_id=group_id, role="deployer"))
    tab = await page_of(console, admin, "/groups")
    await tab.send(GroupsState.load)
    await tab.send(GroupsState.toggle_row, row_id=made[0])
    await tab.send(GroupsState.toggle_row, row_id=made[1], is_range=True)
    asked = await tab.send(GroupsState.ask_bulk, action="delete")
    assert shown(asked, GroupsState, "bulk_title") == "Delete 2 groups?"
    tried = await tab.send(GroupsState.try_bulk)
    assert shown(tried, GroupsState, "bulk_tried") == "Nothing was changed yet. This would work for 2 of 2 groups."
    await run(service.delete_group, admin, made[1])
    done = await tab.send(GroupsState.run_bulk)
    assert texts(done) == ["Core deleted, 1 refused"]
    assert [line["name"] for line in shown(done, GroupsState, "refusals")] == ["Data"]
    assert [row["name"] for row in shown(done, GroupsState, "rows")] == ["Edge"]
    assert (await events_of("group", made[0]))[-1] == "group_deleted"
    members = await run(list_members, owner, project_id, MemberQuery())
    assert [member.username for member in members.items] == ["olga"]


async def test_two_who_delete_groups_of_the_same_projects_do_not_wait_for_each_other() -> None:
    admin, owner, ana = await make_admin(), await make_user(), await make_user()
    made = [await make_group(admin, name, ana) for name in ("Core", "Data", "Edge", "Flow")]
    projects = [await make_project(owner), await make_project(owner)]
    for group_id, project_id in zip(made, (projects[1], projects[0], projects[0], projects[1]), strict=True):
        await run(add_project_group, owner, project_id, ProjectGroupAdd(group_id=group_id))
    results = await asyncio.gather(run(bulk.delete_groups, admin, made[:2]), run(bulk.delete_groups, admin, made[2:]))
    assert all(result.ok for part in results for result in part)


async def test_many_people_are_removed_from_a_group(console: Console) -> None:
    admin = await make_admin()
    people = [await make_user(name) for name in ("ana", "bob", "cyd")]
    group_id = await make_group(admin, "Platform", *people)
    tab = await page_of(console, admin, "/groups")
    await tab.send(GroupsState.load)
    await tab.send(GroupPeopleState.open_people, group_id=group_id)
    await tab.send(GroupPeopleState.toggle_row, row_id=people[0].user_id)
    selected = await tab.send(GroupPeopleState.toggle_row, row_id=people[1].user_id, is_range=True)
    assert shown(selected, GroupPeopleState, "selected_text") == "2 people selected"
    asked = await tab.send(GroupPeopleState.ask_bulk, action="remove")
    assert shown(asked, GroupPeopleState, "bulk_title") == "Remove 2 people?"
    await run(service.remove_group_member, admin, group_id, people[1].user_id)
    tried = await tab.send(GroupPeopleState.try_bulk)
    assert shown(tried, GroupPeopleState, "bulk_tried").endswith("This would work for 1 of 2 people.")
    done = await tab.send(GroupPeopleState.run_bulk)
    assert texts(done) == ["Ana removed, 1 refused"]
    assert [line["name"] for line in shown(done, GroupPeopleState, "refusals")] == ["Bob"]
    assert [row["name"] for row in shown(done, GroupPeopleState, "rows")] == ["Cyd"]
    assert shown(done, GroupsState, "rows")[0]["people"] == "1 person"
    assert (await events_of("group", group_id)).count("group_member_removed") == 2


async def test_people_are_removed_only_after_a_recent_proof(console: Console) -> None:
    admin, ana = await make_admin(), await make_user("ana")
    group_id = await make_group(admin, "Platform", ana)
    tab = await page_of(console, admin, "/groups")
    await tab.send(GroupPeopleState.open_people, group_id=group_id)
    await tab.send(GroupPeopleState.toggle_all)
    await tab.send(GroupPeopleState.ask_bulk, action="remove")
    await grow_old()
    refused = await tab.send(GroupPeopleState.run_bulk)
    assert shown(refused, SessionState, "proof_is_asked") is True
    assert not shown(refused, GroupPeopleState, "bulk_error")
    assert texts(await tab.send(SessionState.give_proof, form={"password": PASSWORD}))[-1] == "Ana removed"


async def test_a_project_adds_a_group_and_its_people_say_so(console: Console) -> None:
    admin, owner, ana = await make_admin(), await make_user(), await make_user("ana")
    project_id, group_id = await make_project(owner), await make_group(admin, "Platform", ana)
    tab = await page_of(console, owner, f"/projects/{project_id}?tab=members")
    await tab.send(ProjectGroupsState.load)
    await tab.send(MembersState.load)
    nonce = shown(await tab.send(ProjectGroupsState.open_add, project_id=project_id), ProjectGroupsState, "form_nonce")
    form = {"nonce": nonce, "group": str(group_id), "role": "deployer"}
    updates = await tab.send(ProjectGroupsState.add, form=form)
    assert shown(updates, ProjectGroupsState, "groups")[0]["role_label"] == "Deployer"
    members = {member["username"]: member["by_groups"] for member in shown(updates, MembersState, "members")}
    assert members["ana"] == "Platform"
    updates = await tab.send(
        ProjectGroupsState.change_role, project_id=project_id, group_id=group_id, role="maintainer"
    )
    assert shown(updates, ProjectGroupsState, "groups")[0]["role"] == "maintainer"
    updates = await tab.send(ProjectGroupsState.remove, project_id=project_id, group_id=group_id)
    assert shown(updates, ProjectGroupsState, "groups") == []


async def test_a_maintainer_does_not_change_a_group_of_maintainers(console: Console) -> None:
    admin, lead, ana = await make_admin(), await make_user(), await make_user("ana")
    project_id = await make_project(admin, team={lead: "maintainer"})
    group_id = await make_group(admin, "Platform", ana)
    owner_tab = await page_of(console, admin, f"/projects/{project_id}?tab=members")
    await owner_tab.send(ProjectGroupsState.load)
    nonce = shown(
        await owner_tab.send(ProjectGroupsState.open_add, project_id=project_id), ProjectGroupsState, "form_nonce"
    )
    await owner_tab.send(ProjectGroupsState.add, form={"nonce": nonce, "group": str(group_id), "role": "maintainer"})
    tab = await page_of(console, lead, f"/projects/{project_id}?tab=members")
    [row] = shown(await tab.send(ProjectGroupsState.load), ProjectGroupsState, "groups")
    assert row["can_change"] is False

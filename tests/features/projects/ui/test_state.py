"""The project pages without a browser: tabs send events through the gate."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from reflex.istate.manager.memory import StateManagerMemory

from tca_app.core.actor import Actor
from tca_app.features.deployments import service as deployments
from tca_app.features.deployments.schemas import DeploymentStep
from tca_app.features.groups.in_projects import add_project_group
from tca_app.features.groups.schemas import GroupCreate, ProjectGroupAdd
from tca_app.features.groups.service import create_group
from tca_app.features.project_page.ui.pages import PAGES
from tca_app.features.projects import service as projects
from tca_app.features.projects.listing.members import list_members
from tca_app.features.projects.schemas import MemberQuery, ProjectQuery, ProjectUpdate
from tca_app.features.projects.ui import (
    members_state,
    pages,  # noqa: F401  registers the states
)
from tca_app.features.projects.ui.detail_state import ProjectState
from tca_app.features.projects.ui.members_list_state import TeamState
from tca_app.features.projects.ui.members_state import MembersState
from tca_app.features.projects.ui.state import ProjectsState
from tca_app.models import Project
from tca_app.ui.forms.state import MINE
from tca_app.ui.session import SessionState
from tests.factories import events_of, make_admin, make_deployment, make_project, make_user, row_of, run
from tests.ui.harness import Console, Tab, console_on, redirects, shown, sign_in


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    async with console_on(StateManagerMemory()) as running:
        yield running


async def open_tab(console: Console, actor: Actor | None, path: str) -> Tab:
    cookie = await sign_in(actor) if actor else ""
    tab = Tab(console, f"{actor.username if actor else 'nobody'} {path}", cookie, path)
    await tab.hydrate()
    return tab


async def list_tab(console: Console, actor: Actor, query: str = "") -> Tab:
    return await open_tab(console, actor, f"/projects{query}")


async def page_tab(console: Console, actor: Actor | None, project_id: object, query: str = "") -> Tab:
    return await open_tab(console, actor, f"/projects/{project_id}{query}")


def toast(updates: list[Any]) -> str:
    return (shown(updates, SessionState, "toasts") or [{"text": ""}])[-1]["text"]


async def count_named(name: str) -> int:
    return (await run(projects.list_projects, await make_admin(), ProjectQuery(search=name))).total


def form(updates: list[Any], state: Any, **values: str) -> dict[str, str]:
    """What the browser sends for the form that was opened."""
    return {**shown(updates, state, "form_values"), "nonce": shown(updates, state, "form_nonce"), **values}


# ---- the list ----


async def test_what_runs_where_is_another_view_of_the_same_list(console: Console) -> None:
    assert PAGES  # they add the environments to the list
    owner = await make_user()
    ledger, _ = await make_project(owner, "Ledger"), await make_project(owner, "Billing")
    await make_project(await make_user(), "Ledger of others")
    await make_deployment(ledger, status="succeeded", version="1.0.0", created_by_id=owner.user_id)
    going = await make_deployment(ledger, "staging", status="in_progress")
    tab = await list_tab(console, owner, "?show=where&q=ledger")
    updates = await tab.send(ProjectsState.load)
    assert shown(updates, ProjectsState, "columns") == ["development", "staging", "production"]
    (row,) = shown(updates, ProjectsState, "rows")
    assert (row["name"], [cell.get("is_deploying", False) for cell in row["cells"]]) == ("Ledger", [False, True, False])
    reporter = shown(updates, ProjectsState, "reporters")[row["cells"][2]["who"]]
    assert (row["cells"][2]["version"], reporter["name"]) == ("1.0.0", owner.full_name)
    await run(deployments.step_deployment, owner, going, DeploymentStep(status="cancelled"))
    updates = await tab.send(ProjectsState.load)
    assert shown(updates, ProjectsState, "flashed") == [row["id"]]
    tab.path = "/projects?q=ledger"
    updates = await tab.send(ProjectsState.load)
    assert (shown(updates, ProjectsState, "rows")[0]["cells"], shown(updates, ProjectsState, "flashed")) == ([], [])


async def test_the_trash_is_always_a_table(console: Console) -> None:
    owner = await make_user()
    await make_project(owner, "Ledger", deleted_at=datetime.now(UTC))
    tab = await list_tab(console, owner, "?show=where&view=trash")
    (row,) = shown(await tab.send(ProjectsState.load), ProjectsState, "rows")
    assert (row["is_deleted"], row["cells"]) == (True, [])


async def test_a_member_is_shown_their_own_projects_with_what_they_may_do(console: Console) -> None:
    owner, viewer = await make_user("olga"), await make_user("vera")
    await make_project(owner, "Secret Canary")
    shared = await make_project(owner, "Shared", team={viewer: "viewer"})
    own = await make_project(viewer, "Own")
    updates = await (await list_tab(console, viewer)).send(ProjectsState.load)
    rows = {row["id"]: row for row in shown(updates, ProjectsState, "rows")}
    assert set(rows) == {shared, own}
    assert "Secret Canary" not in repr(updates)
    assert shown(updates, ProjectsState, "total") == 2
    may = lambda row: (row["can_edit"], row["can_archive"], row["can_delete"])  # noqa: E731
    assert may(rows[shared]) == (False, False, False)
    assert may(rows[own]) == (True, True, True)
    assert rows[shared]["owner"] == "Olga"


async def test_the_address_filters_sorts_and_searches(console: Console) -> None:
    admin, ana = await make_admin(), await make_user()
    await make_project(ana, "Beta", status="paused")
    await make_project(admin, "Alpha")
    await make_project(admin, "Alpine")
    in_trash = await make_project(admin, "Gone")
    await run(projects.delete_project, admin, in_trash)

    async def names(query: str) -> list[str]:
        updates = await (await list_tab(console, admin, query)).send(ProjectsState.load)
        return [row["name"] for row in shown(updates, ProjectsState, "rows")]

    assert await names("?sort=name") == ["Alpha", "Alpine", "Beta"]
    assert await names("?status=paused") == ["Beta"]
    assert await names("?mine=true&sort=-name") == ["Alpine", "Alpha"]
    assert await names("?q=alpi%07") == ["Alpine"]
    assert await names("?view=trash") == ["Gone"]


async def test_the_filter_by_team_offers_own_projects_and_groups(console: Console) -> None:
    admin = await make_admin()
    ledger = await make_project(await make_user(), "Ledger")
    await make_project(admin, "Own")
    platform = (await run(create_group, admin, GroupCreate(name="Platform"))).id
    await run(add_project_group, admin, ledger, ProjectGroupAdd(group_id=platform))
    tab = await list_tab(console, admin, f"?team=mine&team={platform}&team=x")
    updates = await tab.send(ProjectsState.load) + await tab.send(ProjectsState.show_filter, key="team", is_open=True)
    assert {row["name"] for row in shown(updates, ProjectsState, "rows")} == {"Ledger", "Own"}
    assert [chip["text"] for chip in shown(updates, ProjectsState, "chips")] == ["Team: My projects", "Team: Platform"]
    assert [(o["label"], o["count"], o["is_on"]) for o in shown(updates, ProjectsState, "options")] == [
        ("My projects", "1", True),
        ("Platform", "1", True),
    ]
    assert shown(updates, ProjectsState, "export_query") == f"group_id={platform}&mine=true"


async def test_an_older_link_to_own_projects_is_the_filter_by_team(console: Console) -> None:
    admin = await make_admin()
    await make_project(admin, "Own")
    tab = await list_tab(console, admin, "?mine=true&sort=name")
    updates = await tab.send(ProjectsState.load)
    assert redirects(updates) == ["/projects?team=mine&sort=name"]
    assert [chip["key"] for chip in shown(updates, ProjectsState, "chips")] == ["team"]
    updates = await tab.send(ProjectsState.show_filter, key="team", is_open=True)
    (option,) = shown(updates, ProjectsState, "options")
    assert (option["label"], option["count"], option["is_on"]) == ("My projects", "1", True)


async def test_a_project_is_created_with_its_members_once_however_often_it_is_clicked(console: Console) -> None:
    ana, bob = await make_user("ana"), await make_user("bob")
    tab = await list_tab(console, ana)
    opened = await tab.send(ProjectsState.open_create)
    found = shown(await tab.send(ProjectsState.look_for, text="bo"), ProjectsState, "people")
    assert [person["username"] for person in found] == ["bob"]
    await tab.send(ProjectsState.pick, person_id=bob.user_id)
    sent = form(opened, ProjectsState, name="Billing", **{f"role.{bob.user_id}": "deployer"})
    updates = await tab.send(ProjectsState.save, form=sent)
    assert toast(updates) == "Project Billing created"
    await tab.send(ProjectsState.save, form=sent)
    assert await count_named("Billing") == 1
    [project] = (await run(projects.list_projects, bob, ProjectQuery())).items
    assert (project.name, project.my_role, project.owner.id) == ("Billing", "deployer", ana.user_id)
    assert shown(updates, SessionState, "toasts")[-1]["url"] == f"/projects/{project.id}"


async def test_the_same_form_from_two_tabs_is_one_project(console: Console) -> None:
    ana = await make_user()
    first, second = await list_tab(console, ana), await list_tab(console, ana, "?page=1")
    opened = await first.send(ProjectsState.open_create)
    await second.send(ProjectsState.open_create)
    sent = form(opened, ProjectsState, name="Ledger")
    await first.send(ProjectsState.save, form=sent)
    await second.send(ProjectsState.save, form=sent)
    assert await count_named("Ledger") == 1


async def test_bad_fields_are_named_and_nothing_is_made(console: Console) -> None:
    tab = await list_tab(console, await make_user())
    opened = await tab.send(ProjectsState.open_create)
    sent = form(opened, ProjectsState, name="  ", repository_url="javascript:alert(1)")
    errors = shown(await tab.send(ProjectsState.save, form=sent), ProjectsState, "form_errors")
    assert set(errors) == {"name", "repository_url"}


async def test_only_people_who_were_found_can_be_picked(console: Console) -> None:
    ana, bob = await make_user(), await make_user()
    tab = await list_tab(console, ana)
    await tab.send(ProjectsState.open_create)
    assert not shown(await tab.send(ProjectsState.pick, person_id=bob.user_id), ProjectsState, "picked")


async def test_a_stale_edit_is_asked_about_and_overwrites_nothing(console: Console) -> None:
    ana = await make_user("ana")
    admin = await make_admin("root")
    project_id = await make_project(ana, "Old", description="d")
    tab = await list_tab(console, ana)
    opened = await tab.send(ProjectsState.open_edit, project_id=project_id)
    await run(projects.update_project, admin, project_id, ProjectUpdate(name="Theirs", status="paused"))
    updates = await tab.send(ProjectsState.save, form=form(opened, ProjectsState, name="Mine", description="d2"))
    assert (await row_of(Project, project_id))["name"] == "Theirs"
    [clash] = shown(updates, ProjectsState, "form_clashes")
    assert (clash["field"], clash["mine"], clash["theirs"]) == ("name", "Mine", "Theirs")
    assert shown(updates, ProjectsState, "form_clash_by") == "Root"
    nonce = shown(opened, ProjectsState, "form_nonce")
    await tab.send(ProjectsState.save, form={"nonce": nonce, "keep.name": MINE})
    row = await row_of(Project, project_id)
    assert (row["name"], row["description"], row["status"]) == ("Mine", "d2", "paused")


async def test_a_viewer_changes_nothing(console: Console) -> None:
    owner, viewer = await make_user(), await make_user()
    project_id = await make_project(owner, "Kept", team={viewer: "viewer"})
    before = await row_of(Project, project_id)
    tab = await list_tab(console, viewer)
    await tab.send(ProjectsState.load)
    refused = "You do not have permission to do this."
    assert toast(await tab.send(ProjectsState.open_edit, project_id=project_id)) == refused
    assert toast(await tab.send(ProjectsState.set_status, project_id=project_id, status="archived")) == refused
    assert toast(await tab.send(ProjectsState.ask_delete, project_id=project_id)) == refused
    await tab.send(ProjectsState.toggle_row, row_id=project_id)
    assert "permission to change these projects. Ask their owners." in toast(
        await tab.send(ProjectsState.ask_bulk, action="archive")
    )
    await tab.send(ProjectsState.run_bulk)
    assert await row_of(Project, project_id) == before


async def test_a_delete_needs_the_name_and_can_be_undone(console: Console) -> None:
    ana = await make_user()
    project_id = await make_project(ana, "Search (beta)", slug="search")
    tab = await list_tab(console, ana)
    await tab.send(ProjectsState.load)
    await tab.send(ProjectsState.ask_delete, project_id=project_id)
    await tab.send(ProjectsState.delete, form={"confirm_name": "Search"})
    assert (await row_of(Project, project_id))["deleted_at"] is None
    updates = await tab.send(ProjectsState.delete, form={"confirm_name": "Search (beta)"})
    assert (await row_of(Project, project_id))["deleted_at"] is not None
    assert shown(updates, ProjectsState, "rows") == []
    [offered] = shown(updates, SessionState, "toasts")
    updates = await tab.send(SessionState.undo, toast_id=offered["id"])
    assert [row["id"] for row in shown(updates, ProjectsState, "rows")] == [project_id]


async def test_a_bulk_act_tells_what_became_of_each_row(console: Console) -> None:
    ana = await make_user()
    kept, other = await make_project(ana, "Kept"), await make_project(ana, "Other")
    tab = await list_tab(console, ana)
    await tab.send(ProjectsState.load)
    await tab.send(ProjectsState.toggle_all)
    asked = await tab.send(ProjectsState.ask_bulk, action="delete")
    assert shown(asked, ProjectsState, "bulk_title") == "Delete 2 projects?"
    await run(projects.delete_project, ana, other)
    updates = await tab.send(ProjectsState.run_bulk)
    assert [line["name"] for line in shown(updates, ProjectsState, "refusals")] == ["Other"]
    assert toast(updates) == "Kept moved to trash, 1 refused"
    assert (await row_of(Project, kept))["deleted_at"] is not None


async def test_many_come_back_from_the_trash_together(console: Console) -> None:
    ana = await make_user()
    made = [await make_project(ana), await make_project(ana)]
    tab = await list_tab(console, ana)
    await tab.send(ProjectsState.load)
    await tab.send(ProjectsState.toggle_all)
    await tab.send(ProjectsState.ask_bulk, action="delete")
    [offered] = shown(await tab.send(ProjectsState.run_bulk), SessionState, "toasts")
    assert offered["text"] == "2 projects moved to trash"
    assert len(shown(await tab.send(SessionState.undo, toast_id=offered["id"]), ProjectsState, "rows")) == 2
    for project_id in made:
        await run(projects.delete_project, ana, project_id)
    trash = await list_tab(console, ana, "?view=trash")
    await trash.send(ProjectsState.load)
    await trash.send(ProjectsState.toggle_all)
    assert (
        toast(await trash.send(ProjectsState.ask_bulk, action="archive")) == "These projects are already in the trash."
    )
    assert shown(await trash.send(ProjectsState.ask_bulk, action="restore"), ProjectsState, "rows") == []


async def test_archiving_is_taken_back_by_undo(console: Console) -> None:
    ana = await make_user()
    project_id = await make_project(ana, "Ledger", status="paused")
    tab = await list_tab(console, ana)
    await tab.send(ProjectsState.load)
    updates = await tab.send(ProjectsState.set_status, project_id=project_id, status="archived")
    assert (await row_of(Project, project_id))["status"] == "archived"
    [offered] = shown(updates, SessionState, "toasts")
    await tab.send(SessionState.undo, toast_id=offered["id"])
    assert (await row_of(Project, project_id))["status"] == "paused"


async def test_a_name_that_another_project_has_is_pointed_out(console: Console) -> None:
    owner, other = await make_user("olga"), await make_user("oscar")
    await make_project(owner, "Billing API", slug="billing-api")
    await make_project(other, "Secret", slug="secret")
    tab = await list_tab(console, owner)
    form_of_new = form(await tab.send(ProjectsState.open_create), ProjectsState, name="billing api")
    hinted = await tab.send(ProjectsState.look_for_name, name=" billing api ")
    assert shown(hinted, ProjectsState, "name_hint") == "Another project has this name: billing-api, owned by Olga."
    for name in ("Billing", "Secret"):  # another name, and one that this person does not see
        await tab.send(ProjectsState.look_for_name, name="billing api")
        assert shown(await tab.send(ProjectsState.look_for_name, name=name), ProjectsState, "name_hint") == ""
    await tab.send(ProjectsState.save, form=form_of_new)
    page = await run(projects.list_projects, owner, ProjectQuery(search="billing api"))
    assert {project.slug for project in page.items} == {"billing-api", "billing-api-2"}


async def test_a_project_is_not_said_to_have_its_own_name_twice(console: Console) -> None:
    owner = await make_user()
    project_id = await make_project(owner, "Ledger")
    tab = await list_tab(console, owner)
    await tab.send(ProjectsState.open_edit, project_id=project_id)
    assert not shown(await tab.send(ProjectsState.look_for_name, name="Ledger"), ProjectsState, "name_hint")


async def test_the_picker_says_which_text_it_found_people_for(console: Console) -> None:
    tab = await list_tab(console, await make_user())
    updates = await tab.send(ProjectsState.look_for, text="ana ")
    assert shown(updates, ProjectsState, "people_found_for") == "ana "


# ---- one project ----


@pytest.mark.parametrize("wanted", ["0", "999999999", "x", "1e3", "²", "9" * 30])
async def test_an_unknown_address_is_not_found(console: Console, wanted: str) -> None:
    updates = await (await page_tab(console, await make_admin(), wanted)).send(ProjectState.load)
    assert shown(updates, ProjectState, "phase") == "missing"


async def test_to_a_stranger_a_project_does_not_exist(console: Console) -> None:
    project_id = await make_project(await make_user(), "Secret Canary", description="inner")
    tab = await page_tab(console, await make_user(), project_id)
    updates = await tab.send(ProjectState.load) + await tab.send(MembersState.load)
    assert shown(updates, ProjectState, "phase") == "missing"
    assert "Canary" not in repr(updates)
    assert not shown(updates, MembersState, "members")
    await tab.send(ProjectState.activate, project_id=project_id)
    await tab.send(MembersState.remove)
    assert "Canary" not in repr(await tab.send(ProjectState.open_edit, project_id=project_id))
    nobody = await page_tab(console, None, project_id)
    assert redirects(await nobody.send(ProjectState.load)) == [f"/login?next=/projects/{project_id}"]


async def test_what_was_shown_is_gone_when_one_may_no_longer_see_it(console: Console) -> None:
    owner, viewer = await make_user(), await make_user()
    project_id = await make_project(owner, "Ledger", team={viewer: "viewer"})
    tab = await page_tab(console, viewer, project_id)
    assert shown(await tab.send(ProjectState.load), ProjectState, "project")["name"] == "Ledger"
    await run(projects.delete_project, owner, project_id)
    updates = await tab.send(ProjectState.load)
    assert (shown(updates, ProjectState, "phase"), shown(updates, ProjectState, "project")["name"]) == ("missing", "")


async def test_a_role_opens_only_what_it_may(console: Console) -> None:
    owner, viewer, maintainer = await make_user(), await make_user(), await make_user()
    project_id = await make_project(owner, team={viewer: "viewer", maintainer: "maintainer"})

    async def seen(actor: Actor) -> tuple[str, set[str]]:
        updates = await (await page_tab(console, actor, project_id, "?tab=settings")).send(ProjectState.load)
        tab = shown(updates, ProjectState, "tab") or "overview"
        return tab, {name.partition(".")[2] or name for name in shown(updates, ProjectState, "allowed")}

    assert await seen(viewer) == ("overview", {"read", "leave", "write"})  # of comments
    tab, allowed = await seen(maintainer)
    assert tab == "settings"
    assert {"update", "list", "write", "leave"} <= allowed
    assert not {"rename", "delete", "transfer", "archive", "grant_maintainer"} & allowed
    assert {"rename", "delete", "transfer", "archive"} <= (await seen(owner))[1]


async def test_a_maintainer_is_offered_only_their_fields(console: Console) -> None:
    owner, maintainer = await make_user(), await make_user()
    project_id = await make_project(owner, "Ledger", team={maintainer: "maintainer"})
    tab = await page_tab(console, maintainer, project_id)
    await tab.send(ProjectState.load)
    opened = await tab.send(ProjectState.open_edit, project_id=project_id)
    assert set(shown(opened, ProjectState, "form_values")) == {
        "description",
        "repository_url",
        "status",
        "color",
        "emoji",
    }
    await tab.send(ProjectState.save, form=form(opened, ProjectState, name="Stolen", description="new"))
    row = await row_of(Project, project_id)
    assert (row["name"], row["description"]) == ("Ledger", "new")


async def test_a_project_is_handed_over(console: Console) -> None:
    owner, new_owner = await make_user("olga"), await make_user("henry")
    project_id = await make_project(owner, "Ledger")
    tab = await page_tab(console, owner, project_id, "?tab=settings")
    await tab.send(ProjectState.load)
    await tab.send(ProjectState.ask, project_id=project_id, action="transfer")
    updates = await tab.send(ProjectState.confirm, form={})
    assert "choose one" in shown(updates, ProjectState, "person_error")  # at the search, not above the dialog
    assert not shown(updates, ProjectState, "is_acting")
    await tab.send(ProjectState.look_for, text="henry")
    await tab.send(ProjectState.pick, person_id=new_owner.user_id)
    updates = await tab.send(ProjectState.confirm, form={})
    assert toast(updates) == "Ledger transferred to Henry"
    assert shown(updates, ProjectState, "project")["my_role"] == "Maintainer"
    assert (await row_of(Project, project_id))["owner_id"] == new_owner.user_id


async def test_a_page_that_is_behind_deletes_nothing(console: Console) -> None:
    owner = await make_user()
    project_id = await make_project(owner, "Ledger")
    tab = await page_tab(console, owner, project_id)
    await tab.send(ProjectState.load)
    await tab.send(ProjectState.ask, project_id=project_id, action="delete")
    assert not shown(await tab.send(ProjectState.confirm, form={"confirm_name": "ledger"}), ProjectState, "asking")
    await run(projects.update_project, owner, project_id, ProjectUpdate(name="New"))
    updates = await tab.send(ProjectState.confirm, form={"confirm_name": "Ledger"})
    assert "changed this" in shown(updates, ProjectState, "asking_error")
    assert (await row_of(Project, project_id))["deleted_at"] is None
    await tab.send(ProjectState.load)
    updates = await tab.send(ProjectState.confirm, form={"confirm_name": "New"})
    assert redirects(updates) == ["/projects"]
    assert (await row_of(Project, project_id))["deleted_at"] is not None


async def test_members_come_change_and_go(console: Console) -> None:
    owner, bob = await make_user("olga"), await make_user("bob")
    project_id = await make_project(owner, "Ledger")
    tab = await page_tab(console, owner, project_id, "?tab=members")
    await tab.send(ProjectState.load)
    await tab.send(MembersState.load)
    opened = await tab.send(MembersState.open_add, project_id=project_id)
    updates = await tab.send(MembersState.add, form=form(opened, MembersState))
    assert "choose one" in shown(updates, MembersState, "form_errors")["person"]
    await tab.send(MembersState.look_for, text="bob")
    await tab.send(MembersState.pick, person_id=bob.user_id)
    updates = await tab.send(MembersState.add, form=form(opened, MembersState, role="deployer"))
    assert [(m["username"], m["role"]) for m in shown(updates, MembersState, "members")] == [
        ("olga", "owner"),
        ("bob", "deployer"),
    ]
    assert shown(updates, ProjectState, "project")["member_count"] == 2
    updates = await tab.send(MembersState.change_role, project_id=project_id, person_id=bob.user_id, role="maintainer")
    assert shown(updates, MembersState, "members")[1]["role"] == "maintainer"
    assert "Unknown role" in toast(
        await tab.send(MembersState.change_role, project_id=project_id, person_id=bob.user_id, role="owner")
    )
    await tab.send(MembersState.ask_remove, project_id=project_id, person_id=bob.user_id)
    updates = await tab.send(MembersState.remove)
    assert [m["username"] for m in shown(updates, MembersState, "members")] == ["olga"]


async def test_the_list_of_members_is_filtered_by_its_url(console: Console) -> None:
    owner, bob, cyd = await make_user("olga"), await make_user("bob"), await make_user("cyd", is_active=False)
    project_id = await make_project(owner, "Ledger", {bob: "viewer", cyd: "viewer"})
    tab = await page_tab(console, owner, project_id, "?tab=members&role=viewer&status=active&sort=name")
    updates = await tab.send(TeamState.load) + await tab.send(TeamState.show_filter, key="status", is_open=True)
    assert [row["username"] for row in shown(updates, TeamState, "rows")] == ["bob"]
    assert [chip["text"] for chip in shown(updates, TeamState, "chips")] == ["Role: Viewer", "Status: Active"]
    assert shown(updates, TeamState, "export_query") == "role=viewer&is_active=true&sort=name"
    counts = {option["label"]: option["count"] for option in shown(updates, TeamState, "options")}
    assert counts == {"Active": "1", "Inactive": "1"}
    other = await page_tab(console, owner, project_id, "?role=viewer")
    assert not shown(await other.send(TeamState.load), TeamState, "rows")


async def test_who_is_not_among_the_first_members_can_be_removed(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(members_state, "TEAM_SHOWN", 1)
    owner, bob = await make_user("olga"), await make_user("bob")
    project_id = await make_project(owner, "Ledger", {bob: "viewer"})
    tab = await page_tab(console, owner, project_id, "?tab=members")
    await tab.send(MembersState.load)
    updates = await tab.send(MembersState.ask_remove, project_id=project_id, person_id=bob.user_id)
    assert shown(updates, MembersState, "removed_name") == "Bob"
    assert "Bob removed" in toast(await tab.send(MembersState.remove))


async def members_tab(console: Console, actor: Actor, project_id: int) -> Tab:
    tab = await page_tab(console, actor, project_id, "?tab=members")
    await tab.send(TeamState.load)
    await tab.send(TeamState.toggle_all)
    return tab


async def test_many_members_are_removed_and_the_owner_stays_with_the_reason(console: Console) -> None:
    owner, admin = await make_user("olga"), await make_admin("root")
    team = {await make_user("mia"): "maintainer", await make_user("bob"): "viewer", admin: "viewer"}
    project_id = await make_project(owner, "Ledger", team)
    tab = await members_tab(console, admin, project_id)
    asked = await tab.send(TeamState.ask_bulk, action="remove")
    assert shown(asked, TeamState, "bulk_title") == "Remove 3 members?"
    assert shown(asked, TeamState, "bulk_text").endswith("You can add them again. You are not included.")
    tried = await tab.send(TeamState.try_bulk)
    assert shown(tried, TeamState, "bulk_tried") == "Nothing was changed yet. This would work for 2 of 3 members."
    owner_stays = {"name": "Olga", "detail": "Transfer the project to change its owner."}
    assert shown(tried, TeamState, "tried_refusals") == [owner_stays]
    done = await tab.send(TeamState.run_bulk)
    assert toast(done) == "2 members removed, 1 not changed"
    assert shown(done, TeamState, "refusals") == [owner_stays]
    assert sorted(row["username"] for row in shown(done, TeamState, "rows")) == ["olga", "root"]
    assert await events_of("project", project_id) == ["member_removed"] * 2


async def test_many_members_get_another_role_within_what_the_viewer_grants(console: Console) -> None:
    owner, mia = await make_user("olga"), await make_user("mia")
    team = {mia: "maintainer", await make_user("dan"): "deployer", await make_user("vic"): "viewer"}
    project_id = await make_project(owner, "Ledger", team | {await make_user("max"): "maintainer"})
    tab = await members_tab(console, mia, project_id)
    asked = await tab.send(TeamState.ask_bulk, action="deployer")
    assert shown(asked, TeamState, "bulk_title") == "Change the role of 2 members to deployer?"
    assert shown(asked, TeamState, "bulk_text").endswith(
        "1 has this role already. You do not have permission to change the other 2; they are unchanged."
    )
    done = await tab.send(TeamState.run_bulk)
    assert toast(done) == "Vic changed to deployer, 1 not changed"
    assert [line["name"] for line in shown(done, TeamState, "refusals")] == ["Olga"]
    await tab.send(TeamState.toggle_all)
    await tab.send(TeamState.ask_bulk, action="maintainer")
    refused = await tab.send(TeamState.run_bulk)
    details = {line["detail"] for line in shown(refused, TeamState, "refusals")}
    assert details == {"You do not have permission to do this.", "Transfer the project to change its owner."}
    page = await run(list_members, owner, project_id, MemberQuery())
    assert {member.username: member.role for member in page.items} == {
        "olga": "owner",
        "mia": "maintainer",
        "max": "maintainer",
        "dan": "deployer",
        "vic": "deployer",
    }


async def test_only_those_who_grant_maintainers_are_offered_to(console: Console) -> None:
    owner, mia = await make_user("olga"), await make_user("mia")
    project_id = await make_project(owner, team={mia: "maintainer"})
    for person, expected in ((mia, ["maintainer"]), (owner, [])):
        tab = await page_tab(console, person, project_id, "?tab=members")
        assert (shown(await tab.send(TeamState.load), TeamState, "not_offered") or []) == expected


async def test_what_is_selected_in_one_project_changes_nothing_in_another(console: Console) -> None:
    owner, bob = await make_user("olga"), await make_user("bob")
    here, there = (
        await make_project(owner, "Here", {bob: "viewer"}),
        await make_project(owner, "There", {bob: "viewer"}),
    )
    tab = await members_tab(console, owner, here)
    await tab.send(TeamState.ask_bulk, action="remove")
    tab.path = f"/projects/{there}?tab=members"
    moved = await tab.send(TeamState.run_bulk)
    assert shown(moved, TeamState, "bulk_error") == "You have moved to another page. Nothing was changed."
    assert shown(await tab.send(TeamState.load), TeamState, "is_bulk_open") is False
    await tab.send(TeamState.run_bulk)
    page = await run(list_members, owner, there, MemberQuery())
    assert [member.username for member in page.items] == ["olga", "bob"]


async def test_a_maintainer_grants_no_role_like_their_own(console: Console) -> None:
    owner, maintainer, bob = await make_user(), await make_user(), await make_user()
    project_id = await make_project(owner, team={maintainer: "maintainer", bob: "viewer"})
    tab = await page_tab(console, maintainer, project_id, "?tab=members")
    updates = await tab.send(MembersState.load)
    assert [option[0] for option in shown(updates, MembersState, "role_options")] == ["viewer", "deployer"]
    refused = await tab.send(MembersState.change_role, project_id=project_id, person_id=bob.user_id, role="maintainer")
    assert toast(refused) == "You do not have permission to do this."


async def test_a_viewer_sees_no_team_and_may_leave(console: Console) -> None:
    owner, viewer = await make_user("olga"), await make_user("vera")
    project_id = await make_project(owner, "Ledger", team={viewer: "viewer"})
    tab = await page_tab(console, viewer, project_id, "?tab=members")
    await tab.send(ProjectState.load)
    assert not shown(await tab.send(MembersState.load), MembersState, "members")
    await tab.send(ProjectState.ask, project_id=project_id, action="leave")
    assert redirects(await tab.send(ProjectState.confirm, form={})) == ["/projects"]
    assert (await run(projects.list_projects, viewer, ProjectQuery())).total == 0


async def test_a_confirmation_is_only_of_the_rows_that_it_named(console: Console) -> None:
    """Undo of an earlier act is in a toast, beside the dialog."""
    ana = await make_user()
    kept, gone, asked = [await make_project(ana, name) for name in ("Kept", "Gone", "Asked")]
    await run(projects.delete_project, ana, gone)
    tab = await list_tab(console, ana)
    await tab.send(ProjectsState.load)
    await tab.send(ProjectsState.ask_rows, action="delete", ids=[asked])
    await tab.send(ProjectsState.ask_rows, action="restore", ids=[gone, kept])
    await tab.send(ProjectsState.run_bulk)
    assert [(await row_of(Project, row))["deleted_at"] for row in (kept, gone, asked)] == [None, None, None]

"""What the filters of the list of projects offer."""

from tca_app.core.actor import Actor
from tca_app.core.database.session import reading
from tca_app.features.groups.in_projects import add_project_group
from tca_app.features.groups.schemas import GroupCreate, GroupMemberAdd, ProjectGroupAdd
from tca_app.features.groups.service import add_group_member, create_group
from tca_app.features.projects.listing.export import find_project_ids
from tca_app.features.projects.listing.facets import (
    ProjectField,
    count_projects,
    count_teams,
    owner_names,
    team_names,
)
from tca_app.features.projects.listing.queries import list_projects
from tca_app.features.projects.schemas import ProjectFilter, ProjectQuery
from tests.factories import make_admin, make_project, make_user, run


async def counts(actor: Actor, field: ProjectField, search: str = "", **query: object) -> dict[str, int]:
    async with reading() as session:
        found = await count_projects(session, actor, ProjectQuery.model_validate(query), field, search)
    return {facet.label or facet.value: facet.count for facet in found.values}


async def test_values_are_counted_under_the_other_filters_and_only_of_visible_projects() -> None:
    ana, bob = await make_user("ana", full_name="Ana Lopez"), await make_user("bob")
    await make_project(ana, "Billing", {bob: "viewer"})
    await make_project(ana, "Shop", status="paused")
    await make_project(bob, "Hidden", status="archived")
    assert await counts(ana, "status") == {"active": 1, "paused": 1}
    assert await counts(ana, "status", status=["paused"]) == {"active": 1, "paused": 1}
    assert await counts(ana, "owner_id", status=["paused"]) == {"Ana Lopez": 1}
    assert await counts(ana, "owner_id", "bob") == {}
    assert await counts(bob, "my_role") == {"owner": 1, "viewer": 1}
    assert await counts(bob, "my_role", status=["active"]) == {"viewer": 1}
    assert await counts(await make_admin(), "status") == {"active": 1, "archived": 1, "paused": 1}


async def test_owners_are_named_only_to_those_who_see_their_projects() -> None:
    ana, bob = await make_user("ana", full_name="Ana Lopez"), await make_user("bob")
    await make_project(ana, "Billing")
    async with reading() as session:
        assert await owner_names(session, ana, [ana.user_id, bob.user_id]) == {str(ana.user_id): "Ana Lopez"}
        assert await owner_names(session, bob, [ana.user_id]) == {}


async def make_group(admin: Actor, name: str, *project_ids: int) -> int:
    """A group with a role in these projects; returns its id."""
    group_id = (await run(create_group, admin, GroupCreate(name=name))).id
    for project_id in project_ids:
        await run(add_project_group, admin, project_id, ProjectGroupAdd(group_id=group_id))
    return group_id


async def listed(actor: Actor, **query: object) -> list[str]:
    """Returns the names of the list, which are those of its file."""
    async with reading() as session:
        page = await list_projects(session, actor, ProjectQuery.model_validate({"sort": "name", **query}))
        ids = await find_project_ids(session, actor, ProjectFilter.model_validate({"sort": "name", **query}))
    assert [project.id for project in page.items] == ids
    assert page.total == len(ids)
    return [project.name for project in page.items]


async def teams(actor: Actor, search: str = "", **query: object) -> dict[str, int]:
    async with reading() as session:
        found = await count_teams(session, actor, ProjectQuery.model_validate(query), search)
    return {facet.label or facet.value: facet.count for facet in found.values}


async def test_a_team_is_ones_own_projects_or_a_group_or_either() -> None:
    admin, ana = await make_admin(), await make_user("ana")
    await make_project(admin, "Own")
    ledger, shop = await make_project(ana, "Ledger"), await make_project(ana, "Shop", status="paused")
    await make_project(ana, "Wiki")
    platform, web = await make_group(admin, "Platform", ledger, shop), await make_group(admin, "Web", shop)
    assert await listed(admin, group_id=[platform]) == ["Ledger", "Shop"]
    assert await listed(admin, mine=True) == ["Own"]
    assert await listed(admin, mine=True, group_id=[web, platform], status=["active"]) == ["Ledger", "Own"]
    assert await teams(admin, group_id=[web], mine=True) == {"mine": 1, "Platform": 2, "Web": 1}
    assert await teams(admin, status=["paused"]) == {"mine": 0, "Platform": 1, "Web": 1}
    assert await teams(admin, "plat") == {"Platform": 2}
    assert await counts(admin, "status", group_id=[platform]) == {"active": 1, "paused": 1}


async def test_members_filter_by_groups_that_they_are_in() -> None:
    admin, ana = await make_admin(), await make_user("ana")
    ledger = await make_project(ana, "Ledger")
    platform, web = await make_group(admin, "Platform", ledger), await make_group(admin, "Web", ledger)
    await run(add_group_member, admin, platform, GroupMemberAdd(user_id=ana.user_id))
    assert (await listed(ana, group_id=[platform]), await listed(ana, group_id=[web])) == (["Ledger"], [])
    assert await teams(ana) == {"mine": 1, "Platform": 1}
    async with reading() as session:
        assert await team_names(session, ana, [platform, web]) == {str(platform): "Platform"}
        assert await team_names(session, admin, [web]) == {str(web): "Web"}

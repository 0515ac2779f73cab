"""What the filters of the list of projects offer."""

from tca_app.core.actor import Actor
from tca_app.core.database.session import reading
from tca_app.features.projects.listing.facets import ProjectField, count_projects, owner_names
from tca_app.features.projects.schemas import ProjectQuery
from tests.factories import make_admin, make_project, make_user


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

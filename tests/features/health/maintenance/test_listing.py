"""The list of maintenance windows: its filters, its orders, and the counts of its filters."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tca_app.core.actor import Actor
from tca_app.core.database.session import reading
from tca_app.features.health.maintenance import listing
from tca_app.features.health.maintenance.schemas import MaintenanceFilter, MaintenanceQuery
from tests.factories import make_check, make_maintenance, make_project, make_user

NOW = datetime.now(UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


async def found(actor: Actor, **query: Any) -> list[str]:
    async with reading() as session:
        page = await listing.list_windows(session, actor, MaintenanceQuery.model_validate(query))
    assert page.total == len(page.items)
    return [window.title for window in page.items]


async def test_it_is_filtered_sorted_and_counted() -> None:
    ana, ben = await make_user("ana"), await make_user("ben")
    shop = await make_project(ana, "Shop", team={ben: "maintainer"})
    web, api = await make_check(shop, "web"), await make_check(await make_project(ben), "api")

    async def plan(title: str, start: timedelta, by: Actor = ana, **fields: Any) -> None:
        period = {"starts_at": NOW + start, "ends_at": NOW + start + HOUR}
        await make_maintenance(shop, web, title=title, created_by_id=by.user_id, **(period | fields))

    await plan("Later", 2 * DAY, message="Of the database")
    await plan("Soon", DAY, by=ben)
    await plan("Now", -HOUR / 2)
    await plan("Past", -3 * DAY)
    await plan("Long past", -9 * DAY, by=ben)
    await plan("Dropped", DAY, cancelled_at=NOW)
    await make_maintenance(None, api, title="Of the console")
    assert await found(ana, project_id=[shop]) == ["Now", "Soon", "Later", "Dropped", "Past", "Long past"]
    assert await found(ana, state=["active", "scheduled"], project_id=[shop]) == ["Now", "Soon", "Later"]
    assert await found(ana, search="database") == ["Later"]
    assert await found(ana, created_by_id=[ben.user_id], sort="starts_at") == ["Long past", "Soon"]
    assert await found(ana, check_id=[web], until=(NOW - DAY).isoformat(), sort="-ends_at") == ["Past", "Long past"]
    assert await found(ana, since=(NOW + 1.5 * DAY).isoformat()) == ["Later"]
    assert (await found(ana, sort="component"))[-1] == "Of the console"  # its component is of another team
    assert (await found(ana, sort="state"))[-1] == "Dropped"

    async def counts(field: listing.MaintenanceField, **query: Any) -> dict[str, int]:
        async with reading() as session:
            facets = await listing.count_windows(session, ana, MaintenanceFilter.model_validate(query), field)
        return {facet.label or facet.value: facet.count for facet in facets.values}

    assert await counts("state", project_id=[shop]) == {"completed": 2, "scheduled": 2, "active": 1, "cancelled": 1}
    assert await counts("check_id") == {"web": 6}
    assert await counts("created_by_id", state="completed") == {"Ana": 1, "Ben": 1}
    assert await counts("project_id") == {"Shop": 6}
    async with reading() as session:
        stranger = await make_user()
        assert await listing.author_names(session, ana, [ben.user_id]) == {str(ben.user_id): "Ben"}
        assert await listing.author_names(session, stranger, [ben.user_id]) == {}

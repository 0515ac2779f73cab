"""The list of checks: the state as the page shows it, its orders, and the counts of its filters."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tca_app.core.actor import Actor
from tca_app.core.database.session import reading
from tca_app.features.health import listing
from tca_app.features.health.components import filter_names
from tca_app.features.health.schemas import CheckFilter, CheckQuery
from tests.factories import bearer, make_admin, make_check, make_maintenance, make_project, make_user

NOW = datetime.now(UTC)
RAN = {"last_at": NOW, "last_ok": True}


async def found(actor: Actor, **query: Any) -> list[str]:
    async with reading() as session:
        page = await listing.list_checks(session, actor, CheckQuery.model_validate(query))
    assert page.total == len(page.items)
    return [check.name for check in page.items]


async def test_the_filter_and_the_order_by_state_are_of_what_the_page_shows() -> None:
    admin = await make_admin()
    states = {
        "down": {"state": "failing", **RAN},
        "new": {"state": "unknown"},
        "maintained": {"state": "failing", **RAN},
        "up": {"state": "passing", **RAN},
        "paused": {"state": "passing", "is_paused": True, **RAN},
        "off": {"state": "unknown", "last_at": NOW},
    }
    ids = {name: await make_check(name=name, **fields) for name, fields in states.items()}
    await make_maintenance(None, ids["maintained"])
    assert await found(admin, sort="state") == list(states)
    shown = {"failing": ["down"], "unknown": ["new"], "maintenance": ["maintained"], "passing": ["up"]}
    for state, names in (shown | {"paused": ["paused"], "off": ["off"]}).items():
        assert await found(admin, shown_state=state) == names
    assert await found(admin, state="failing", sort="name") == ["down", "maintained"]
    async with reading() as session:
        facets = await listing.count_checks(session, admin, CheckFilter(), "shown_state")
    assert {facet.value: facet.count for facet in facets.values} == dict.fromkeys([*shown, "paused", "off"], 1)


async def test_it_is_searched_sorted_and_counted_by_project(api: httpx.AsyncClient) -> None:
    ana = await make_user("ana")
    shop, ledger = await make_project(ana, "Shop"), await make_project(ana, "Ledger")
    soon = NOW + timedelta(days=3)
    web = await make_check(shop, "web", url="https://shop.example.com", last_latency_ms=9, certificate_until=soon)
    books = await make_check(ledger, "books", last_latency_ms=80)
    await make_check(await make_project(await make_user()), "other")
    await make_check(name="Redis")
    assert await found(ana) == ["Redis", "books", "web"]
    assert await found(ana, search="SHOP.example") == ["web"]
    assert await found(ana, project_id=[shop, ledger], sort="-project") == ["web", "books"]
    assert await found(ana, kind="part") == ["Redis"]
    assert await found(ana, sort="-latency") == ["books", "web", "Redis"]
    assert await found(ana, sort="certificate_until") == ["web", "books", "Redis"]
    async with reading() as session:
        facets = await listing.count_checks(session, ana, CheckFilter(), "project_id", "led")
        assert [(facet.label, facet.count) for facet in facets.values] == [("Ledger", 1)]
        assert await filter_names(session, ana, "check_id", [web, books]) == {str(web): "web", str(books): "books"}
        assert await filter_names(session, ana, "project_id", [shop]) == {str(shop): "Shop"}
        stranger = await make_user()
        assert await filter_names(session, stranger, "check_id", [web]) == {}
        assert await filter_names(session, stranger, "project_id", [shop]) == {}
    listed = await api.get("/api/v1/health/checks?sort=-name&limit=2", headers=await bearer(ana))
    assert [check["name"] for check in listed.json()] == ["web", "Redis"]
    assert listed.headers["X-Total-Count"] == "3"

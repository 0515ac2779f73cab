"""The list of incidents over REST: its filters, its orders, and the counts of its filters."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tca_app.core.actor import Actor
from tca_app.core.database import similar
from tca_app.core.database.session import reading
from tca_app.features.health.incidents import listing
from tca_app.features.health.incidents.schemas import IncidentCreate, IncidentFilter, IncidentQuery
from tca_app.features.health.incidents.service import acknowledge_incident, create_incident
from tests.factories import bearer, make_admin, make_check, make_incident, make_project, make_user, run

NOW = datetime.now(UTC)


class Team:
    """A member of two projects with five incidents, of which the project of another person has none that they see."""

    def __init__(self, ana: Actor, shop: int, web: int, ledger: int, books: int) -> None:
        self.ana, self.shop, self.web, self.ledger, self.books = ana, shop, web, ledger, books


@pytest.fixture
async def team() -> Team:
    ana = await make_user("ana")
    shop, ledger = await make_project(ana, "Shop"), await make_project(ana, "Ledger")
    web, books = await make_check(shop, "web"), await make_check(ledger, "books")
    await make_incident(await make_check(await make_project(await make_user()), "other"), reason="hidden")
    old = NOW - timedelta(days=9)
    await make_incident(web, reason="old", opened_at=old, closed_at=old + timedelta(hours=5))
    await make_incident(books, reason="short", opened_at=old, closed_at=old + timedelta(minutes=5), severity="minor")
    await make_incident(web, reason="now", opened_at=NOW - timedelta(hours=1), severity="critical")
    data = IncidentCreate(title="Checkout is slow", message="We look.", project_id=shop, check_ids=[web])
    await run(acknowledge_incident, ana, (await run(create_incident, ana, data)).id)
    return Team(ana, shop, web, ledger, books)


async def found(actor: Actor, **query: Any) -> list[str]:
    """What names the incidents of the list: the reason, or the title of one that a person opened."""
    async with reading() as session:
        page = await listing.list_incidents(session, actor, IncidentQuery.model_validate(query))
    assert page.total == len(page.items)
    return [incident.title or incident.reason for incident in page.items]


SLOW = "Checkout is slow"


async def test_members_find_theirs_by_letters_however_many_others_have(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(similar, "SIMILAR_AMONG", 4)
    check_id = await make_check(await make_project(await make_user()), "webserver")
    for hours in range(4):
        closed = NOW - timedelta(hours=hours)
        await make_incident(check_id, reason="noise", opened_at=closed - timedelta(minutes=5), closed_at=closed)

    async def similar_to(actor: Actor, text: str) -> list[str]:
        return [one.title or one.reason for one in await run(listing.find_similar, actor, text)]

    assert await similar_to(team.ana, "wb") == ["now", "old"]
    assert await similar_to(team.ana, "chckt slw") == [SLOW]
    assert await similar_to(team.ana, "bks shrt") == ["short"]
    assert await similar_to(await make_admin(), "slw") == []


async def test_filters_take_several_values_and_narrow_it_down(team: Team) -> None:
    ana = team.ana
    assert await found(ana) == [SLOW, "now", "short", "old"]
    assert await found(ana, severity=["minor", "critical"]) == ["now", "short"]
    assert await found(ana, status="resolved") == ["short", "old"]
    assert await found(ana, status=["resolved", "investigating"], project_id=[team.ledger]) == ["short"]
    assert await found(ana, check_id=[team.web]) == [SLOW, "now", "old"]
    assert await found(ana, acknowledged=True) == [SLOW]
    assert await found(ana, acknowledged=False, open=True) == ["now"]
    assert await found(ana, search="checkout") == [SLOW]
    assert await found(ana, search="BOOKS") == ["short"]
    assert await found(ana, until=(NOW - timedelta(days=8)).isoformat()) == ["short", "old"]
    assert await found(ana, since=(NOW - timedelta(days=8)).isoformat()) == [SLOW, "now"]


async def test_it_is_sorted_by_what_a_row_shows(team: Team) -> None:
    ana = team.ana
    assert await found(ana, sort="-severity") == ["now", SLOW, "old", "short"]
    assert await found(ana, sort="duration", open=False) == ["short", "old"]
    assert (await found(ana, sort="component"))[0] == "short"
    assert (await found(ana, sort="acknowledged_by"))[0] == SLOW
    assert (await found(ana, sort="name"))[:2] == ["short", SLOW]
    assert await found(ana, sort="status") == ["now", SLOW, "old", "short"]


async def test_the_counts_follow_the_other_filters_and_leave_out_what_is_hidden(team: Team) -> None:
    async def counts(field: listing.IncidentField, search: str = "", **query: Any) -> dict[str, int]:
        async with reading() as session:
            asked = IncidentFilter.model_validate(query)
            facets = await listing.count_incidents(session, team.ana, asked, field, search)
        return {facet.label or facet.value: facet.count for facet in facets.values}

    assert await counts("check_id") == {"web": 3, "books": 1}
    assert await counts("check_id", "boo") == {"books": 1}
    assert await counts("project_id", severity="minor") == {"Ledger": 1}
    assert await counts("status", status="resolved") == {"investigating": 2, "resolved": 2}
    assert await counts("severity") == {"major": 2, "minor": 1, "critical": 1}
    assert await counts("acknowledged", acknowledged=True) == {"no": 3, "yes": 1}


async def test_a_component_of_another_team_is_neither_counted_nor_sorted_by(team: Team) -> None:
    """An incident of the console may affect components that its reader must not know."""
    hidden = await make_check(await make_project(await make_user(), "Secret"), "aaa secret")
    data = IncidentCreate(title="Network", message="We look.", check_ids=[hidden])
    await run(create_incident, await make_admin(), data)
    async with reading() as session:
        facets = await listing.count_incidents(session, team.ana, IncidentFilter(), "check_id")
    assert [facet.label for facet in facets.values] == ["web", "books"]
    assert (await found(team.ana, sort="component"))[-1] == "Network"


async def test_open_incidents_are_counted_with_those_of_people(team: Team) -> None:
    async with reading() as session:
        assert await listing.count_open(session, team.ana) == listing.OpenIncidents(2, 1)
        assert await listing.count_open(session, await make_user()) == listing.OpenIncidents(0, 0)


async def test_the_file_has_the_order_of_the_list(api: httpx.AsyncClient, team: Team) -> None:
    header = await bearer(team.ana)
    lines = (await api.get("/api/v1/incidents/export.csv?sort=duration&open=false", headers=header)).text.splitlines()
    assert ["short" in lines[1], "old" in lines[2]] == [True, True]
    listed = await api.get("/api/v1/incidents?severity=minor&severity=critical&sort=severity", headers=header)
    assert [incident["severity"] for incident in listed.json()] == ["minor", "critical"]
    assert (await api.get("/api/v1/incidents?sort=reason", headers=header)).status_code == 422

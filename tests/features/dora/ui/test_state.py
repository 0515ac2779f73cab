"""The page of the DORA metrics, without a browser."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from reflex.istate.manager.memory import StateManagerMemory

from tca_app.core import periods
from tca_app.core.actor import Actor
from tca_app.features.dora import service
from tca_app.features.dora.filters import DORA
from tca_app.features.dora.schemas import DoraUnit, DoraUnitsQuery, UnitSort
from tca_app.features.dora.ui.state import DoraState
from tca_app.features.dora.units import chosen_units
from tests.factories import make_deployment, make_project, make_user
from tests.ui.harness import Console, Tab, console_on, shown, sign_in

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "_today", NOON.date)


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    async with console_on(StateManagerMemory()) as running:
        yield running


async def put(project_id: int, status: str, days: int, environment: str = "production") -> None:
    ended = NOON - timedelta(days=days)
    times = {"queued_at": ended, "started_at": ended, "finished_at": ended, "commit_at": ended - timedelta(hours=3)}
    await make_deployment(project_id, environment, status=status, **times)


async def open_page(console: Console, actor: Actor, path: str) -> Tab:
    tab = Tab(console, f"{actor.username} {path}", await sign_in(actor), path)
    await tab.hydrate()
    return tab


async def test_the_page_shows_metrics_weeks_and_projects(console: Console) -> None:
    owner = await make_user()
    billing, ledger = await make_project(owner, "Billing"), await make_project(owner, "Ledger")
    for project_id, status, days in (
        (billing, "succeeded", 0),
        (billing, "failed", 1),
        (ledger, "succeeded", 8),
        (ledger, "succeeded", 100),
    ):
        await put(project_id, status, days)
    tab = await open_page(console, owner, "/dora?sort=failure_rate")
    updates = await tab.send(DoraState.load)
    frequency, lead_time, failures, restore = shown(updates, DoraState, "metrics")
    assert (frequency["value"], frequency["change"], frequency["trend"]) == (
        "0.2 a week",
        "+100% vs. previous 12 weeks",
        "better",
    )
    assert (frequency["level"], frequency["graded"]) == ("low", "per project: 0.1 a week")
    assert (lead_time["graded"], failures["graded"]) == ("", "")
    assert (lead_time["value"], lead_time["level"], lead_time["change"]) == (
        "3.0 h",
        "elite",
        "No change vs. previous 12 weeks",
    )
    assert (failures["value"], failures["trend"], failures["basis"]) == ("33%", "worse", "1 of 3 finished")
    no_figure, no_failure = (bar["height"] for bar in failures["bars"][-3:-1])
    assert (no_figure, no_failure) == ("max(0px, 0.00%)", "max(2px, 0.00%)")
    assert (restore["value"], restore["basis"]) == ("1.0 days", "1 restored")
    newest = frequency["bars"][-1]
    assert newest["text"] == "Mar 4 to Mar 10: 1 succeeded"
    assert newest["url"] == (
        "/deployments?status=succeeded&tier=production&ended_since=2026-03-04&ended_until=2026-03-10"
    )
    rows = shown(updates, DoraState, "rows")
    assert [(row["name"], row["failure_rate"]) for row in rows] == [("Ledger", "0%"), ("Billing", "50%")]
    assert rows[1]["url"].startswith(f"/deployments?status=completed&project={billing}&tier=production&ended_since=")


async def test_the_url_says_what_counts(console: Console) -> None:
    owner = await make_user()
    await put(await make_project(owner), "succeeded", 1, "staging")
    tab = await open_page(console, owner, "/dora?weeks=26&tier=staging&q=nothing")
    updates = await tab.send(DoraState.load)
    assert shown(updates, DoraState, "scope") == "Environments with the tier Staging."
    assert shown(updates, DoraState, "weeks") == "26"
    assert len(shown(updates, DoraState, "metrics")[0]["bars"]) == 26
    assert shown(updates, DoraState, "is_filtered") is True
    await tab.send(DoraState.show_filter, key="tier", is_open=True)
    tab.path = "/dora?environment=staging&by=group&weeks=7"
    updates = await tab.send(DoraState.load)
    assert shown(updates, DoraState, "scope") == "Environments: staging."
    assert (shown(updates, DoraState, "by"), shown(updates, DoraState, "weeks")) == ("group", "")


async def test_a_zoom_shows_whole_weeks(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(periods, "MAX_DAYS", 36_600)  # the days of this test are long ago one day
    owner = await make_user()
    project_id = await make_project(owner, "Billing")
    for status, days in (("succeeded", 1), ("succeeded", 8), ("failed", 20), ("succeeded", 22)):
        await put(project_id, status, days)
    tab = await open_page(console, owner, "/dora?weeks=26&from=2026-02-20&to=2026-03-03")
    updates = await tab.send(DoraState.load)
    frequency, *_ = shown(updates, DoraState, "metrics")
    assert shown(updates, DoraState, "zoom_text") == "Feb 18 to Mar 3"
    assert (frequency["basis"], frequency["change"]) == ("1 succeeded", "No change vs. previous 2 weeks")
    assert [(bar["date"], bar["until"]) for bar in frequency["bars"]] == [
        ("2026-02-18", "2026-02-24"),
        ("2026-02-25", "2026-03-03"),
    ]
    [row] = shown(updates, DoraState, "rows")
    assert row["finished"] == "2"
    assert row["url"].endswith("&ended_since=2026-02-18&ended_until=2026-03-03")
    assert set(shown(updates, DoraState, "export_query").split("&")) >= {"weeks=2", "until=2026-03-03"}
    options = shown(await tab.send(DoraState.show_filter, key="tier", is_open=True), DoraState, "options")
    assert [option["count"] for option in options if option["value"] == "production"] == ["2"]


async def test_a_filter_counts_finished_deployments(console: Console) -> None:
    owner = await make_user()
    project_id = await make_project(owner, "Billing")
    await put(project_id, "succeeded", 1)
    await put(project_id, "failed", 1, "staging")
    tab = await open_page(console, owner, "/dora")
    await tab.send(DoraState.load)
    for key, expected in (
        ("tier", {"production": "1", "staging": "1"}),
        ("environment", {"production": "1"}),
        ("project", {str(project_id): "1"}),
        ("group", {}),
    ):
        options = shown(await tab.send(DoraState.show_filter, key=key, is_open=True), DoraState, "options")
        assert {option["value"]: option["count"] for option in options if option["count"] != "0"} == expected, key


def test_what_is_not_measured_is_last_in_both_directions() -> None:
    def unit(number: int, lead: float | None) -> DoraUnit:
        counts = dict.fromkeys(("succeeded", "finished", "bad", "projects", "with_commit_time", "restored"), 1)
        levels = ("deployment_frequency", "lead_time", "change_failure_rate", "time_to_restore")
        rates = {"deployments_per_day": 1, "change_failure_rate": 0, "time_to_restore_s": None, "lead_time_s": lead}
        names = {"id": number, "name": str(number), "slug": "", "color": "", "emoji": ""}
        return DoraUnit.model_validate(counts | rates | names | {"levels": dict.fromkeys(levels)})

    units = [unit(1, None), unit(2, 5), unit(3, 9)]
    assert [found.id for found in chosen_units(units, DoraUnitsQuery(sort="lead_time"))] == [2, 3, 1]
    assert [found.id for found in chosen_units(units, DoraUnitsQuery(sort="-lead_time"))] == [3, 2, 1]


def test_each_order_of_the_table_is_one_of_its_file() -> None:
    assert set(get_args(UnitSort)) == {f"{sign}{sort}" for sort in DORA.sorts for sign in ("", "-")}
    assert DoraUnitsQuery().sort == DORA.default_sort


async def test_the_file_is_asked_for_with_the_search_and_the_order_of_the_page(console: Console) -> None:
    tab = await open_page(console, await make_user(), "/dora?q=pay&sort=-lead_time&weeks=26&by=group")
    query = shown(await tab.send(DoraState.load), DoraState, "export_query")
    assert set(query.split("&")) == {"search=pay", "sort=-lead_time", "weeks=26", "by=group"}

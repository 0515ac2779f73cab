"""DORA metrics by week and by unit, against figures that were worked out by hand."""

import csv
import io
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import insert

from tca_app.core.actor import Actor
from tca_app.core.database.session import transaction
from tca_app.features.deployments.ui.figures import duration_words, frequency_words, share_words
from tca_app.features.dora import levels, service
from tca_app.models import Group, GroupMember, ProjectGroup
from tests.factories import bearer, make_admin, make_deployment, make_project, make_user

URL = "/api/v1/metrics/dora"
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)  # of the day that the tests take for today


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "_today", NOON.date)


async def make_group(name: str, people: list[Actor], project_ids: list[int]) -> int:
    async with transaction() as session:
        group_id = (await session.execute(insert(Group).values(name=name).returning(Group.id))).scalar_one()
        for person in people:
            await session.execute(insert(GroupMember).values(group_id=group_id, user_id=person.user_id))
        for project_id in project_ids:
            values = {"project_id": project_id, "group_id": group_id, "role": "viewer"}
            await session.execute(insert(ProjectGroup).values(values))
    return group_id


async def put(project_id: int, status: str, days: float, lead_h: float = 0, environment: str = "production") -> int:
    ended = NOON - timedelta(days=days)
    times = {"queued_at": ended, "started_at": ended, "finished_at": ended}
    commit = {"commit_at": ended - timedelta(hours=lead_h)} if lead_h else {}
    return await make_deployment(project_id, environment, status=status, **times, **commit)


async def asked(api: httpx.AsyncClient, actor: Actor, query: str = "") -> dict:
    response = await api.get(f"{URL}?{query}", headers=await bearer(actor))
    assert response.status_code == 200
    return response.json()


async def test_weeks_total_and_the_period_before(api: httpx.AsyncClient) -> None:
    owner = await make_user()
    billing = await make_project(owner, "Billing")
    for status, days, lead in (("succeeded", 1, 2), ("failed", 3, 0), ("succeeded", 2.5, 4), ("succeeded", 8, 6)):
        await put(billing, status, days, lead)
    await put(billing, "succeeded", 90, 30)  # in the twelve weeks before
    await put(billing, "succeeded", 300, 1)  # before both
    await put(billing, "failed", 2, environment="staging")
    await put(await make_project(await make_user()), "failed", 1)

    found = await asked(api, owner)
    assert (found["weeks"], found["tiers"], found["by"]) == (12, ["production"], "project")
    total = found["total"]
    assert (total["succeeded"], total["finished"], total["bad"], total["projects"]) == (3, 4, 1, 1)
    assert total["deployments_per_day"] == pytest.approx(3 / 84)
    assert (total["lead_time_s"], total["with_commit_time"]) == (4 * 3600, 3)
    assert total["change_failure_rate"] == 0.25
    assert (total["time_to_restore_s"], total["restored"]) == (12 * 3600, 1)
    assert total["levels"] == {
        "deployment_frequency": "medium",
        "lead_time": "elite",
        "change_failure_rate": "low",
        "time_to_restore": "high",
    }
    before = found["before"]
    assert (before["succeeded"], before["lead_time_s"], before["change_failure_rate"]) == (1, 30 * 3600, 0.0)
    assert before["until"] == (NOON - timedelta(days=84)).date().isoformat()
    assert total["since"] == (NOON - timedelta(days=83)).date().isoformat()
    assert len(found["trend"]) == 12
    newest, second = found["trend"][-1], found["trend"][-2]
    assert (newest["succeeded"], newest["finished"], newest["lead_time_s"]) == (2, 3, 3 * 3600)
    assert (second["succeeded"], second["lead_time_s"], second["time_to_restore_s"]) == (1, 6 * 3600, None)
    assert newest["until"] == NOON.date().isoformat()
    longer = await asked(api, owner, "weeks=26")
    assert (longer["total"]["succeeded"], len(longer["trend"])) == (4, 26)


async def test_what_counts_is_chosen_by_tier_or_environment(api: httpx.AsyncClient) -> None:
    owner = await make_user()
    project_id = await make_project(owner)
    await put(project_id, "succeeded", 1)
    await put(project_id, "failed", 1, environment="staging")
    both = await asked(api, owner, "tier=staging&tier=production")
    assert (both["total"]["finished"], both["tiers"]) == (2, ["staging", "production"])
    named = await asked(api, owner, "environment=STAGING")
    assert (named["total"]["succeeded"], named["total"]["bad"]) == (0, 1)
    assert (await asked(api, owner, "environment=staging&tier=production"))["total"]["finished"] == 0


async def test_a_period_may_end_before_today(api: httpx.AsyncClient) -> None:
    owner = await make_user()
    billing = await make_project(owner, "Billing")
    for status, days in (("succeeded", 1), ("failed", 8), ("succeeded", 9), ("succeeded", 22), ("failed", 30)):
        await put(billing, status, days)
    found = await asked(api, owner, "weeks=2&until=2026-03-03")
    assert [(week["since"], week["until"], week["succeeded"], week["finished"]) for week in found["trend"]] == [
        ("2026-02-18", "2026-02-24", 0, 0),
        ("2026-02-25", "2026-03-03", 1, 2),
    ]
    assert (found["total"]["finished"], found["before"]["finished"], found["units"][0]["finished"]) == (2, 2, 2)
    later, today = await asked(api, owner, "weeks=1&until=2026-03-12"), await asked(api, owner, "weeks=1")
    assert later == today


async def test_units_are_projects_or_groups(api: httpx.AsyncClient) -> None:
    owner, viewer = await make_user("owner"), await make_user("viewer")
    first, second = [await make_project(owner, name, {viewer: "viewer"}) for name in ("First", "Second")]
    hidden = await make_project(owner, "Hidden")
    await make_project(owner, "Never deployed")
    platform = await make_group("Platform", [viewer], [first, second])
    others = await make_group("Others", [], [first, hidden])
    for project_id, count in ((first, 1), (second, 3), (hidden, 2)):
        for day in range(count):
            await put(project_id, "succeeded", day)

    def units(found: dict) -> dict[str, int]:
        return {unit["name"]: unit["finished"] for unit in found["units"]}

    assert units(await asked(api, owner)) == {"Second": 3, "Hidden": 2, "First": 1}
    assert units(await asked(api, owner, f"project_id={first}&project_id={hidden}")) == {"Hidden": 2, "First": 1}
    # A member sees the projects and groups that are theirs, whatever they ask for.
    assert units(await asked(api, viewer)) == {"Second": 3, "First": 1}
    assert units(await asked(api, viewer, "by=group")) == {"Platform": 4}
    assert units(await asked(api, viewer, f"group_id={others}")) == {}
    assert units(await asked(api, viewer, f"project_id={first}&project_id={hidden}")) == {"First": 1}
    refused = await api.get(f"{URL}?project_id={hidden}", headers=await bearer(viewer))
    assert refused.status_code == 404
    admin = await make_admin()
    assert units(await asked(api, admin, "by=group")) == {"Platform": 4, "Others": 3}
    assert units(await asked(api, admin, f"by=group&group_id={platform}")) == {"Platform": 4}
    assert (await asked(api, admin, "by=group"))["total"]["finished"] == 6  # each counts once in total


async def test_the_csv_has_the_units(api: httpx.AsyncClient) -> None:
    owner = await make_user()
    await put(await make_project(owner, "=Ledger", slug="ledger"), "failed", 1)
    answer = await api.get(f"{URL}/export.csv?weeks=12", headers=await bearer(owner))
    head, line = answer.text.splitlines()
    assert head.startswith('"id","name","slug","succeeded"')
    assert '"\'=Ledger"' in line
    assert line.endswith('"low",""')
    assert (await api.get(f"{URL}/export.csv")).status_code == 401


async def test_the_csv_follows_the_search_and_the_order(api: httpx.AsyncClient) -> None:
    owner = await make_user()
    for name, times in (("Ledger", 1), ("Billing", 3), ("Billing API", 2)):
        project_id = await make_project(owner, name)
        for _time in range(times):
            await put(project_id, "succeeded", 1)
    header = await bearer(owner)

    async def names(query: str) -> list[str]:
        answer = await api.get(f"{URL}/export.csv?{query}", headers=header)
        return [row["name"] for row in csv.DictReader(io.StringIO(answer.text, newline=""))]

    assert await names("") == ["Billing", "Billing API", "Ledger"]
    assert await names("sort=-name") == ["Ledger", "Billing API", "Billing"]
    assert await names("search=bill&sort=finished") == ["Billing API", "Billing"]
    assert (await api.get(f"{URL}/export.csv?sort=id", headers=header)).status_code == 422


@pytest.mark.parametrize(
    "query", ["weeks=54", "weeks=0", "until=2026-3-1", "tier=prod", "by=person", "days=30", "project_id=0"]
)
async def test_other_parameters_are_refused(api: httpx.AsyncClient, query: str) -> None:
    assert (await api.get(f"{URL}?{query}", headers=await bearer(await make_user()))).status_code == 422


def test_levels_are_those_of_the_report() -> None:
    assert [levels.frequency_level(rate) for rate in (2, 1, 0.5, 1 / 7, 0.1, 0.01, None)] == [
        *("elite", "elite", "high", "high", "medium", "low", None)
    ]
    assert [levels.failure_rate_level(share) for share in (0, 0.05, 0.06, 0.15, 0.16)] == [
        *("elite", "elite", "high", "medium", "low")
    ]
    assert [levels.lead_time_level(days * 86_400) for days in (1, 2, 7, 20, 31)] == [
        *("elite", "high", "high", "medium", "low")
    ]
    assert [levels.restore_level(hours * 3_600) for hours in (1, 2, 24, 30, 200)] == [
        *("elite", "high", "high", "medium", "low")
    ]


def test_a_level_never_contradicts_the_figure_that_is_shown() -> None:
    for bad, finished in ((28, 186), (28, 188), (30, 207), (31, 207), (11, 103), (11, 208), (1, 19)):
        percent = int(share_words(bad / finished).rstrip("%"))
        assert levels.failure_rate_level(bad / finished) == levels.failure_rate_level(percent / 100), (bad, finished)
    day = 86_400
    assert (duration_words(day + 400), levels.lead_time_level(day + 400)) == ("1.0 days", "elite")
    assert (duration_words(7 * day + 900), levels.lead_time_level(7 * day + 900)) == ("7.0 days", "high")
    assert (duration_words(3_700), levels.restore_level(3_700)) == ("1.0 h", "elite")
    assert (duration_words(1.06 * day), levels.restore_level(1.06 * day)) == ("1.1 days", "medium")
    assert (frequency_words(0.995), levels.frequency_level(0.995)) == ("7.0 a week", "elite")
    assert frequency_words(2 / 364) == "less than 0.1 a week"
    assert (frequency_words(0.139), levels.frequency_level(0.139)) == ("1.0 a week", "high")
    assert {(frequency_words(rate), levels.frequency_level(rate)) for rate in (0.029, 1 / 30, 0.035)} == {
        ("0.2 a week", "medium")
    }

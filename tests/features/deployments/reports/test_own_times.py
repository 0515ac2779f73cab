"""Deployments that are reported in one call, with a state and times of their own."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, update

from tca_app.config.settings import get_settings
from tca_app.core.actor import Actor
from tca_app.core.database.session import reading, transaction
from tca_app.models import Environment, LoggedEvent, Notification
from tests.factories import (
    bearer,
    deployment_events,
    do_jobs,
    make_admin,
    make_deployment,
    make_freeze,
    make_project,
    make_user,
    make_webhook,
)
from tests.sinks import HttpSink

NOW = datetime.now(UTC).replace(microsecond=0)
NEW = {"environment": "production", "version": "1.4.2"}


def ago(**parts: float) -> str:
    return (NOW - timedelta(**parts)).isoformat()


class Ci:
    """A build machine that deploys one project."""

    def __init__(self, api: httpx.AsyncClient, project_id: int, header: dict[str, str]) -> None:
        self.api, self.project_id, self.header = api, project_id, header
        self.url = f"/api/v1/projects/{project_id}/deployments"

    async def report(self, **body: Any) -> httpx.Response:
        return await self.api.post(self.url, headers=self.header, json=NEW | body)

    async def read(self, path: str) -> Any:
        answer = await self.api.get(path, headers=self.header)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
async def owner() -> Actor:
    return await make_user()


@pytest.fixture
async def ci(api: httpx.AsyncClient, owner: Actor) -> Ci:
    person = await make_user("dan")
    return Ci(api, await make_project(owner, "Billing", team={person: "deployer"}), await bearer(person))


async def protect(project_id: int) -> None:
    async with transaction() as session:
        production = (Environment.project_id == project_id) & (Environment.name == "production")
        await session.execute(update(Environment).where(production).values(is_protected=True))


async def test_one_call_reports_a_result_with_its_times(ci: Ci) -> None:
    times = {"queued_at": ago(minutes=9), "started_at": ago(minutes=8), "finished_at": ago(minutes=5)}
    made = await ci.report(status="failed", reason="Disk full", **times)
    assert made.status_code == 201, made.text
    assert (made.json()["status"], made.json()["reason"]) == ("failed", "Disk full")
    assert {name: datetime.fromisoformat(made.json()[name]).isoformat() for name in times} == times
    assert await deployment_events() == [("deployment_failed", "failed")]
    async with reading() as session:
        failed = select(LoggedEvent.data).where(LoggedEvent.type == "deployment_failed")
        data = (await session.execute(failed)).scalar_one()
    assert data["after"] == {"status": "failed"} | times


async def test_without_times_the_report_is_the_time(ci: Ci) -> None:
    done = (await ci.report(status="succeeded")).json()
    assert done["queued_at"] == done["started_at"] == done["finished_at"] is not None
    started = (await ci.report(status="in_progress", started_at=ago(minutes=3))).json()
    assert (started["queued_at"], started["finished_at"]) == (started["started_at"], None)
    cancelled = (await ci.report(status="cancelled", finished_at=ago(minutes=1))).json()
    assert (cancelled["started_at"], cancelled["queued_at"]) == (None, cancelled["finished_at"])
    ahead = (datetime.now(UTC) + timedelta(seconds=30)).isoformat()
    assert (await ci.report(status="succeeded", started_at=ahead)).status_code == 201


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("finished_at", {"status": "succeeded", "finished_at": ago(days=-1)}),
        ("started_at", {"status": "in_progress", "started_at": ago(days=-1)}),
        ("finished_at", {"status": "failed", "started_at": ago(minutes=2), "finished_at": ago(minutes=3)}),
        ("started_at", {"status": "in_progress", "queued_at": ago(minutes=2), "started_at": ago(minutes=3)}),
        ("finished_at", {"status": "cancelled", "queued_at": ago(minutes=2), "finished_at": ago(minutes=3)}),
        ("started_at", {"started_at": ago(minutes=3)}),
        ("finished_at", {"status": "in_progress", "finished_at": ago(minutes=3)}),
        ("finished_at", {"status": "succeeded", "finished_at": "2026-05-04T09:30:00"}),
        ("status", {"status": "pending_approval"}),
    ],
)
async def test_times_that_make_no_sense_are_refused(ci: Ci, field: str, body: dict[str, str]) -> None:
    answer = await ci.report(**body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, f"/{field}")
    assert await deployment_events() == []


async def test_an_import_is_history_and_not_what_runs_now(ci: Ci) -> None:
    await ci.report(version="2.0.0", status="succeeded", commit_sha="bbbbbbb")
    old = {"version": "1.0.0", "commit_sha": "aaaaaaa", "commit_at": ago(days=20, hours=3)}
    imported = await ci.report(**old, status="succeeded", started_at=ago(days=20, hours=1), finished_at=ago(days=20))
    await ci.report(version="1.1.0", status="failed", started_at=ago(days=10, hours=2), finished_at=ago(days=10))
    await ci.report(version="1.2.0", status="succeeded", finished_at=ago(days=9))
    await do_jobs()
    (row,) = await ci.read("/api/v1/deployments/current")
    assert [place["version"] for place in row["places"] if place["version"]] == ["2.0.0"]
    measured = await ci.read("/api/v1/deployments/measures?days=30")
    assert (measured["succeeded"], measured["finished"]) == (3, 4)
    assert (measured["lead_time_s"], measured["time_to_restore_s"]) == (3 * 3600, 24 * 3600)
    assert (await ci.read("/api/v1/deployments/measures?days=7"))["succeeded"] == 1
    changes = await ci.read(f"/api/v1/deployments/{imported.json()['id']}/changes")
    assert (changes["before"], changes["between"]) == (None, [])


async def test_nobody_is_notified_of_history(ci: Ci, owner: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only webhooks that name the event get it."""
    async with HttpSink() as sink:
        monkeypatch.setattr(get_settings(), "outbound_allowed_hosts", [f"127.0.0.1:{sink.port}"])
        await make_webhook(owner, f"{sink.url}/all", ci.project_id)
        await make_webhook(owner, f"{sink.url}/some", ci.project_id, "deployment_imported")
        await do_jobs()
        sink.got.clear()
        for day in range(2, 4):
            assert (await ci.report(status="failed", finished_at=ago(days=day))).status_code == 201
        assert await deployment_events() == [("deployment_imported", "failed")] * 2
        await do_jobs()
        assert [request.path for request in sink.got] == ["/some"] * 2
    async with reading() as session:
        assert (await session.execute(select(func.count()).select_from(Notification))).scalar() == 0
    assert (await ci.report(status="failed", finished_at=ago(hours=23))).status_code == 201
    assert (await deployment_events())[-1] == ("deployment_failed", "failed")


async def test_an_import_does_not_pass_an_approval(ci: Ci, owner: Actor) -> None:
    await protect(ci.project_id)
    for body in ({"status": "succeeded", "finished_at": ago(days=3)}, {"status": "in_progress"}):
        answer = await ci.report(**body)
        assert (answer.status_code, answer.json()["code"]) == (403, "approval_required")
    asked = (await ci.report(queued_at=ago(minutes=5))).json()
    assert (asked["status"], asked["queued_at"]) == ("pending_approval", None)
    maintainer = Ci(ci.api, ci.project_id, await bearer(owner))
    assert (await maintainer.report(status="succeeded", finished_at=ago(days=3))).status_code == 201


async def test_a_freeze_blocks_what_ended_in_it_and_not_what_ended_before(ci: Ci) -> None:
    await make_freeze(ci.project_id, starts_at=NOW - timedelta(days=3))
    for body in ({"status": "in_progress"}, {"status": "succeeded"}, {"status": "failed", "finished_at": ago(days=2)}):
        answer = await ci.report(**body)
        assert (answer.status_code, answer.json()["code"]) == (409, "environment_frozen")
    assert (await ci.report(status="succeeded", finished_at=ago(days=4))).status_code == 201
    admin = Ci(ci.api, ci.project_id, await bearer(await make_admin()))
    assert (await admin.report(status="succeeded", freeze_reason="It was urgent")).status_code == 201


async def test_a_start_waits_for_the_one_in_progress_and_an_import_does_not(ci: Ci) -> None:
    await make_deployment(ci.project_id, status="in_progress")
    busy = await ci.report(status="in_progress")
    assert (busy.status_code, busy.json()["code"]) == (409, "environment_busy")
    assert (await ci.report(status="succeeded", finished_at=ago(days=4))).status_code == 201
    assert (await ci.report(environment="staging", status="in_progress")).status_code == 201


async def test_the_next_state_is_reported_by_ones_own_id(ci: Ci, owner: Actor) -> None:
    own = "registry/ledger:1.4.2#7"
    made = (await ci.report(external_id=own)).json()
    url = f"{ci.url}/by-external-id/registry%2Fledger:1.4.2%237"
    answer = await ci.api.patch(url, headers=ci.header, json={"status": "in_progress"})
    assert (answer.status_code, answer.json()["id"], answer.json()["status"]) == (200, made["id"], "in_progress")
    again = await ci.api.patch(url, headers=ci.header, json={"status": "in_progress"})
    assert (again.status_code, again.json()["code"]) == (409, "already_in_progress")
    await make_deployment(ci.project_id, external_id="another")
    listed = await ci.read(f"{ci.url}?external_id=registry%2Fledger:1.4.2%237")
    assert [row["id"] for row in listed] == [made["id"]]
    assert [row["id"] for row in await ci.read("/api/v1/deployments?external_id=another")] != [made["id"]]
    for unknown in (f"{ci.url}/by-external-id/nobody", url.replace("Fledger", "FLedger")):
        assert (await ci.api.patch(unknown, headers=ci.header, json={"status": "failed"})).status_code == 404
    stranger = await bearer(await make_user())
    assert (await ci.api.patch(url, headers=stranger, json={"status": "failed"})).status_code == 404
    elsewhere = await make_project(owner, "Other")
    other = url.replace(f"/{ci.project_id}/", f"/{elsewhere}/")
    assert (await ci.api.patch(other, headers=await bearer(owner), json={"status": "failed"})).status_code == 404

"""`GET …/deployments/{id}?wait=60`: woken by a change, without a connection, for a bounded number of callers."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from tca_app.core.actor import Actor
from tca_app.core.cache.local import EVERYTHING, listen, subscribe
from tca_app.core.database.session import pool_use, transaction
from tca_app.features.auth import service as auth
from tca_app.features.deployments.approvals import approve_deployment, refuse_deployment
from tca_app.features.deployments.reports import waiting
from tca_app.features.deployments.schemas import Approval, Refusal
from tca_app.models import Deployment
from tests.factories import bearer, make_deployment, make_project, make_user, run, signed_in, until


@pytest.fixture
async def notifications() -> AsyncIterator[None]:
    heard: list[str] = []
    end, listening = subscribe(heard.append), asyncio.create_task(listen())
    await until(lambda: EVERYTHING in heard)
    yield
    end()
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)


class Job:
    """A CI job that waits for an approval."""

    def __init__(self, api: httpx.AsyncClient, owner: Actor, deployer: Actor, deployment_id: int) -> None:
        self.api, self.owner, self.deployer, self.deployment_id = api, owner, deployer, deployment_id
        self.url = f"/api/v1/deployments/{deployment_id}"

    async def wait(self, header: dict[str, str], query: str = "wait=60") -> "asyncio.Task[httpx.Response]":
        """Begins to wait, and returns once the server holds the answer."""
        before = waiting._of_caller.total()
        call = asyncio.create_task(self.api.get(f"{self.url}?{query}", headers=header))
        await until(lambda: waiting._of_caller.total() > before or call.done())
        return call


@pytest.fixture
async def job(api: httpx.AsyncClient, notifications: None) -> Job:
    owner, deployer = await make_user(), await make_user()
    project_id = await make_project(owner, team={deployer: "deployer"})
    return Job(api, owner, deployer, await make_deployment(project_id, status="pending_approval"))


async def test_an_approval_and_a_refusal_end_the_wait(job: Job) -> None:
    header = await bearer(job.deployer)
    call = await job.wait(header)
    await until(lambda: sum(in_use for _, _, in_use in pool_use().values()) == 0)
    assert not call.done()
    await run(approve_deployment, job.owner, job.deployment_id, Approval())
    async with asyncio.timeout(10):
        assert (await call).json()["status"] == "queued"
    assert not waiting._signals
    assert not waiting._of_caller


async def test_a_refusal_is_an_end(job: Job) -> None:
    header = await bearer(job.deployer)
    call = await job.wait(header, "wait=60&seen=pending_approval")
    await run(refuse_deployment, job.owner, job.deployment_id, Refusal(reason="Not on a Friday"))
    async with asyncio.timeout(10):
        answer = (await call).json()
    assert (answer["status"], answer["reason"]) == ("cancelled", "Not on a Friday")
    again = await job.wait(header, "wait=60&seen=cancelled")  # it has ended, so nothing is left to wait for
    assert (await again).json()["status"] == "cancelled"


async def test_what_changed_meanwhile_is_answered_at_once(job: Job) -> None:
    header = await bearer(job.deployer)
    await run(approve_deployment, job.owner, job.deployment_id, Approval())
    async with asyncio.timeout(10):
        answer = await (await job.wait(header, "wait=60&seen=pending_approval"))
    assert answer.json()["status"] == "queued"


async def test_other_changes_do_not_end_the_wait_and_time_does(job: Job) -> None:
    header = await bearer(job.deployer)
    call = await job.wait(header, "wait=1")
    async with transaction() as session:
        await session.execute(update(Deployment).where(Deployment.id == job.deployment_id).values(description="x"))
    answer = await call
    assert (answer.json()["status"], answer.json()["description"]) == ("pending_approval", "x")


async def test_a_session_that_ended_meanwhile_reads_nothing(job: Job) -> None:
    actor, header = await signed_in(job.deployer)
    call = await job.wait(header)
    await run(auth.sign_out, actor)
    await run(approve_deployment, job.owner, job.deployment_id, Approval())
    async with asyncio.timeout(10):
        assert (await call).status_code == 401


async def test_a_stranger_does_not_wait(job: Job) -> None:
    header = await bearer(await make_user())
    assert (await job.api.get(f"{job.url}?wait=60", headers=header)).status_code == 404


async def test_the_number_of_waiting_calls_is_bounded(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "MAX_WAITING_OF_CALLER", 1)
    header = await bearer(job.deployer)
    call = await job.wait(header)
    refused = await job.api.get(f"{job.url}?wait=60", headers=header)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "5")
    monkeypatch.setattr(waiting, "MAX_WAITING", 1)
    refused = await job.api.get(f"{job.url}?wait=60", headers=await bearer(job.owner))
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    assert (await job.api.get(job.url, headers=header)).status_code == 200
    call.cancel()


async def test_the_end_of_the_process_ends_the_wait(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "_ended", False)
    call = await job.wait(await bearer(job.deployer))
    waiting.end_waiting()
    async with asyncio.timeout(10):
        assert (await call).json()["status"] == "pending_approval"


async def test_a_client_that_goes_away_waits_no_longer(job: Job) -> None:
    header = await bearer(job.deployer)
    gone, sent = asyncio.Event(), list[Any]()

    async def receive() -> dict[str, Any]:
        if not sent:
            sent.append("asked")
            return {"type": "http.request", "body": b"", "more_body": False}
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope: dict[str, Any] = {"type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "path": job.url}
    scope |= {"raw_path": job.url.encode(), "query_string": b"wait=60", "root_path": "", "client": ("127.0.0.1", 1)}
    scope |= {"headers": [(b"host", b"localhost"), (b"authorization", header["Authorization"].encode())]}
    app: Any = job.api._transport.app  # type: ignore[attr-defined]
    call = asyncio.create_task(app(scope, receive, send))
    await until(lambda: bool(waiting._of_caller))
    gone.set()
    async with asyncio.timeout(10):
        await call
    assert not waiting._of_caller


@pytest.mark.parametrize("query", ["wait=61", "wait=-1", "wait=x", "seen=ready", "after=1"])
async def test_what_cannot_be_waited_for_is_refused(job: Job, query: str) -> None:
    answer = await job.api.get(f"{job.url}?{query}", headers=await bearer(job.deployer))
    assert answer.status_code == 422

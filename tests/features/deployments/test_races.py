"""Concurrent requests: each step happens once, and an environment runs one deployment at a time."""

import asyncio
from collections import Counter

from sqlalchemy import func, select
from sqlmodel import col

from tca_app.core.actor import Actor
from tca_app.core.database.session import reading
from tca_app.core.errors import Conflict
from tca_app.features.deployments import service as deployments
from tca_app.features.deployments.approvals import approve_deployment, refuse_deployment
from tca_app.features.deployments.logs import append_log
from tca_app.features.deployments.schemas import Approval, DeploymentCreate, DeploymentStep, LogAppend, Refusal
from tca_app.models import Deployment, DeploymentLog, LoggedEvent
from tests.factories import deployment_events, make_deployment, make_project, make_user, run

WORKERS = 4
MANY = 40


async def _try(actor: Actor, deployment_id: int, status: str) -> bool:
    try:
        await run(deployments.step_deployment, actor, deployment_id, DeploymentStep(status=status))
    except Conflict:
        return False
    return True


async def test_of_four_workers_one_runs_each_deployment() -> None:
    owner = await make_user()
    projects = [await make_project(owner) for _ in range(4)]
    ids = [await make_deployment(projects[n % 4], ("staging", "production")[n // 4 % 2]) for n in range(MANY)]
    ran: Counter[int] = Counter()
    most_at_once = 0

    async def worker() -> None:
        nonlocal most_at_once
        left = list(ids)
        while left:
            for deployment_id in list(left):
                if await _try(owner, deployment_id, "in_progress"):
                    ran[deployment_id] += 1
                    most_at_once = max(most_at_once, await _most_at_once())
                    await _try(owner, deployment_id, "succeeded")
                async with reading() as session:
                    status = await session.scalar(select(Deployment.status).where(Deployment.id == deployment_id))
                if status == "succeeded":
                    left.remove(deployment_id)

    async with asyncio.timeout(60):
        await asyncio.gather(*(worker() for _ in range(WORKERS)))
    assert ran == dict.fromkeys(ids, 1)
    assert most_at_once == 1
    assert Counter(await deployment_events()) == {
        ("deployment_started", "in_progress"): MANY,
        ("deployment_succeeded", "succeeded"): MANY,
    }


async def _most_at_once() -> int:
    """How many are in progress in the busiest environment."""
    busy = select(func.count().label("n")).where(Deployment.status == "in_progress").group_by(Deployment.environment_id)
    async with reading() as session:
        return (await session.scalar(select(func.max(busy.subquery().c.n)))) or 0


async def test_one_decision_holds() -> None:
    owner = await make_user()
    project_id = await make_project(owner)
    for _ in range(10):
        waiting = await make_deployment(project_id, status="pending_approval")
        done = await asyncio.gather(
            run(approve_deployment, owner, waiting, Approval()),
            run(refuse_deployment, owner, waiting, Refusal(reason="No")),
            return_exceptions=True,
        )
        assert sum(isinstance(answer, Conflict) for answer in done) == 1
    async with reading() as session:
        decided = col(LoggedEvent.type).in_(("deployment_approved", "deployment_refused"))
        assert await session.scalar(select(func.count()).select_from(LoggedEvent).where(decided)) == 10


async def test_one_report_makes_one_deployment_however_often_it_comes() -> None:
    owner = await make_user()
    project_id = await make_project(owner)
    report = DeploymentCreate(environment="production", version="1.0.0", external_id="ci-1")
    made = await asyncio.gather(
        *(run(deployments.create_deployment, owner, project_id, report) for _ in range(WORKERS))
    )
    assert len({deployment.id for deployment in made}) == 1
    assert await deployment_events() == [("deployment_queued", "queued")]


async def test_one_batch_is_logged_once() -> None:
    owner = await make_user()
    deployment_id = await make_deployment(await make_project(owner), status="in_progress")
    batch = LogAppend(first_seq=1, lines=[str(n) for n in range(100)])
    done = await asyncio.gather(*(run(append_log, owner, deployment_id, batch) for _ in range(WORKERS)))
    assert sorted(state.added for state in done) == [0, 0, 0, 100]
    async with reading() as session:
        assert await session.scalar(select(func.count()).select_from(DeploymentLog)) == 100

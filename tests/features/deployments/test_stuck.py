"""A deployment that nobody speaks of any more is failed, and says so."""

from datetime import UTC, datetime, timedelta

import pytest

from tca_app.config import get_settings
from tca_app.features.deployments.logs import append_log
from tca_app.features.deployments.schemas import LogAppend
from tca_app.features.deployments.stuck import fail_stuck
from tca_app.models import Deployment
from tests.factories import deployment_events, make_deployment, make_project, make_user, row_of, run


@pytest.fixture
def long_ago(monkeypatch: pytest.MonkeyPatch) -> dict[str, datetime]:
    monkeypatch.setattr(get_settings(), "deployment_timeout_minutes", 30)
    return {"updated_at": datetime.now(UTC) - timedelta(minutes=31)}


async def test_what_is_not_heard_of_any_more_fails(long_ago: dict[str, datetime]) -> None:
    project_id = await make_project(await make_user())
    stuck = [await make_deployment(project_id, status=status, **long_ago) for status in ("queued", "in_progress")]
    kept = [
        await make_deployment(project_id, "staging", status="in_progress"),
        await make_deployment(project_id, status="succeeded", **long_ago),
        await make_deployment(project_id, status="pending_approval", **long_ago),
    ]
    assert await run(fail_stuck) == 2
    assert await run(fail_stuck) == 0
    for deployment_id in stuck:
        row = await row_of(Deployment, deployment_id)
        assert (row["status"], row["reason"]) == ("failed", "Nothing was heard of it for 30 minutes.")
    assert [(await row_of(Deployment, deployment_id))["status"] for deployment_id in kept] == [
        "in_progress",
        "succeeded",
        "pending_approval",
    ]
    assert await deployment_events() == [("deployment_failed", "failed")] * 2


async def test_a_line_of_the_log_is_a_sign_of_life(long_ago: dict[str, datetime]) -> None:
    owner = await make_user()
    deployment_id = await make_deployment(await make_project(owner), status="in_progress", **long_ago)
    await run(append_log, owner, deployment_id, LogAppend(first_seq=1, lines=["still here"]))
    assert await run(fail_stuck) == 0

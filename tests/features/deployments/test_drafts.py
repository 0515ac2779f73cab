"""The browser keeps the typed reason of a refusal until it is sent."""

import json

from tests.factories import make_deployment, make_project, make_user
from tests.features.deployments.ui.test_state import DeploymentState, console, detail
from tests.ui.harness import Console, shown

__all__ = ["console"]  # the fixture


async def test_a_question_that_was_lost_is_asked_again_and_its_draft_ends_with_the_answer(console: Console) -> None:
    owner = await make_user()
    waiting = await make_deployment(await make_project(owner), status="pending_approval")
    tab, _ = await detail(console, owner, waiting)
    asked = await tab.send(DeploymentState.resume_question, draft={"mode": "refuse", "id": str(waiting)})
    assert shown(asked, DeploymentState, "asking") == "refuse"
    draft = json.loads(shown(asked, DeploymentState, "question_draft"))
    assert (draft["mode"], draft["id"], draft["base"]) == ("refuse", waiting, {"reason": "", "freeze_reason": ""})
    closed = await tab.send(DeploymentState.cancel_asking)
    assert shown(closed, DeploymentState, "question_ended") == f"closed {draft['key']}"
    assert shown(closed, DeploymentState, "question_draft") == ""
    await tab.send(DeploymentState.ask, deployment_id=waiting, action="refuse")
    refused = await tab.send(DeploymentState.confirm, form={"reason": " "})
    assert shown(refused, DeploymentState, "question_ended") is None
    done = await tab.send(DeploymentState.confirm, form={"reason": "Not on a Friday"})
    assert shown(done, DeploymentState, "question_ended") == f"saved {draft['key']}"


async def test_a_question_that_may_not_be_asked_stays_closed(console: Console) -> None:
    owner = await make_user()
    done = await make_deployment(await make_project(owner), status="succeeded")
    tab, _ = await detail(console, owner, done)
    assert not shown(
        await tab.send(DeploymentState.resume_question, draft={"mode": "refuse"}), DeploymentState, "asking"
    )

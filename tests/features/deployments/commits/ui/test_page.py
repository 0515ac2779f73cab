"""The commits on the page of a deployment, without a browser."""

from reflex.istate.manager.memory import StateManagerMemory

from tca_app.features.deployments.commits.schemas import ReportedCommits
from tca_app.features.deployments.commits.service import store_reported
from tca_app.features.deployments.ui.detail_state import DeploymentState
from tests.factories import make_deployment, make_project, make_user, run
from tests.ui.harness import Tab, console_on, shown, sign_in


async def test_the_page_lists_the_commits_since_and_a_rollback_those_that_it_takes_back() -> None:
    owner = await make_user()
    project_id = await make_project(owner, repository_url="https://github.com/tca/billing")
    older, newer = "a" * 40, "b" * 40
    await make_deployment(project_id, status="succeeded", version="1.0.0", commit_sha=older)
    current = await make_deployment(project_id, status="succeeded", version="1.1.0", commit_sha=newer)
    async with console_on(StateManagerMemory()) as console:
        tab = Tab(console, "tab", await sign_in(owner), f"/deployments/{current}")
        await tab.hydrate()
        assert not shown(await tab.send(DeploymentState.load), DeploymentState, "commits")
        reported = {"sha": newer, "message": "Reject negative lead times", "at": "2026-11-20T09:30:00Z"}
        data = ReportedCommits.model_validate({"since": older, "commits": [reported]})
        await run(store_reported, project_id, newer, data)
        updates = await tab.send(DeploymentState.load)
        assert shown(updates, DeploymentState, "commits_title") == "1 commit since 1.0.0"
        (row,) = shown(updates, DeploymentState, "commits")
        assert (row["sha"], row["message"], row["url"]) == ("bbbbbbb", "Reject negative lead times", "")
        updates = await tab.send(DeploymentState.ask, deployment_id=current, action="rollback")
    plan = shown(updates, DeploymentState, "plan")
    assert (plan["undone"], plan["commits"], plan["compare_url"]) == (
        "1 commit",
        [row],
        f"https://github.com/tca/billing/compare/{newer}...{older}",
    )

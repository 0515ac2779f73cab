"""Lists and panels that could not be loaded: the reason stands in their place, and trying again loads them."""

from typing import Any

import pytest
import reflex as rx
from reflex.istate.manager.memory import StateManagerMemory

from tca_app.core.errors import Unavailable
from tca_app.features.deployments.comments import service as comments
from tca_app.features.deployments.comments.ui.pages import comments_panel
from tca_app.features.deployments.comments.ui.state import CommentsState
from tca_app.features.deployments.github import secret
from tca_app.features.deployments.github.ui.pages import github_settings
from tca_app.features.deployments.github.ui.state import HookState
from tca_app.features.environments import freezes, service as environments
from tca_app.features.environments.ui.freezes_state import FreezesState
from tca_app.features.environments.ui.pages import environment_settings
from tca_app.features.environments.ui.state import EnvironmentsState
from tca_app.features.groups import in_projects
from tca_app.features.groups.ui.project_pages import project_groups
from tca_app.features.groups.ui.project_state import ProjectGroupsState
from tca_app.features.instance import service as instance
from tca_app.features.instance.ui.pages import admin_page
from tca_app.features.instance.ui.state import InstanceState
from tca_app.features.jobs import service as jobs
from tca_app.features.jobs.ui.pages import jobs_page
from tca_app.features.jobs.ui.queues_state import QueuesState
from tca_app.features.notifications import service as notifications
from tca_app.features.notifications.ui.pages import notifications_page
from tca_app.features.notifications.ui.state import InboxState
from tca_app.features.slack import service as slack
from tca_app.features.slack.ui.pages import slack_settings
from tca_app.features.slack.ui.state import SlackState
from tca_app.features.webhooks.ui import detail_state
from tca_app.features.webhooks.ui.detail_pages import webhook_detail
from tca_app.features.webhooks.ui.detail_state import DeliveriesState
from tests.factories import make_admin, make_deployment, make_project, make_webhook
from tests.ui.harness import Tab, console_on, shown, sign_in

SETTINGS = "/projects/{project}?tab=settings"
LISTS = [
    (InboxState, "/notifications", notifications, "list_notifications"),
    (InboxState, "/notifications?tab=preferences", notifications, "list_preferences"),
    (EnvironmentsState, SETTINGS, environments, "list_environments"),
    (FreezesState, SETTINGS, freezes, "list_freezes"),
    (HookState, SETTINGS, secret, "read_hook"),
    (SlackState, SETTINGS, slack, "read_channel"),
    (ProjectGroupsState, "/projects/{project}?tab=members", in_projects, "list_project_groups"),
    (QueuesState, "/status/jobs", jobs, "read_queues"),
    (DeliveriesState, "/settings/webhooks?hook={hook}", detail_state, "list_deliveries"),
    (CommentsState, "/deployments/{deployment}", comments, "list_comments"),
    (InstanceState, "/admin", instance, "get_instance"),
]


@pytest.mark.parametrize(("state", "path", "module", "name"), LISTS)
async def test_a_failure_is_shown_until_trying_again_succeeds(
    state: Any, path: str, module: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def is_away(*_given: Any) -> Any:
        raise Unavailable("This took too long.")

    async def fails(*_given: Any) -> Any:
        raise RuntimeError("inner detail")

    admin = await make_admin()
    project = await make_project(admin)
    hook, deployment = (await make_webhook(admin)).id, await make_deployment(project)
    async with console_on(StateManagerMemory()) as console:
        at = path.format(project=project, hook=hook, deployment=deployment)
        tab = Tab(console, "tab", await sign_in(admin), at)
        await tab.hydrate()
        with monkeypatch.context() as broken:
            broken.setattr(module, name, is_away)
            assert shown(await tab.send(state.load), state, "failure") == "This took too long."
            broken.setattr(module, name, fails)
            updates = await tab.send(state.load)
            assert "Quote" in shown(updates, state, "failure")
            assert "inner detail" not in repr(updates)
        assert shown(await tab.send(state.load), state, "failure") == ""


@pytest.mark.parametrize(
    ("states", "view"),
    [
        ((InboxState,), notifications_page.body),
        ((EnvironmentsState, FreezesState), environment_settings),
        ((HookState,), github_settings),
        ((SlackState,), slack_settings),
        ((ProjectGroupsState,), project_groups),
        ((QueuesState,), jobs_page.body),
        ((DeliveriesState,), webhook_detail),
        ((CommentsState,), comments_panel),
        ((InstanceState,), admin_page.body),
    ],
)
def test_the_page_has_room_for_the_reason(states: tuple[Any, ...], view: Any) -> None:
    page = str(view())
    for state in states:
        assert str(rx.Var.create(state.failure)) in page

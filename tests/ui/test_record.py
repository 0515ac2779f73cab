"""Pages of one record: an event from another page than the loaded one changes nothing."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from reflex.istate.manager.memory import StateManagerMemory
from reflex.state import State

from tca_app.core.actor import Actor
from tca_app.features.auth.ui.sessions_state import SessionsState
from tca_app.features.deployments.comments.ui.state import NewCommentState
from tca_app.features.deployments.github.ui.state import HookState
from tca_app.features.deployments.ui.detail_state import DeploymentState
from tca_app.features.deployments.ui.log_state import LogState
from tca_app.features.deployments.ui.pages import PAGES as DEPLOYMENTS
from tca_app.features.deployments.ui.project_state import ProjectDeploymentsState
from tca_app.features.environments.ui.freeze_state import FreezeState
from tca_app.features.environments.ui.freezes_state import FreezesState
from tca_app.features.environments.ui.state import EnvironmentsState
from tca_app.features.personal_data.ui.state import PersonalDataState
from tca_app.features.project_page.ui.pages import PAGES as PROJECTS
from tca_app.features.projects.ui.detail_state import ProjectState
from tca_app.features.projects.ui.members_state import MembersState
from tca_app.features.slack.ui.state import SlackState
from tca_app.features.user_page.ui.pages import PAGES as USERS
from tca_app.features.users.ui.actions_state import ActState
from tca_app.features.users.ui.detail_state import UserState
from tca_app.features.users.ui.edit_state import UserFormState
from tca_app.features.webhooks.schemas import WebhookCreate
from tca_app.features.webhooks.service import create_webhook
from tca_app.features.webhooks.ui.pages import PAGES as WEBHOOKS
from tca_app.features.webhooks.ui.state import WebhooksState
from tca_app.models import Project, User
from tca_app.ui.record import MovedOn
from tca_app.ui.session import SessionState
from tests.factories import make_admin, make_deployment, make_project, make_user, row_of, run
from tests.ui.harness import Console, Tab, console_on, shown, sign_in


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    async with console_on(StateManagerMemory()) as running:
        yield running


async def open_tab(console: Console, actor: Actor, path: str) -> Tab:
    tab = Tab(console, "t1", await sign_in(actor), path)
    await tab.hydrate()
    return tab


def refused(updates: list[Any]) -> bool:
    return bool(toasts := shown(updates, SessionState, "toasts")) and toasts[-1]["text"] == MovedOn.default


def opened(updates: list[Any], state: Any) -> dict[str, str]:
    """What the browser sends for the form that was opened."""
    return {**shown(updates, state, "form_values"), "nonce": shown(updates, state, "form_nonce")}


async def two_projects(console: Console) -> tuple[Tab, int, int]:
    """A tab at the settings of the first, and the ids of both."""
    owner = await make_user()
    first, second = await make_project(owner, "Uxalpha"), await make_project(owner, "Uxbeta")
    tab = await open_tab(console, owner, f"/projects/{first}?tab=settings")
    for state in (
        ProjectState,
        MembersState,
        ProjectDeploymentsState,
        EnvironmentsState,
        FreezesState,
        HookState,
        SlackState,
    ):
        await tab.send(state.load)
    return tab, first, second


ON_A_PROJECT = {
    ProjectState.open_edit: {},
    ProjectState.ask: {"action": "delete"},
    ProjectState.activate: {},
    MembersState.open_add: {},
    MembersState.change_role: {"person_id": 1, "role": "viewer"},
    MembersState.ask_remove: {"person_id": 1},
    ProjectDeploymentsState.open_create: {},
    EnvironmentsState.open_create: {},
    EnvironmentsState.open_edit: {"environment_id": 1},
    EnvironmentsState.ask_delete: {"environment_id": 1},
    FreezesState.ask_lift: {"freeze_id": 1},
    FreezeState.open_create: {},
    HookState.ask: {"action": "rotate"},
    SlackState.open_edit: {},
    SlackState.send_test: {},
    SlackState.ask_remove: {},
}


@pytest.mark.parametrize("event", list(ON_A_PROJECT), ids=lambda event: event.fn.__qualname__)
async def test_an_act_on_the_project_before_is_refused(console: Console, event: Any) -> None:
    """The tab is at the second project already; the first is what the server still holds and the person saw."""
    tab, first, second = await two_projects(console)
    tab.path = f"/projects/{second}?tab=settings"
    assert refused(await tab.send(event, project_id=first, **ON_A_PROJECT[event]))
    assert refused(await tab.send(event, project_id=second, **ON_A_PROJECT[event])) or event == FreezeState.open_create


async def test_a_form_saves_nothing_once_the_tab_is_at_another_project(console: Console) -> None:
    tab, first, second = await two_projects(console)
    updates = await tab.send(ProjectState.open_edit, project_id=first)
    assert shown(updates, ProjectState, "form_name") == "Uxalpha"
    form = opened(updates, ProjectState) | {"description": "For beta"}
    tab.path = f"/projects/{second}"
    updates = await tab.send(ProjectState.save, form=form)
    assert refused(updates)
    assert shown(updates, ProjectState, "form_mode") == ""
    assert [(await row_of(Project, project))["description"] for project in (first, second)] == ["", ""]


async def test_a_question_is_answered_only_on_the_page_that_asked(console: Console) -> None:
    tab, first, second = await two_projects(console)
    await tab.send(ProjectState.ask, project_id=first, action="archive")
    tab.path = f"/projects/{second}"
    assert refused(await tab.send(ProjectState.confirm, form={}))
    await tab.send(ProjectState.load)
    await tab.send(ProjectState.confirm, form={})
    assert {(await row_of(Project, project))["status"] for project in (first, second)} == {"active"}


async def test_each_part_of_a_page_says_which_address_it_was_read_for(console: Console) -> None:
    """The browser draws no part that was read for another address than its own."""
    tab, _, second = await two_projects(console)
    tab.path = f"/projects/{second}?tab=members"
    updates = await tab.send(ProjectState.load)
    assert shown(updates, ProjectState, "record_url") == f"/projects/{second}"
    assert shown(updates, MembersState, "record_url") is None
    updates = await tab.send(MembersState.load)
    assert shown(updates, MembersState, "record_url") == f"/projects/{second}"


async def test_a_new_environment_belongs_to_the_project_that_the_form_was_opened_on(console: Console) -> None:
    tab, first, second = await two_projects(console)
    form = opened(await tab.send(EnvironmentsState.open_create, project_id=first), EnvironmentsState)
    tab.path = f"/projects/{second}?tab=settings"
    await tab.send(EnvironmentsState.load)
    updates = await tab.send(EnvironmentsState.save, form=form | {"name": "eu", "rank": "9"})
    assert shown(updates, EnvironmentsState, "environments") is None


def test_every_part_of_a_page_about_a_record_knows_its_address() -> None:
    """What such a page loads is drawn only at the address that it was read for."""
    about_one = [entry for entry in (*PROJECTS, *USERS, *DEPLOYMENTS, *WEBHOOKS) if "[" in entry.route]
    assert len(about_one) == 3
    parts = {State.get_class_substate(load.state_full_name) for entry in about_one for load in entry.on_load}
    assert WebhooksState in parts
    assert {part for part in parts if "record_url" not in part.vars} == {
        LogState,
        NewCommentState,
        PersonalDataState,
    }  # by id


async def test_an_act_on_the_person_before_is_refused(console: Console) -> None:
    ana, bob = await make_user("ana"), await make_user("bob")
    tab = await open_tab(console, await make_admin(), f"/users/{ana.user_id}")
    await tab.send(UserState.load)
    updates = await tab.send(ActState.ask, act="deactivate", user_id=ana.user_id)
    assert shown(updates, ActState, "asking") is True
    await tab.send(SessionsState.load)
    await sign_in(ana)
    await tab.send(SessionsState.refresh)
    await tab.send(SessionsState.ask_end_others, user_id=ana.user_id)
    form = opened(await tab.send(UserFormState.open_edit, user_id=ana.user_id), UserFormState)
    tab.path = f"/users/{bob.user_id}"
    for event, more in (
        (ActState.ask, {"act": "delete", "user_id": ana.user_id}),
        (ActState.activate, {"user_id": ana.user_id}),
        (ActState.confirm, {"form": {}}),
        (UserFormState.open_edit, {"user_id": ana.user_id}),
        (UserFormState.open_password, {"user_id": ana.user_id}),
        (UserFormState.save, {"form": form | {"full_name": "Bob"}}),
        (SessionsState.ask_end, {"user_id": ana.user_id, "session_id": 1}),
        (SessionsState.ask_end_others, {"user_id": ana.user_id}),
        (SessionsState.end, {"form": {}}),
    ):
        assert refused(await tab.send(event, **more)), event
    row = await row_of(User, ana.user_id)
    assert (row["is_active"], row["full_name"]) == (True, ana.full_name)


async def test_an_act_on_the_deployment_before_is_refused(console: Console) -> None:
    owner = await make_user()
    project_id = await make_project(owner)
    first, second = await make_deployment(project_id), await make_deployment(project_id, version="2.0.0")
    tab = await open_tab(console, owner, f"/deployments/{first}")
    await tab.send(DeploymentState.load)
    await tab.send(DeploymentState.ask, deployment_id=first, action="cancel")
    tab.path = f"/deployments/{second}"
    assert refused(await tab.send(DeploymentState.ask, deployment_id=first, action="start"))
    assert refused(await tab.send(DeploymentState.confirm, form={"reason": ""}))


async def test_an_act_on_the_webhook_before_is_refused(console: Console) -> None:
    admin = await make_admin()
    first, second = [
        await run(create_webhook, admin, WebhookCreate(url=f"https://{name}.example.com/hook"))
        for name in ("one", "two")
    ]
    tab = await open_tab(console, admin, f"/settings/webhooks?hook={first.id}")
    await tab.send(WebhooksState.load)
    await tab.send(WebhooksState.ask, action="delete", webhook_id=first.id)
    tab.path = f"/settings/webhooks?hook={second.id}"
    for event, more in (
        (WebhooksState.delete, {}),
        (WebhooksState.send_test, {"webhook_id": first.id}),
        (WebhooksState.switch, {"webhook_id": first.id, "is_active": False}),
        (WebhooksState.ask, {"action": "rotate", "webhook_id": first.id}),
        (WebhooksState.open_edit, {"webhook_id": first.id}),
    ):
        assert refused(await tab.send(event, **more)), event
    assert shown(await tab.send(WebhooksState.load), WebhooksState, "record_url") == f"/settings/webhooks  {second.id}"

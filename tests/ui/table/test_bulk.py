"""Bulk actions come with a table: their handlers need the permission that the table names."""

from collections.abc import Callable
from typing import Any

import pytest
import reflex as rx
from reflex.state import State
from reflex_base.utils.format import format_event_handler

from tca_app.core.language.messages import speaking
from tca_app.core.lists.bulk import BulkResult
from tca_app.features.deployments.ui.pages import deployments_page
from tca_app.features.deployments.ui.project_pages import deployments_tab
from tca_app.features.deployments.ui.project_state import ProjectDeploymentsState
from tca_app.features.deployments.ui.state import DeploymentsState
from tca_app.features.environments.ui.freezes_state import FreezesState
from tca_app.features.environments.ui.pages import environment_settings
from tca_app.features.groups.ui.pages import groups_page
from tca_app.features.groups.ui.state import GroupPeopleState, GroupsState
from tca_app.features.invitations.ui.pages import invitations_list, project_invitations
from tca_app.features.invitations.ui.state import InvitationsState, ProjectInvitationsState
from tca_app.features.jobs.ui.pages import jobs_page
from tca_app.features.jobs.ui.state import JobsState
from tca_app.features.notifications.ui.pages import notifications_page
from tca_app.features.notifications.ui.state import InboxState
from tca_app.features.projects.ui.members_list_state import TeamState
from tca_app.features.projects.ui.members_pages import members_tab
from tca_app.features.projects.ui.pages import projects_list
from tca_app.features.projects.ui.state import ProjectsState
from tca_app.features.subscribers.ui.pages import subscribers_page
from tca_app.features.subscribers.ui.state import SubscribersState
from tca_app.features.tokens.ui.admin_pages import all_tokens_page
from tca_app.features.tokens.ui.admin_state import AllTokensState
from tca_app.features.tokens.ui.pages import token_settings
from tca_app.features.tokens.ui.state import TokensState
from tca_app.features.users.ui.pages import users_list
from tca_app.features.users.ui.state import UsersState
from tca_app.features.webhooks.ui.detail_pages import webhook_detail
from tca_app.features.webhooks.ui.detail_state import DeliveriesState
from tca_app.features.webhooks.ui.pages import webhooks_page
from tca_app.features.webhooks.ui.state import WebhooksState
from tca_app.ui.handlers import permission_of
from tca_app.ui.table.bulk import HANDLERS, BulkRows
from tca_app.ui.table.bulk_spec import by_reason

NONE = rx.fragment()


def test_every_table_with_bulk_actions_names_a_permission() -> None:
    handlers = {name for name, handler in vars(BulkRows).items() if hasattr(handler, "__tca_permission__")}
    assert handlers == set(HANDLERS)
    permissions: list[tuple[type[State], str]] = [
        (JobsState, "jobs.manage"),
        (UsersState, "users.manage"),
        (ProjectsState, "signed_in"),
        (TeamState, "signed_in"),
        (DeploymentsState, "signed_in"),
        (ProjectDeploymentsState, "signed_in"),
        (GroupsState, "groups.manage"),
        (GroupPeopleState, "groups.manage"),
        (InboxState, "signed_in"),
        (InvitationsState, "users.manage"),
        (ProjectInvitationsState, "signed_in"),
        (SubscribersState, "instance.manage"),
        (WebhooksState, "signed_in"),
        (DeliveriesState, "signed_in"),
        (TokensState, "signed_in"),
        (AllTokensState, "tokens.manage"),
        (FreezesState, "signed_in"),
    ]
    for state, permission in permissions:
        for name in handlers:
            assert permission_of(format_event_handler(state.event_handlers[name])) == permission


@pytest.mark.parametrize(
    ("noun", "english", "german"),
    [
        ("freeze window", "Freeze window 987", "Sperrfenster 987"),
        ("subscriber", "Subscriber 987", "Abonnent 987"),
        ("delivery", "Delivery 987", "Zustellung 987"),
    ],
)
def test_a_refused_row_without_a_name_is_named_in_the_language(noun: str, english: str, german: str) -> None:
    refused = [BulkResult(id=987, ok=False, detail="Refused.")]
    for language, name in (("en", english), ("de", german)):
        with speaking(language):
            assert by_reason(refused, {}, noun) == [{"name": name, "detail": "Refused."}]


@pytest.mark.parametrize(
    ("page", "state"),
    [
        (jobs_page.body, JobsState),
        (lambda: users_list(NONE), UsersState),
        (lambda: projects_list(NONE, NONE), ProjectsState),
        (lambda: members_tab(NONE), TeamState),
        (deployments_page.body, DeploymentsState),
        (deployments_tab, ProjectDeploymentsState),
        (groups_page.body, GroupsState),
        (notifications_page.body, InboxState),
        (invitations_list, InvitationsState),
        (lambda: project_invitations(1), ProjectInvitationsState),
        (subscribers_page.body, SubscribersState),
        (webhooks_page.body, WebhooksState),
        (webhook_detail, DeliveriesState),
        (token_settings, TokensState),
        (all_tokens_page.body, AllTokensState),
        (environment_settings, FreezesState),
    ],
)
def test_a_table_with_bulk_actions_draws_them(page: Callable[[], Any], state: type[BulkRows]) -> None:
    drawn = str(page())
    for action in state._bulk.actions:
        assert action.label in drawn
    for text in ("Not changed:", "selected", "Select all"):
        assert text in drawn

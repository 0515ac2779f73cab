"""The page of one project: each tab comes from the feature that it belongs to."""

import reflex as rx

from tca_app.features.activity.ui.pages import subject_activity
from tca_app.features.activity.ui.state import SubjectFeedState
from tca_app.features.ci.ui.pages import ci_trust_settings
from tca_app.features.ci.ui.state import TrustsState
from tca_app.features.deployments.github.ui.pages import github_settings
from tca_app.features.deployments.github.ui.state import HookState
from tca_app.features.deployments.ui.project_pages import deployments_tab
from tca_app.features.deployments.ui.project_state import ProjectDeploymentsState
from tca_app.features.environments.ui.freezes_state import FreezesState
from tca_app.features.environments.ui.pages import environment_settings
from tca_app.features.environments.ui.state import EnvironmentsState
from tca_app.features.groups.ui.project_pages import project_groups
from tca_app.features.groups.ui.project_state import ProjectGroupsState
from tca_app.features.imports.ui.upload_pages import import_button
from tca_app.features.invitations.ui.pages import project_invitations
from tca_app.features.invitations.ui.state import ProjectInvitationsState
from tca_app.features.presence.ui.pages import editing_mark, who_else
from tca_app.features.presence.ui.state import PresenceState
from tca_app.features.project_page.ui.list_pages import projects_page
from tca_app.features.project_page.ui.overview_pages import overview_tab
from tca_app.features.project_page.ui.overview_state import OverviewState
from tca_app.features.projects.ui.detail_pages import (
    general_settings,
    may,
    ownership_settings,
    project_dialogs,
    project_header,
)
from tca_app.features.projects.ui.detail_state import ProjectState
from tca_app.features.projects.ui.members_list_state import TeamState
from tca_app.features.projects.ui.members_pages import members_tab
from tca_app.features.projects.ui.members_state import MembersState
from tca_app.features.slack.ui.pages import slack_settings
from tca_app.features.slack.ui.state import SlackState
from tca_app.features.tokens.ui.pages import project_token_settings
from tca_app.features.tokens.ui.state import TokensState
from tca_app.features.webhooks.ui.detail_state import DeliveriesState
from tca_app.features.webhooks.ui.pages import webhooks_section
from tca_app.features.webhooks.ui.state import WebhooksState
from tca_app.ui import routes
from tca_app.ui.components.basic import tabs
from tca_app.ui.components.text import t
from tca_app.ui.detail import by_phase, record_title
from tca_app.ui.layout.pages import page

state = ProjectState
_title = record_title(state, state.heading, t("Project"))


@page(
    routes.PROJECT,
    _title,
    on_load=(
        ProjectState.load,
        OverviewState.load,
        WebhooksState.load,
        DeliveriesState.load,
        ProjectDeploymentsState.load,
        EnvironmentsState.load,
        FreezesState.load,
        HookState.load,
        SlackState.load,
        TokensState.load,
        TrustsState.load,
        MembersState.load,
        TeamState.load,
        ProjectInvitationsState.load,
        ProjectGroupsState.load,
        SubjectFeedState.load,
        PresenceState.load,
    ),
    crumbs=((t("Projects"), routes.PROJECTS), (_title, None)),
)
def project_page() -> rx.Component:
    return by_phase(state, t("Project"), _project())


def _project() -> rx.Component:
    return rx.fragment(
        project_header(who_else()),
        _tabs(),
        rx.match(
            state.tab,
            ("deployments", deployments_tab()),
            ("members", _members()),
            ("activity", subject_activity()),
            ("webhooks", webhooks_section(t("Events of this project are sent to these URLs."))),
            ("settings", _settings()),
            overview_tab(),
        ),
        *project_dialogs(editing_mark("project", state.form_id)),
    )


def _tabs() -> rx.Component:
    url = routes.project(state.project["id"])
    shared = (
        (t("Overview"), url, state.tab == "overview"),
        (t("Deployments"), f"{url}?tab=deployments", state.tab == "deployments"),
        (t("Members"), f"{url}?tab=members", state.tab == "members"),
        (t("Activity"), f"{url}?tab=activity", state.tab == "activity"),
    )
    managed = (
        (t("Webhooks"), f"{url}?tab=webhooks", state.tab == "webhooks"),
        (t("Settings"), f"{url}?tab=settings", state.tab == "settings"),
    )
    return rx.cond(may("projects.update"), tabs(*shared, *managed), tabs(*shared))


def _members() -> rx.Component:
    invited = rx.cond(may("members.write"), project_invitations(state.project["id"]))
    return rx.el.div(
        members_tab(import_button("members", ProjectState.project["id"])), project_groups(), invited, class_name="stack"
    )


def _settings() -> rx.Component:
    return rx.el.div(
        general_settings(),
        rx.cond(may("environments.write"), environment_settings()),
        rx.cond(may("hooks.write"), github_settings()),
        rx.cond(may("slack.manage"), slack_settings()),
        rx.cond(may("tokens.manage"), project_token_settings()),
        rx.cond(may("ci_trusts.manage"), ci_trust_settings()),
        ownership_settings(),
        class_name="stack narrow",
    )


PAGES = [projects_page, project_page]

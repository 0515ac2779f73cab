"""The tab "Deployments" on the page of a project."""

from dataclasses import replace
from typing import Any

import reflex as rx

from tca_app.features.deployments.bulk.ui.parts import bulk_reason
from tca_app.features.deployments.matrix.ui.drift import drift_badge
from tca_app.features.deployments.schemas import MAX_VERSION
from tca_app.features.deployments.ui.components import columns
from tca_app.features.deployments.ui.freeze_notice import Freeze, freeze_notice
from tca_app.features.deployments.ui.palette import new_deployment
from tca_app.features.deployments.ui.project_state import EnvironmentCard, ProjectDeploymentsState
from tca_app.ui import routes
from tca_app.ui.components.badges import badge
from tca_app.ui.components.basic import button, link, panel
from tca_app.ui.components.faces import when_and_who
from tca_app.ui.components.placeholders import empty_state, error_state, skeleton_lines
from tca_app.ui.components.text import t
from tca_app.ui.forms.choices import choice_field
from tca_app.ui.forms.fields import form_dialog, text_field
from tca_app.ui.long_text import cut_in_middle
from tca_app.ui.record import at_its_url
from tca_app.ui.table.bulk_view import bulk_bar, bulk_dialog, refusals_notice
from tca_app.ui.table.grid import Grid
from tca_app.ui.var import as_var

state = ProjectDeploymentsState


def deployments_tab() -> rx.Component:
    shown = rx.cond(
        state.load_error != "",
        error_state(state.load_error, state.load),
        rx.cond(
            state.is_loaded,
            rx.el.div(
                rx.el.div(rx.foreach(state.environments, _environment), class_name="cards"),
                _newest(),
                _dialog(),
                class_name="stack",
            ),
            skeleton_lines(4),
        ),
    )
    return at_its_url(state, shown, skeleton_lines(4))


def _environment(card: EnvironmentCard) -> rx.Component:
    """The card of one environment with its current version."""
    address = rx.el.a(
        rx.icon("external-link", size=14, aria_hidden="true"),
        href=card["address"],
        target="_blank",
        rel="noopener noreferrer",
        aria_label=t("Open {name}", name=card["name"]),
        class_name="link",
    )
    return rx.el.section(
        rx.el.div(
            rx.el.h2(card["name"], class_name="place-name"),
            rx.cond(card["freeze"]["why"] != "", freeze_badge(card["freeze"])),
            rx.cond(card["is_protected"], badge(t("Protected"), "", "shield")),
            rx.cond(card["address"] != "", address),
            class_name="card-label",
        ),
        rx.cond(
            card["version"] != "",
            rx.fragment(
                link(cut_in_middle(card["version"]), to=card["url"], class_name="card-value place-version"),
                when_and_who(card["at"], card["who"], card["face"]),
                rx.el.div(drift_badge(card["drift"], card["is_newest"]), class_name="row tight"),
            ),
            rx.el.div(t("Not deployed"), class_name="muted"),
        ),
        class_name="panel card",
        key=as_var(card["id"]).to(str),
    )


def freeze_badge(freeze: Freeze) -> rx.Component:
    return rx.el.span(
        badge(t("Frozen"), "info", "snowflake"),
        title=t("Until {until}: {why}", until=freeze["until"], why=freeze["why"]),
    )


def _new_deployment(kind: str, **props: Any) -> rx.Component:
    create = button(t("New deployment"), kind=kind, icon="plus", on_click=state.open_create(state.project_id), **props)
    return rx.cond(state.may_deploy, create)


def _newest() -> rx.Component:
    new = _new_deployment("small primary", custom_attrs={"data-command": new_deployment(state.project_id)})
    nothing = empty_state(
        t("No deployments yet"),
        t("Create one, or report them from your CI."),
        _new_deployment("primary"),
        icon="rocket",
    )
    return panel(
        t("Recent deployments"),
        refusals_notice(state),
        rx.cond(as_var(state.rows).length() > 0, rx.fragment(bulk_bar(state), _table()), nothing),
        bulk_dialog(state, bulk_reason(state)),
        rx.cond(
            state.has_more,
            rx.el.div(link(t("All deployments"), to=_all_url(), class_name="link"), class_name="panel-foot"),
        ),
        actions=(link(t("DORA metrics"), to=f"{routes.DORA}?project={state.project_id}"), new),
        flush=True,
    )


def _all_url() -> str:
    return f"{routes.DEPLOYMENTS}?project={state.project_id}"


def _table() -> rx.Component:
    """The newest deployments. Their order is fixed: the page of all of them sorts and filters."""
    shown = tuple(replace(column, sortable=False) for column in columns(with_project=False))
    return Grid(state, shown, t("Newest deployments"), lambda row: row["version"], (), is_selectable=True).body()


def _dialog() -> rx.Component:
    is_frozen = state.freeze["why"] != ""
    reason = text_field(state, "freeze_reason", t("Reason for overriding the freeze"), required=True, max_length=500)
    return form_dialog(
        state,
        title=t("New deployment of {form_name}", form_name=state.form_name),
        text=t("This records a deployment. Your CI does the work."),
        submit=t("Create"),
        on_submit=state.save,
        blocked=is_frozen & ~state.may_override_freeze,
        fields=[
            choice_field(state, "environment", t("Environment"), state.environment_options, on_change=state.choose),
            freeze_notice(state.freeze, state.chosen, state.may_override_freeze),
            rx.cond(is_frozen & state.may_override_freeze, reason),
            text_field(state, "version", t("Version"), required=True, max_length=MAX_VERSION),
            text_field(
                state,
                "commit_sha",
                t("Commit"),
                hint=t("The full commit hash, or its first 7 characters or more."),
                max_length=64,
            ),
            text_field(state, "ref", t("Ref"), hint=t("The branch or tag."), max_length=200),
            text_field(state, "description", t("Description"), lines=3, max_length=2000),
        ],
    )

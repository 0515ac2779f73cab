"""The page of one deployment, `/deployments/[deployment_id]`: timeline, changes and log."""

from typing import Any

import reflex as rx

from tca_app.features.deployments.comments.ui.pages import comments_panel
from tca_app.features.deployments.comments.ui.state import CommentsState, NewCommentState
from tca_app.features.deployments.commits.ui.parts import commit_list
from tca_app.features.deployments.ui.components import deployment_badge, outside_link
from tca_app.features.deployments.ui.detail_dialogs import action_dialogs
from tca_app.features.deployments.ui.detail_rows import Step
from tca_app.features.deployments.ui.detail_state import DeploymentState
from tca_app.features.deployments.ui.log_pages import log_panel
from tca_app.features.deployments.ui.log_state import LogState
from tca_app.features.deployments.ui.state import DeploymentRow
from tca_app.ui import routes
from tca_app.ui.components.badges import badge
from tca_app.ui.components.basic import button, facts, glyph, link, page_header, panel, relative_time
from tca_app.ui.components.faces import avatar, tile, with_face
from tca_app.ui.components.text import t
from tca_app.ui.detail import by_phase, record_title, with_rail
from tca_app.ui.forms.drafts import draft_keeper
from tca_app.ui.layout.pages import page
from tca_app.ui.long_text import cut_in_middle
from tca_app.ui.var import as_var

state = DeploymentState
shown = DeploymentState.deployment
MAX_OPEN = 10  # a longer list of commits is closed at first
_title = record_title(state, state.heading, t("Deployment"))


@page(
    routes.DEPLOYMENT,
    _title,
    on_load=(DeploymentState.load, LogState.load, CommentsState.load, NewCommentState.load),
    crumbs=((t("Deployments"), routes.DEPLOYMENTS), (_title, None)),
)
def deployment_page() -> rx.Component:
    return by_phase(state, t("Deployment"), _deployment())


def _deployment() -> rx.Component:
    return rx.fragment(
        page_header(
            rx.el.span(
                tile(shown["mark"], "large"),
                rx.el.span(shown["project"], " ", cut_in_middle(shown["version"])),
                class_name="person",
            ),
            rx.el.span(
                deployment_badge(shown["status"]),
                rx.el.span(t("to {environment}", environment=rx.el.strong(shown["environment"]))),
                rx.cond(shown["is_protected"], badge(t("Protected"), "", "shield")),
                class_name="row",
            ),
            *(_act(*entry) for entry in _BUTTONS),
        ),
        _reason(),
        with_rail(_timeline(), _changes(), rail=(_facts(),)),
        rx.el.div(log_panel(), comments_panel(), class_name="stack"),
        action_dialogs(),
        draft_keeper("deployment", state.question_ended, state.resume_question),
    )


# Action, label of the button, its kind and icon.
_BUTTONS = (
    ("approve", t("Approve"), "primary", "check"),
    ("refuse", t("Refuse"), "danger-quiet", "x"),
    ("start", t("Start"), "primary", "play"),
    ("succeed", t("Mark as succeeded"), "primary", "check"),
    ("fail", t("Mark as failed"), "danger-quiet", "x"),
    ("cancel", t("Cancel deployment"), "", "ban"),
    ("rollback", "", "", "undo-2"),  # and the version
)


def _act(action: str, label: str, kind: str, icon: str) -> rx.Component:
    words = (
        rx.el.span(t("Roll back to {version}", version=cut_in_middle(state.rollback_to)))
        if action == "rollback"
        else label
    )
    return rx.cond(
        as_var(state.allowed).contains(action),
        button(words, kind=kind, icon=icon, on_click=state.ask(shown["id"], action)),
    )


def _reason() -> rx.Component:
    """Why it failed, in red, or why it was cancelled or refused."""
    failed = rx.el.div(
        rx.icon("circle-x", size=16, aria_hidden="true"),
        rx.el.span(
            rx.el.strong(t("Failed:")),
            " ",
            rx.cond(shown["reason"] != "", shown["reason"], t("no reason was reported.")),
        ),
        class_name="notice error reason-notice",
    )
    other = rx.cond(shown["reason"] != "", rx.el.p(shown["reason"], class_name="notice reason-notice"))
    return rx.cond(shown["status"] == "failed", failed, other)


def _or_none(value: Any, drawn: rx.Component | None = None) -> rx.Component:
    return rx.cond(value != "", drawn or rx.el.span(value), rx.el.span(t("None"), class_name="muted"))


_LINKS = ((shown["ci_url"], t("CI run")), (shown["log_url"], t("CI log")), (shown["environment_url"], t("Environment")))
_has_links = (shown["ci_url"] != "") | (shown["log_url"] != "") | (shown["environment_url"] != "")


def _links() -> rx.Component:
    return rx.el.span(*(rx.cond(url != "", outside_link(url, label)) for url, label in _LINKS), class_name="row")


def _commit() -> rx.Component:
    return rx.el.span(as_var(shown["commit"]).to(str)[:12], class_name="mono", title=shown["commit"])


def _project() -> rx.Component:
    return rx.el.span(
        link(shown["project"], to=shown["project_url"], class_name="link truncate"),
        rx.el.span(shown["project_slug"], class_name="cell-sub mono truncate"),
    )


def _reporter() -> rx.Component:
    """The reporter. GitHub may not say who it was; then its own name is shown."""
    source = rx.cond(shown["who"] != shown["source"], f" ({shown['source']})", "")
    return with_face(shown["face"], rx.el.span(shown["who"], source))


def _facts() -> rx.Component:
    return panel(
        t("About"),
        rx.el.div(
            rx.cond(shown["description"] != "", rx.el.p(shown["description"], class_name="prose")),
            facts(
                (t("Project"), _project()),
                (t("Version"), rx.el.span(shown["version"], class_name="mono")),
                (t("By"), _reporter()),
                (t("Commit"), _or_none(shown["commit"], _commit())),
                (t("Ref"), _or_none(shown["ref"], rx.el.span(shown["ref"], class_name="mono"))),
                (t("Links"), rx.cond(_has_links, _links(), rx.el.span(t("None"), class_name="muted"))),
                (
                    t("Duration"),
                    rx.cond(shown["took"] != "", shown["took"], rx.el.span(_no_duration(), class_name="muted")),
                ),
            ),
            rx.cond(
                shown["freeze_reason"] != "",
                rx.el.p(
                    t("Overrode a freeze window: {freeze_reason}", freeze_reason=shown["freeze_reason"]),
                    class_name="notice warning",
                ),
            ),
            rx.cond(
                shown["undoes"] != "",
                rx.el.p(t("This rolls back {undoes}.", undoes=link(t("this deployment"), to=shown["undoes"]))),
            ),
            class_name="stack",
        ),
    )


def _changes() -> rx.Component:
    """The changes since the previous deployment."""
    since = rx.foreach(
        state.before,
        lambda row: rx.el.span(
            t(
                "Since {version}, {at}",
                version=link(cut_in_middle(row["version"]), to=row["url"]),
                at=relative_time(row["at"]),
            )
        ),
    )
    return panel(
        t("What changed"),
        rx.cond(
            as_var(state.before).length() > 0,
            rx.el.div(
                rx.el.p(since),
                rx.cond(
                    state.compare_url != "",
                    outside_link(state.compare_url, t("Compare commits")),
                    rx.el.p(state.no_compare, class_name="muted"),
                ),
                commit_list(state.commits_title, state.commits, is_open=as_var(state.commits).length() <= MAX_OPEN),
                class_name="panel-body stack tight",
            ),
            rx.el.p(t("There is no earlier deployment to this environment."), class_name="panel-body muted"),
        ),
        rx.cond(
            as_var(state.between).length() > 0,
            rx.el.ul(rx.foreach(state.between, _between), class_name="lines", aria_label=t("Deployments between")),
        ),
        flush=True,
    )


def _between(row: DeploymentRow) -> rx.Component:
    return rx.el.li(
        link(cut_in_middle(row["version"]), to=row["url"], class_name="cell-title grow"),
        deployment_badge(row["status"]),
        rx.el.span(relative_time(row["at"]), class_name="muted"),
        key=as_var(row["id"]).to(str),
    )


def _timeline() -> rx.Component:
    return panel(t("Timeline"), rx.el.ol(rx.foreach(state.steps, _step), class_name="timeline"))


def _step(step: Step) -> rx.Component:
    return rx.el.li(
        glyph(step["icon"], step["tone"]),
        rx.el.span(step["label"], class_name="cell-title plain"),
        rx.el.span(relative_time(step["at"]), class_name="cell-sub"),
        rx.cond(step["took"] != "", rx.el.span(t("after {took}", took=step["took"]), class_name="cell-sub num")),
        rx.cond(
            step["who"] != "",
            rx.el.span(
                avatar(step["face"], "small"),
                rx.el.span(step["who"], class_name="truncate"),
                class_name="cell-sub person",
            ),
        ),
        key=as_var(step["label"]).to(str),
    )


def _no_duration() -> rx.Var[str]:
    return rx.cond(shown["status"] == "in_progress", t("In progress"), t("Not started")).to(str)

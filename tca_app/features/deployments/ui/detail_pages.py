"""The page of one deployment, `/deployments/[deployment_id]`: timeline, changes and log."""

from typing import Any

import reflex as rx

from tca_app.features.deployments.ui.components import deployment_badge, outside_link
from tca_app.features.deployments.ui.detail_state import NEW, DeploymentState
from tca_app.features.deployments.ui.freeze_notice import freeze_notice
from tca_app.features.deployments.ui.log_state import LogState
from tca_app.features.deployments.ui.rollback_parts import rollback_compare, rollback_text, rollback_title
from tca_app.ui import routes
from tca_app.ui.components import (
    badge,
    button,
    confirm_dialog,
    error_notice,
    facts,
    link,
    page_header,
    panel,
    relative_time,
)
from tca_app.ui.detail import by_phase, record_title
from tca_app.ui.forms.drafts import draft_keeper, draft_note
from tca_app.ui.layout import page
from tca_app.ui.long_text import cut_in_middle
from tca_app.ui.record import is_at_its_url

state = DeploymentState
shown = DeploymentState.deployment
_title = record_title(state, state.heading, "Deployment")


@page(
    routes.DEPLOYMENT,
    _title,
    on_load=(DeploymentState.load, LogState.load),
    crumbs=(("Deployments", routes.DEPLOYMENTS), (_title, None)),
)
def deployment_page() -> rx.Component:
    return by_phase(state, "Deployment", _deployment())


def _deployment() -> rx.Component:
    return rx.fragment(
        page_header(
            rx.el.span(shown["project"], " ", cut_in_middle(shown["version"])),
            rx.el.span(
                deployment_badge(shown["status"]),
                rx.el.span("to ", rx.el.strong(shown["environment"])),
                rx.cond(shown["is_protected"], badge("Protected", "", "shield")),
                class_name="row",
            ),
            *(_act(*entry) for entry in _BUTTONS),
        ),
        rx.cond(shown["reason"] != "", rx.el.p(shown["reason"], class_name="notice reason-notice")),
        rx.el.div(
            rx.el.div(_facts(), _changes(), class_name="stack"),
            _timeline(),
            class_name="columns below",
        ),
        _log(),
        *(_dialog(action) for action in _DIALOGS),
        draft_keeper("deployment", state.question_ended, state.resume_question),
    )


# Action, label of the button, its kind and icon.
_BUTTONS = (
    ("approve", "Approve", "primary", "check"),
    ("refuse", "Refuse", "danger-quiet", "x"),
    ("start", "Start", "primary", "play"),
    ("succeed", "Succeeded", "primary", "check"),
    ("fail", "Failed", "danger-quiet", "x"),
    ("cancel", "Cancel deployment", "", "ban"),
    ("rollback", "Roll back", "", "undo-2"),
)


def _act(action: str, label: str, kind: str, icon: str) -> rx.Component:
    return rx.cond(
        state.allowed.contains(action), button(label, kind=kind, icon=icon, on_click=state.ask(shown["id"], action))
    )


def _or_none(value: Any, drawn: rx.Component | None = None) -> rx.Component:
    return rx.cond(value != "", drawn or rx.el.span(value), rx.el.span("None", class_name="muted"))


_LINKS = ((shown["ci_url"], "CI run"), (shown["log_url"], "CI log"), (shown["environment_url"], "Environment"))
_has_links = (shown["ci_url"] != "") | (shown["log_url"] != "") | (shown["environment_url"] != "")


def _links() -> rx.Component:
    return rx.el.span(*(rx.cond(url != "", outside_link(url, label)) for url, label in _LINKS), class_name="row")


def _project() -> rx.Component:
    return rx.el.span(
        link(shown["project"], to=shown["project_url"]), " ", rx.el.span(shown["project_slug"], class_name="muted mono")
    )


def _reporter() -> rx.Component:
    """The reporter. GitHub may not say who it was; then its own name is shown."""
    source = rx.cond(shown["who"] != shown["source"], f" ({shown['source']})", "")
    return rx.el.span(shown["who"], source)


def _facts() -> rx.Component:
    return panel(
        "About",
        rx.el.div(
            rx.cond(shown["description"] != "", rx.el.p(shown["description"], class_name="prose")),
            facts(
                ("Project", _project()),
                ("Version", rx.el.span(shown["version"], class_name="mono")),
                ("Reported by", _reporter()),
                ("Commit", _or_none(shown["commit"], rx.el.span(shown["commit"], class_name="mono"))),
                ("Ref", _or_none(shown["ref"], rx.el.span(shown["ref"], class_name="mono"))),
                ("Links", rx.cond(_has_links, _links(), rx.el.span("None", class_name="muted"))),
                (
                    "Duration",
                    rx.cond(shown["took"] != "", shown["took"], rx.el.span("In progress", class_name="muted")),
                ),
            ),
            rx.cond(
                shown["freeze_reason"] != "",
                rx.el.p("Overrode a freeze window: ", shown["freeze_reason"], class_name="notice warning"),
            ),
            rx.cond(
                shown["undoes"] != "", rx.el.p("This rolls back ", link("this deployment", to=shown["undoes"]), ".")
            ),
            class_name="stack",
        ),
    )


def _changes() -> rx.Component:
    """The changes since the previous deployment."""
    since = rx.foreach(
        state.before,
        lambda row: rx.el.span(
            "Since ", link(cut_in_middle(row["version"]), to=row["url"]), ", ", relative_time(row["at"])
        ),
    )
    return panel(
        "What changed",
        rx.cond(
            state.before.length() > 0,
            rx.el.div(
                rx.el.p(since),
                rx.cond(
                    state.compare_url != "",
                    outside_link(state.compare_url, "Compare commits"),
                    rx.el.p(state.no_compare, class_name="muted"),
                ),
                class_name="panel-body stack tight",
            ),
            rx.el.p("There is no earlier deployment to this environment.", class_name="panel-body muted"),
        ),
        rx.cond(
            state.between.length() > 0,
            rx.el.ul(rx.foreach(state.between, _between), class_name="lines", aria_label="Deployments between"),
        ),
        flush=True,
    )


def _between(row: Any) -> rx.Component:
    return rx.el.li(
        link(cut_in_middle(row["version"]), to=row["url"], class_name="cell-title grow"),
        deployment_badge(row["status"]),
        rx.el.span(relative_time(row["at"]), class_name="muted"),
        key=row["id"].to(str),
    )


def _timeline() -> rx.Component:
    return panel("Timeline", rx.el.ol(rx.foreach(state.steps, _step), class_name="timeline"))


def _step(step: Any) -> rx.Component:
    return rx.el.li(
        rx.el.span(step["label"], class_name="cell-title plain"),
        rx.el.span(
            relative_time(step["at"]), rx.cond(step["who"] != "", rx.el.span(" · ", step["who"])), class_name="muted"
        ),
        key=step["label"].to(str),
    )


def _log() -> rx.Component:
    """The log. The browser reads the lines itself (console.js) when `data-lines` says that there are more."""
    log = LogState
    is_of_this = log.log_of == shown["id"]  # the log of the previous deployment is not shown
    count, length = rx.cond(is_of_this, log.log_lines, 0), rx.cond(is_of_this, log.log_length, "")
    url = f"{routes.API_DEPLOYMENTS}/{shown['id']}/logs"
    search = rx.el.input(
        type="search",
        class_name="input",
        placeholder="Search the log",
        aria_label="Search the log; Enter jumps to the next match",
        auto_complete="off",
        max_length=100,
        custom_attrs={"data-log-search": ""},
    )
    tools = (
        rx.el.span(class_name="muted num", role="status", custom_attrs={"data-log-found": ""}),
        rx.el.span(search, class_name="log-search"),
        button("Follow", kind="small", custom_attrs={"data-log-follow": ""}, aria_pressed="true"),
        link(
            "Download",
            to=f"{url}/download",
            class_name="btn small",
            reload_document=True,
            custom_attrs={"download": ""},
        ),
    )
    return rx.el.div(
        panel(
            rx.el.span("Log ", rx.el.span(length, class_name="muted num log-length")),
            rx.cond(
                count == 0,
                rx.el.p("No log output yet.", class_name="panel-body muted"),
                rx.el.div(
                    class_name="log", role="log", aria_label="Log", tab_index=0, custom_attrs={"data-log-lines": ""}
                ),
            ),
            actions=tools,
            flush=True,
        ),
        class_name="log-panel",
        custom_attrs={"data-log": url, "data-lines": count.to(str)},
    )


# For each action: title with the version, text, label of the button, and label of the reason ("" for none).
_DIALOGS = {
    "approve": ("Approve {}?", "It is queued, and the requester is notified.", "Approve", ""),
    "refuse": (
        "Refuse {}?",
        "It will not be deployed. The requester is notified with your reason.",
        "Refuse",
        "Reason",
    ),
    "start": ("Start {}?", "Its status changes to In progress.", "Start", ""),
    "succeed": ("Did {} succeed?", "This version becomes the current one in the environment.", "Mark as succeeded", ""),
    "fail": ("Did {} fail?", "The project's maintainers are notified.", "Mark as failed", "Reason"),
    "cancel": ("Cancel the deployment of {}?", "This cannot be undone.", "Cancel deployment", "Reason"),
    "rollback": ("", "", "Roll back", "Description"),  # the plan names the version
}


def _dialog(action: str) -> rx.Component:
    title, text, confirm, label = _DIALOGS[action]
    before, _, after = title.partition("{}")
    is_rollback = action == "rollback"
    return confirm_dialog(
        open_=is_at_its_url(state) & (state.asking == action),
        title=rollback_title(state.plan) if is_rollback else rx.el.span(before, cut_in_middle(shown["version"]), after),
        text=rollback_text(state.plan) if is_rollback else text,
        confirm=confirm,
        on_confirm=state.confirm,
        on_cancel=state.cancel_asking(),
        busy=state.is_acting,
        blocked=_is_frozen & ~state.may_override_freeze if action in NEW else False,
        draft=state.question_draft,
        kind="primary" if action in ("approve", "start", "succeed") else "danger",
        body=rx.el.div(
            error_notice(state.asking_error),
            draft_note(),
            rollback_compare(state.plan) if is_rollback else None,
            _freeze() if action in NEW else None,
            _reason_field("reason", label, action == "refuse") if label else None,
            class_name="stack tight",
        ),
    )


_is_frozen = state.freeze["why"] != ""


def _freeze() -> rx.Component:
    """The active freeze, with a field for the reason of an administrator."""
    asked = _reason_field("freeze_reason", "Reason for overriding the freeze", True)
    return rx.fragment(
        freeze_notice(state.freeze, shown["environment"], state.may_override_freeze),
        rx.cond(_is_frozen & state.may_override_freeze, asked),
    )


def _reason_field(name: str, label: str, is_required: bool) -> rx.Component:
    optional = None if is_required else rx.el.span(" (optional)", class_name="optional", aria_hidden="true")
    return rx.el.div(
        rx.el.label(label, optional, html_for=name),
        rx.el.input(
            custom_attrs={"id": name},
            name=name,
            class_name="input",
            auto_complete="off",
            max_length=500,
            required=is_required,
        ),
        class_name="field",
    )

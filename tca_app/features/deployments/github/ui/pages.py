"""The GitHub webhook in a project's settings."""

from typing import Any

import reflex as rx

from tca_app.features.deployments.github.ui.state import SHOWN_ONCE, HookState
from tca_app.ui.components.basic import Child, button, error_notice, facts, panel, relative_time
from tca_app.ui.components.dialogs import confirm_dialog
from tca_app.ui.components.loading import or_failure
from tca_app.ui.components.text import t
from tca_app.ui.detail import secret_once
from tca_app.ui.record import is_at_its_url
from tca_app.ui.var import as_var

state = HookState


def _ask(action: str) -> Any:
    return state.ask(state.project_id, action)


def github_settings() -> rx.Component:
    return rx.cond(
        is_at_its_url(state) & ((state.address != "") | (state.failure != "")),
        rx.fragment(
            panel(
                "GitHub",
                or_failure(state, _hook()),
                actions=(rx.cond(state.address != "", _actions()),),
            ),
            _dialog(
                "rotate",
                t("Generate a new secret?"),
                t("The current one stops working immediately."),
                t("Generate secret"),
            ),
            _dialog(
                "remove", t("Remove the webhook?"), t("Deliveries from GitHub will be rejected."), t("Remove webhook")
            ),
            _dialog(
                "accept",
                rx.el.span(t("Accept {refused}?", refused=state.refused)),
                rx.el.span(
                    t(
                        "Deliveries from this repository will be recorded, and those from {repository} are refused.",
                        repository=state.repository,
                    ),
                ),
                t("Accept repository"),
            ),
        ),
    )


def _hook() -> rx.Component:
    return rx.el.div(
        rx.el.p(t("GitHub sends deployments, deployment statuses and pushes to this URL."), class_name="muted"),
        facts(
            (t("Payload URL"), rx.el.span(state.address, class_name="mono")),
            (t("Secret"), rx.cond(state.rotated_at != "", _secret_age(), _muted(t("Not set")))),
            (t("Repository"), rx.cond(state.repository != "", state.repository, _muted(t("None yet")))),
        ),
        _refused(),
        _fresh(),
        class_name="stack",
    )


def _actions() -> rx.Component:
    remove = button(t("Remove"), kind="small danger-quiet", on_click=_ask("remove"))
    return rx.fragment(
        rx.cond(state.rotated_at != "", remove),
        button(t("Generate secret"), kind="small", icon="key-round", on_click=_ask("rotate")),
    )


def _secret_age() -> rx.Component:
    return rx.fragment(t("Generated {rotated_at}", rotated_at=relative_time(state.rotated_at)))


def _muted(text: str) -> rx.Component:
    return rx.el.span(text, class_name="muted")


def _refused() -> rx.Component:
    """A warning that another repository uses the same secret, by mistake or because the project moved."""
    text = rx.el.p(
        t(
            "Deliveries from {refused} are refused, the last {refused_at}.",
            refused=rx.el.strong(state.refused),
            refused_at=relative_time(state.refused_at),
        )
    )
    accept = button(t("Accept repository"), kind="small", on_click=_ask("accept"))
    notice = rx.el.div(text, rx.el.div(accept, class_name="row"), class_name="notice warning stack tight")
    return rx.cond(state.refused != "", notice)


def _fresh() -> rx.Component:
    return secret_once(
        SHOWN_ONCE,
        rx.el.p(t("Copy the secret now: it is not shown again.")),
        hidden=~as_var(state.is_fresh),
        on_done=state.forget(),
    )


def _dialog(action: str, title: Child, text: Child, confirm: str) -> rx.Component:
    return confirm_dialog(
        open_=state.asking == action,
        title=title,
        text=text,
        confirm=confirm,
        on_confirm=state.confirm,
        on_cancel=state.cancel(),
        busy=state.is_acting,
        kind="danger" if action == "remove" else "primary",
        body=error_notice(state.asking_error),
    )

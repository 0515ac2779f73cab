"""The panel of the GitHub webhook in the settings of a project."""

import reflex as rx

from tca_app.features.deployments.hook_state import SHOWN_ONCE, HookState
from tca_app.ui.components import button, confirm_dialog, error_notice, facts, panel, relative_time
from tca_app.ui.detail import secret_once

state = HookState


def github_settings() -> rx.Component:
    return rx.cond(
        state.address != "",
        rx.fragment(
            panel(
                "GitHub",
                rx.el.div(
                    rx.el.p("GitHub reports deployments, their states and pushes to this address.", class_name="muted"),
                    facts(
                        ("Address", rx.el.span(state.address, class_name="mono")),
                        ("Secret", rx.fragment("Made ", relative_time(state.rotated_at, "never"))),
                    ),
                    _fresh(),
                    class_name="stack",
                ),
                actions=(
                    rx.cond(
                        state.rotated_at != "",
                        button("Remove", kind="small danger-quiet", on_click=state.ask("remove")),
                    ),
                    button("New secret", kind="small", icon="key-round", on_click=state.ask("rotate")),
                ),
            ),
            _dialog("rotate", "Make a new secret?", "The one before ends at once.", "Make it"),
            _dialog("remove", "Remove the webhook?", "Nothing that GitHub sends is taken any more.", "Remove"),
        ),
    )


def _fresh() -> rx.Component:
    return secret_once(
        SHOWN_ONCE,
        rx.el.p("Copy the secret now: it is not shown again."),
        hidden=~state.is_fresh,
        on_done=state.forget(),
    )


def _dialog(action: str, title: str, text: str, confirm: str) -> rx.Component:
    return confirm_dialog(
        open_=state.asking == action,
        title=title,
        text=text,
        confirm=confirm,
        on_confirm=state.confirm,
        on_cancel=state.cancel(),
        busy=state.is_acting,
        kind="primary" if action == "rotate" else "danger",
        body=error_notice(state.asking_error),
    )

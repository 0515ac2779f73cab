"""The panel of the GitHub webhook in the settings of a project."""

import reflex as rx

from tca_app.features.deployments.hook_state import SHOWN_ONCE, HookState
from tca_app.ui.components import button, confirm_dialog, facts, panel, relative_time

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
    """Always there, so that the secret can be put into the field from outside any state; hidden most of the time."""
    return rx.el.section(
        rx.el.p("Copy the secret now: it is not shown again."),
        rx.el.div(
            rx.el.input(
                id=SHOWN_ONCE,
                class_name="input mono grow",
                read_only=True,
                aria_label="Secret",
                auto_complete="off",
                spell_check=False,
            ),
            button(
                rx.el.span("Copy", class_name="to-copy"),
                rx.el.span("Copied", class_name="copied", role="status"),
                icon="copy",
                kind="primary",
                custom_attrs={"data-action": "copy", "data-from": SHOWN_ONCE},
            ),
            button("Done", on_click=state.forget()),
            class_name="row secret-row",
        ),
        class_name="notice secret",
        aria_label="New secret",
        hidden=~state.is_fresh,
    )


def _dialog(action: str, title: str, text: str, confirm: str) -> rx.Component:
    error = rx.cond(state.asking_error != "", rx.el.div(state.asking_error, class_name="notice error", role="alert"))
    return confirm_dialog(
        open_=state.asking == action,
        title=title,
        text=text,
        confirm=confirm,
        on_confirm=state.confirm,
        on_cancel=state.cancel(),
        busy=state.is_acting,
        kind="primary" if action == "rotate" else "danger",
        body=error,
    )

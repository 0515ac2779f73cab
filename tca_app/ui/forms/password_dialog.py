"""The dialog that asks for the password again before a sensitive change. It lies above the dialog that was refused."""

import reflex as rx

from tca_app.ui.components.basic import button, error_notice
from tca_app.ui.components.dialogs import DIALOG_TEXT, DIALOG_TITLE
from tca_app.ui.session import SessionState


def password_dialog() -> rx.Component:
    state = SessionState
    return rx.dialog.root(
        rx.dialog.content(
            rx.dialog.title("Confirm your password", custom_attrs=DIALOG_TITLE),
            rx.dialog.description(
                "This change is sensitive, and you last confirmed your password more than 10 minutes ago.",
                custom_attrs=DIALOG_TEXT,
            ),
            rx.el.form(
                error_notice(state.proof_error),
                rx.el.div(
                    rx.el.label("Password", html_for="proof-password"),
                    rx.el.input(
                        custom_attrs={"id": "proof-password"},
                        name="password",
                        type="password",
                        class_name="input",
                        required=True,
                        auto_complete="current-password",
                        max_length=256,
                    ),
                    class_name="field",
                ),
                rx.el.div(
                    button("Cancel", on_click=state.close_proof(False), disabled=state.proof_is_checked),
                    button("Confirm", kind="primary", type="submit", busy=state.proof_is_checked),
                    class_name="dialog-foot",
                ),
                on_submit=state.give_proof,
                reset_on_submit=True,
                class_name="dialog-form",
            ),
            max_width="440px",
        ),
        open=state.proof_is_asked,
        on_open_change=state.close_proof,
    )

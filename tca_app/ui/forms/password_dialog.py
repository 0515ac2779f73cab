"""The dialog that asks for the password again before a sensitive change. It lies above the dialog that was refused.

An account with a second factor may confirm with that instead, and one that is linked to a provider by signing in there
again, which is the only way without a password.
"""

from typing import Any

import reflex as rx

from tca_app.ui.components.basic import button, outside_link
from tca_app.ui.components.dialogs import DIALOG_TEXT, DIALOG_TITLE
from tca_app.ui.components.open_dialogs import is_open_here
from tca_app.ui.components.text import t
from tca_app.ui.forms.passkeys import passkey_form
from tca_app.ui.forms.plain_field import plain_field
from tca_app.ui.session import SessionState
from tca_app.ui.var import as_var

state = SessionState


def password_dialog() -> rx.Component:
    has_methods, has_links = as_var(state.proof_methods).length() > 0, as_var(state.proof_links).length() > 0
    return rx.dialog.root(
        rx.dialog.content(
            rx.dialog.title(
                rx.cond(has_methods | ~state.proof_has_password, t("Confirm who you are"), t("Confirm your password")),
                custom_attrs=DIALOG_TITLE,
            ),
            rx.dialog.description(
                t("This change is sensitive, and you last confirmed who you are more than 10 minutes ago."),
                custom_attrs=DIALOG_TEXT,
            ),
            rx.cond(state.proof_has_password | has_methods, _form(), _cancel()),
            rx.cond(has_links, _provider_links()),
            passkey_form("get", state.proof_options, state.give_passkey),
            max_width="440px",
        ),
        open=is_open_here(state, state.proof_is_asked),
        on_open_change=state.close_proof,
    )


def _form() -> rx.Component:
    asks_for_code = (state.proof_by == "code") | ~state.proof_has_password
    return rx.el.form(
        rx.cond(asks_for_code, _code_field(), _password_field()),
        rx.cond(as_var(state.proof_methods).length() > 0, _other_ways()),
        rx.el.div(
            button(t("Cancel"), on_click=state.close_proof(False), disabled=state.proof_is_checked),
            button(t("Confirm"), kind="primary", type="submit", busy=state.proof_is_checked),
            class_name="dialog-foot",
        ),
        on_submit=state.give_proof,
        no_validate=True,
        reset_on_submit=True,
        class_name="dialog-form",
    )


def _cancel() -> rx.Component:
    return rx.el.div(button(t("Cancel"), on_click=state.close_proof(False)), class_name="dialog-foot")


def _provider_links() -> rx.Component:
    return rx.el.div(
        rx.foreach(
            state.proof_links,
            lambda entry: outside_link(
                t("Sign in again with {label}", label=entry["label"]), url=entry["url"], class_name="btn block"
            ),
        ),
        rx.el.p(t("You come back to this page. Then repeat the change."), class_name="hint"),
        class_name="stack tight",
        style={"margin_top": "16px"},
    )


def _password_field() -> rx.Component:
    return _field("password", t("Password"), type="password", auto_complete="current-password", max_length=256)


def _code_field() -> rx.Component:
    return _field("code", t("Code"), auto_complete="one-time-code", auto_focus=True, max_length=40)


def _field(name: str, label: str, **props: Any) -> rx.Component:
    return plain_field(name, label, state.proof_error, id_=f"proof-{name}", key=name, **props)


def _other_ways() -> rx.Component:
    return rx.el.div(
        rx.cond(
            state.proof_has_password,
            rx.cond(
                state.proof_by == "code",
                button(t("Use your password"), kind="small", on_click=state.choose_proof("password")),
                button(t("Use a code"), kind="small", on_click=state.choose_proof("code")),
            ),
        ),
        rx.cond(
            as_var(state.proof_methods).contains("passkey"),
            button(t("Use a passkey"), kind="small", icon="key-round", on_click=state.ask_for_passkey()),
        ),
        class_name="row",
    )

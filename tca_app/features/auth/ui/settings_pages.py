"""The panels of one's own profile, password and appearance."""

import reflex as rx

from tca_app.features.auth.oauth.ui.pages import sign_in_panel
from tca_app.features.auth.ui.state import PasswordState, ProfileState
from tca_app.ui.components.badges import role_badge
from tca_app.ui.components.basic import button, facts, relative_time, setting
from tca_app.ui.components.placeholders import skeleton_lines
from tca_app.ui.components.text import t
from tca_app.ui.forms.fields import form_attributes, form_error, keeper_of, restored_note, text_field
from tca_app.ui.forms.password_fields import current_password_field, new_password_field
from tca_app.ui.forms.state import FormState
from tca_app.ui.layout.account_menu import theme_choice
from tca_app.ui.layout.language import language_choice
from tca_app.ui.session import SessionState


def own_form(state: type[FormState], *fields: rx.Component) -> rx.Component:
    return rx.el.form(
        rx.el.input(type="hidden", name="nonce", value=state.form_nonce, read_only=True),
        rx.el.div(form_error(state), restored_note(state), *fields, class_name="panel-body stack"),
        rx.el.div(button(t("Save"), kind="primary", type="submit", busy=state.form_busy), class_name="panel-foot"),
        on_submit=state.save,
        no_validate=True,
        custom_attrs=form_attributes(state),
    )


def profile_panel() -> rx.Component:
    state = ProfileState
    return rx.fragment(
        setting(
            t("Profile"),
            t("Your name as others see it, and the address for mails."),
            rx.cond(
                state.form_mode != "",
                own_form(
                    state,
                    text_field(state, "full_name", t("Full name"), auto_complete="name", max_length=100),
                    rx.cond(SessionState.acting_name == "", _email_fields()),
                ),
                rx.el.div(skeleton_lines(4), class_name="panel-body"),
            ),
            flush=True,
        ),
        keeper_of(state),
        sign_in_panel(),
        setting(
            t("Account"),
            t("An administrator changes the username and the role."),
            rx.cond(
                state.username != "",
                facts(
                    (t("Username"), rx.el.span(state.username, class_name="mono")),
                    (t("Role"), role_badge(state.is_superuser)),
                    (t("Member since"), relative_time(state.created_at, "")),
                ),
                skeleton_lines(3),
            ),
        ),
    )


def _email_fields() -> rx.Component:
    """Not shown to an administrator who acts as the user: the address stays the user's own."""
    state = ProfileState
    return rx.fragment(
        text_field(state, "email", t("Email"), type_="email", required=True, auto_complete="email"),
        rx.cond(state.pending_email != "", _pending_email()),
        rx.cond(
            PasswordState.has_password,
            current_password_field(state, hint=t("Only needed when you change the email address.")),
        ),
    )


def _pending_email() -> rx.Component:
    return rx.el.p(
        t(
            "Open the link that we sent to {pending_email}. Until then the address above counts. "
            "Save it again to cancel.",
            pending_email=rx.el.strong(ProfileState.pending_email),
        ),
        class_name="notice",
    )


def password_panel() -> rx.Component:
    state = PasswordState
    return setting(
        t("Password"),
        t("Changing it signs out your other sessions."),
        own_form(
            state,
            rx.cond(
                state.has_password,
                current_password_field(state, required=True),
                rx.el.p(t("Your account has no password yet. With one you can also sign in here."), class_name="hint"),
            ),
            new_password_field(state),
            new_password_field(state, "repeated", t("Confirm new password"), hint=""),
        ),
        flush=True,
    )


def appearance_panel() -> rx.Component:
    return setting(
        t("Appearance"),
        t("The theme is saved in this browser."),
        rx.el.div(
            rx.el.div(t("Theme"), class_name="legend"),
            theme_choice(),
            rx.el.div(t("Language"), class_name="legend"),
            language_choice(),
            class_name="stack tight",
        ),
    )

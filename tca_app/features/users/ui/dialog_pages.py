"""The dialogs of users, for the list and for the page of one user: the form and the confirmation."""

import reflex as rx

from tca_app.features.users.ui.actions_state import ActState
from tca_app.features.users.ui.edit_state import UserFormState
from tca_app.features.users.ui.new_owner_pages import new_owner_picker
from tca_app.ui.components.basic import error_notice
from tca_app.ui.components.dialogs import confirm_dialog
from tca_app.ui.components.text import t
from tca_app.ui.forms.fields import check_field, form_dialog, text_field
from tca_app.ui.forms.password_fields import current_password_field, new_password_field
from tca_app.ui.record import is_at_its_url
from tca_app.ui.var import as_var


def user_dialogs(editing_mark: rx.Component, instead: rx.Component | None = None) -> rx.Component:
    """`editing_mark` shows others that someone is editing while the form is open; `instead` is another way to create
    a user."""
    return rx.fragment(_form(editing_mark, instead), _question())


def _form(editing_mark: rx.Component, instead: rx.Component | None) -> rx.Component:
    state = UserFormState
    return form_dialog(
        state,
        title=state.form_title,
        text=state.form_text,
        submit=state.form_submit,
        on_submit=state.save,
        fields=[
            _if_asked("email", text_field(state, "email", t("Email"), type_="email", required=True, max_length=254)),
            _if_asked("username", _username_field()),
            _if_asked("full_name", text_field(state, "full_name", t("Full name"), max_length=100)),
            _if_asked("password", new_password_field(UserFormState, label=t("Password"))),
            _if_asked(
                "must_change_password",
                check_field(state, "must_change_password", t("Must change it at the next sign-in")),
            ),
            _if_asked(
                "current_password",
                current_password_field(UserFormState, hint=t("Only needed when you change your email address.")),
            ),
            _if_asked(
                "is_superuser",
                check_field(
                    state, "is_superuser", t("Administrator"), t("Sees and changes everything in this console.")
                ),
            ),
            rx.cond(state.form_shows == "create", instead or rx.fragment()),
            rx.cond(state.form_id > 0, editing_mark),
        ],
    )


def _if_asked(name: str, field: rx.Component) -> rx.Component:
    return rx.cond(as_var(UserFormState.form_values).contains(name), field)


def _username_field() -> rx.Component:
    return text_field(
        UserFormState,
        "username",
        t("Username"),
        required=True,
        hint=t("3 to 50 letters and digits."),
        max_length=50,
        auto_capitalize="none",
        spell_check=False,
    )


def _question() -> rx.Component:
    return confirm_dialog(
        open_=is_at_its_url(ActState) & ActState.asking,
        title=ActState.act_title,
        text=ActState.act_text,
        confirm=ActState.act_button,
        on_confirm=ActState.confirm,
        on_cancel=ActState.cancel(),
        busy=ActState.act_busy,
        body=rx.el.div(
            new_owner_picker(ActState),
            error_notice(ActState.act_error),
            class_name="stack tight asked",
        ),
    )

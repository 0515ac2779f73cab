"""Password fields of a FormState."""

import reflex as rx

from tca_app.ui.components.text import t
from tca_app.ui.forms.fields import text_field
from tca_app.ui.forms.state import FormState
from tca_app.ui.session import SessionState
from tca_app.ui.var import as_var

MAX_PASSWORD = 256


def new_password_hint() -> rx.Component:
    length = as_var(SessionState.password_min_length).to(str)
    return rx.fragment(
        t(
            "At least {length} characters with a digit and an uppercase letter, and not a common password.",
            length=length,
        )
    )


def new_password_field(
    state: type[FormState], name: str = "password", label: str = t("New password"), hint: str | None = None
) -> rx.Component:
    return text_field(
        state,
        name,
        label,
        type_="password",
        required=True,
        hint=new_password_hint() if hint is None else hint,
        max_length=MAX_PASSWORD,
        auto_complete="new-password",
    )


def current_password_field(state: type[FormState], *, required: bool = False, hint: str = "") -> rx.Component:
    return text_field(
        state,
        "current_password",
        t("Current password"),
        type_="password",
        required=required,
        hint=hint,
        max_length=MAX_PASSWORD,
        auto_complete="current-password",
    )

"""The second step of a sign-in, after the password or the provider."""

import reflex as rx

from tca_app.features.auth.ui.posted_forms import auth_frame, posted_field, posted_form
from tca_app.features.factors.ui.sign_in_state import SecondFactorState
from tca_app.ui import routes
from tca_app.ui.components.basic import link
from tca_app.ui.components.text import t
from tca_app.ui.layout.pages import page
from tca_app.ui.var import as_var
from tca_app.ui.websocket.connection import boot

state = SecondFactorState


@page(
    routes.SECOND_FACTOR,
    t("Confirm your sign-in"),
    permission="public",
    on_load=(SecondFactorState.enter_second_factor,),
)
def second_factor_page() -> rx.Component:
    return rx.cond(as_var(state.methods).length() > 0, _steps(), boot())


def _steps() -> rx.Component:
    return auth_frame(
        t("Confirm your sign-in"),
        t("Your account also needs a second factor."),
        rx.cond(as_var(state.methods).contains("passkey"), _passkey_form()),
        rx.cond(as_var(state.methods).contains("totp") | as_var(state.methods).contains("recovery_code"), _code_form()),
        rx.el.p(link(t("Start again"), to=routes.LOGIN), class_name="auth-foot"),
    )


def _passkey_form() -> rx.Component:
    return rx.el.div(
        posted_form(
            f"{routes.API_SECOND_FACTOR}/passkey", submit=t("Use a passkey"), passkey_options=state.passkey_options
        ),
        custom_attrs={"data-needs-passkeys": ""},
    )


def _code_form() -> rx.Component:
    return posted_form(
        routes.API_SECOND_FACTOR,
        posted_field(
            "code",
            t("Code"),
            complete="one-time-code",
            hint=t("The six digits of your authenticator app, or one of your recovery codes."),
            auto_focus=True,
            auto_capitalize="none",
            spell_check=False,
            max_length=40,
        ),
        submit=t("Sign in"),
    )


PAGES = [second_factor_page]

"""The page of those who must add a second factor before they can do anything else."""

import reflex as rx

from tca_app.features.factors.ui.pages import two_factor_setup
from tca_app.features.factors.ui.state import FactorsState
from tca_app.ui import routes
from tca_app.ui.components.basic import button, link
from tca_app.ui.components.text import t
from tca_app.ui.forms.password_dialog import password_dialog
from tca_app.ui.layout.brand import app_name, logo
from tca_app.ui.layout.pages import page
from tca_app.ui.layout.toasts import toasts
from tca_app.ui.var import as_var


@page(routes.ADD_SECOND_FACTOR, t("Add a second factor"), permission="public", on_load=(FactorsState.load_setup,))
def add_second_factor_page() -> rx.Component:
    """Public for the guard of pages only: without a session its first event leads to the sign-in page."""
    has_some = as_var(FactorsState.factors).length() > 0
    return rx.el.div(
        rx.el.div(
            rx.el.div(logo(), rx.el.span(app_name()), class_name="brand"),
            rx.el.h1(t("Add a second factor")),
            rx.el.p(
                rx.cond(
                    has_some,
                    t("Done: your account has the second factor that your organization requires."),
                    t(
                        "Your organization requires one, and your time to add it is over. "
                        "Add an authenticator app or a passkey to continue."
                    ),
                ),
                class_name="lead",
            ),
            two_factor_setup(),
            rx.cond(
                has_some,
                rx.el.div(
                    link(t("Open the console"), to=routes.DASHBOARD, class_name="btn primary block"),
                    style={"margin_top": "16px"},
                ),
            ),
            rx.el.p(
                button(t("Sign out"), kind="ghost", custom_attrs={"data-action": "sign-out"}), class_name="auth-foot"
            ),
            class_name="auth-card wide",
        ),
        password_dialog(),
        toasts(),
        class_name="auth",
        id="content",
        role="main",
    )


PAGES = [add_second_factor_page]

"""The pages for people who are not signed in: sign-in and first setup."""

from typing import Any

import reflex as rx

from tca_app.config.settings import get_settings
from tca_app.features.auth.ui.state import AuthState
from tca_app.ui import routes
from tca_app.ui.components.basic import button, link
from tca_app.ui.forms.password_fields import NEW_HINT
from tca_app.ui.layout.pages import page
from tca_app.ui.websocket.connection import boot


def _auth_frame(title: str, lead: Any, *children: Any) -> rx.Component:
    # A landmark without the element: people and tools recognize a signed-in page by `main h1`.
    return rx.el.div(
        rx.el.div(
            rx.el.div(rx.el.img(src="/logo.svg", alt=""), rx.el.span(get_settings().app_name), class_name="brand"),
            rx.el.h1(title),
            rx.el.p(lead, class_name="lead"),
            *children,
            class_name="auth-card",
        ),
        class_name="auth",
        id="content",
        role="main",
    )


def _posted_form(url: str, *fields: Any, submit: str, from_query: str = "") -> rx.Component:
    """A form that assets/console posts with fetch, so that a password never passes the websocket."""
    return rx.el.form(
        rx.el.div(class_name="notice error", role="alert", hidden=True, custom_attrs={"data-form-error": ""}),
        *fields,
        button(submit, kind="primary block", type="submit"),
        action=url,
        method="post",
        no_validate=True,
        custom_attrs={
            "data-post": url,
            "data-from-query": from_query,
            "data-connected": rx.State.is_hydrated,
            "data-signed-in": AuthState.username != "",
        },
    )


def _posted_field(name: str, label: str, *, complete: str, kind: str = "text", hint: str = "", **props: Any) -> Any:
    described = f"{name}-error" + (f" {name}-hint" if hint else "")
    control = rx.el.input(
        id=name, name=name, type=kind, class_name="input", auto_complete=complete, aria_describedby=described, **props
    )
    return rx.el.div(
        rx.el.label(label, html_for=name),
        _with_toggle(name, control) if kind == "password" else control,
        rx.el.span(hint, id=f"{name}-hint", class_name="hint") if hint else None,
        rx.el.span(id=f"{name}-error", class_name="field-error", role="alert", custom_attrs={"data-error-for": name}),
        class_name="field",
    )


def _with_toggle(name: str, control: rx.Component) -> rx.Component:
    return rx.el.span(
        control,
        rx.el.button(
            "Show",
            type="button",
            class_name="inline-button",
            aria_label="Show password",
            custom_attrs={"data-action": "toggle-password", "aria-controls": name},
        ),
        class_name="with-button",
    )


@page(routes.LOGIN, "Sign in", permission="public", on_load=(AuthState.enter_login,))
def login_page() -> rx.Component:
    return _auth_frame(
        "Sign in",
        "Use your username or your email address.",
        _posted_form(
            routes.API_SESSION,
            _posted_field(
                "username",
                "Username or email",
                complete="username",
                auto_focus=True,
                auto_capitalize="none",
                spell_check=False,
                max_length=254,
            ),
            _posted_field("password", "Password", complete="current-password", kind="password", max_length=256),
            submit="Sign in",
        ),
        rx.cond(
            AuthState.needs_setup,
            rx.el.p(
                "No administrator exists yet. Open the setup link that the first start printed.",
                class_name="notice",
                style={"margin_top": "16px"},
            ),
        ),
    )


@page(routes.SETUP, "Set up", permission="public", on_load=(AuthState.enter_setup,))
def setup_page() -> rx.Component:
    return rx.match(
        AuthState.setup_phase,
        ("open", _setup_form()),
        ("closed", _setup_closed()),
        boot(),
    )


def _setup_closed() -> rx.Component:
    return _auth_frame(
        "Already set up",
        "This console already has an administrator.",
        rx.el.div(link("Sign in", to=routes.LOGIN, class_name="btn primary block"), style={"margin_top": "20px"}),
    )


def _setup_form() -> rx.Component:
    return _auth_frame(
        "Create the first administrator",
        "This link works once. The first start of the console printed it.",
        _posted_form(
            routes.API_SETUP,
            rx.el.span(class_name="field-error", role="alert", custom_attrs={"data-error-for": "token"}),
            _posted_field("email", "Email", complete="email", kind="email", auto_focus=True, max_length=254),
            _posted_field(
                "username",
                "Username",
                complete="username",
                hint="3 to 50 letters and digits.",
                auto_capitalize="none",
                spell_check=False,
                max_length=50,
            ),
            _posted_field("full_name", "Full name", complete="name", max_length=100),
            _posted_field(
                "password", "Password", complete="new-password", kind="password", hint=NEW_HINT, max_length=256
            ),
            submit="Create administrator",
            from_query="token",
        ),
    )


PAGES = [login_page, setup_page]

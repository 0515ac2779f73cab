"""The pages for people who are not signed in: sign-in, first setup, and what links in mails open."""

from typing import Any

import reflex as rx

from tca_app.features.auth.ui.posted_forms import auth_frame, posted_field, posted_form, posted_new_password
from tca_app.features.auth.ui.state import AuthState
from tca_app.ui import routes
from tca_app.ui.components.basic import button, link, outside_link
from tca_app.ui.components.text import t
from tca_app.ui.forms.password_fields import MAX_PASSWORD
from tca_app.ui.layout.pages import page
from tca_app.ui.var import as_var
from tca_app.ui.websocket.connection import boot


@page(routes.LOGIN, t("Sign in"), permission="public", on_load=(AuthState.enter_login,))
def login_page() -> rx.Component:
    return auth_frame(
        t("Sign in"),
        t("Use your username or your email address."),
        rx.cond(
            AuthState.sign_in_error != "",
            rx.el.p(AuthState.sign_in_error, class_name="notice error", role="alert", style={"margin_bottom": "16px"}),
        ),
        rx.cond(
            AuthState.sign_in_notice != "",
            rx.el.p(AuthState.sign_in_notice, class_name="notice", role="status", style={"margin_bottom": "16px"}),
        ),
        posted_form(
            routes.API_SESSION,
            posted_field(
                "username",
                t("Username or email"),
                complete="username",
                auto_focus=True,
                auto_capitalize="none",
                spell_check=False,
                max_length=254,
            ),
            posted_field(
                "password", t("Password"), complete="current-password", kind="password", max_length=MAX_PASSWORD
            ),
            submit=t("Sign in"),
        ),
        # Above what appears when the state arrives, so that it does not move away from a pointer.
        rx.el.p(link(t("Forgot password?"), to=routes.FORGOT), class_name="auth-foot"),
        rx.el.div(
            posted_form(
                routes.API_PASSKEY,
                submit=t("Continue with a passkey"),
                kind="",
                passkey_options_from=f"{routes.API_PASSKEY}/options",
            ),
            custom_attrs={"data-needs-passkeys": ""},
        ),
        rx.cond(as_var(AuthState.sign_in_links).length() > 0, _provider_links()),
        rx.cond(
            AuthState.needs_setup,
            rx.el.p(
                t("No administrator exists yet. Open the setup link that the first start printed."),
                class_name="notice",
                style={"margin_top": "16px"},
            ),
        ),
    )


def _provider_links() -> rx.Component:
    return rx.el.div(
        rx.el.p(t("or"), class_name="muted", style={"text_align": "center"}),
        rx.foreach(
            AuthState.sign_in_links,
            lambda entry: outside_link(
                t("Continue with {label}", label=entry["label"]), url=entry["url"], class_name="btn block"
            ),
        ),
        class_name="stack tight",
        style={"margin_top": "16px"},
    )


@page(routes.SETUP, t("Set up"), permission="public", on_load=(AuthState.enter_setup,))
def setup_page() -> rx.Component:
    return rx.match(
        AuthState.setup_phase,
        ("open", _setup_form()),
        ("closed", _setup_closed()),
        (
            "incomplete",
            _incomplete(t("Open the full link that the console printed when it started. Each start prints a new one.")),
        ),
        boot(),
    )


def _setup_closed() -> rx.Component:
    return auth_frame(
        t("Already set up"),
        t("This console already has an administrator."),
        rx.el.div(link(t("Sign in"), to=routes.LOGIN, class_name="btn primary block"), style={"margin_top": "20px"}),
    )


def _setup_form() -> rx.Component:
    return auth_frame(
        t("Create the first administrator"),
        t("This link works once. The first start of the console printed it."),
        posted_form(
            routes.API_SETUP,
            _token_error(),
            posted_field("email", t("Email"), complete="email", kind="email", auto_focus=True, max_length=254),
            posted_field(
                "username",
                t("Username"),
                complete="username",
                hint=t("3 to 50 letters and digits."),
                auto_capitalize="none",
                spell_check=False,
                max_length=50,
            ),
            posted_field("full_name", t("Full name"), complete="name", is_optional=True, max_length=100),
            posted_new_password(t("Password")),
            submit=t("Create administrator"),
            from_query="token",
        ),
    )


@page(routes.FORGOT, t("Forgot password"), permission="public", on_load=(AuthState.enter_forgot,))
def forgot_password_page() -> rx.Component:
    sent = rx.el.p(
        t("If an account has this address, a mail with a link is on its way. The link works for an hour."),
        class_name="notice",
        role="status",
    )
    ask = posted_form(
        routes.API_FORGOT,
        posted_field("email", t("Email"), complete="email", kind="email", auto_focus=True, max_length=254),
        submit=t("Send the link"),
        done=sent,
    )
    return auth_frame(
        t("Forgot your password?"),
        t("Enter the email address of your account. You get a link that sets a new password."),
        rx.cond(
            AuthState.mail == "files",
            _notice(t("Mail is not set up on this console. Ask an administrator.")),
        ),
        # One place for the form, so that it stays as it is when the state arrives.
        rx.cond(
            AuthState.mail == "off",
            _notice(t("This console sends no mail. Ask an administrator for a new password.")),
            ask,
        ),
        _back_to_sign_in(),
    )


def _notice(*text: Any) -> rx.Component:
    return rx.el.p(*text, class_name="notice", style={"margin_bottom": "16px"})


def _back_to_sign_in() -> rx.Component:
    return rx.el.p(link(t("Back to sign-in"), to=routes.LOGIN), class_name="auth-foot")


def _incomplete(text: str, *ways: rx.Component) -> rx.Component:
    below = (rx.el.div(*ways, style={"margin_top": "20px"}),) if ways else ()
    return auth_frame(t("This link is incomplete"), text, *below)


@page(routes.RESET, t("Set a new password"), permission="public", on_load=(AuthState.enter_link,))
def reset_password_page() -> rx.Component:
    return rx.cond(
        AuthState.link_is_incomplete,
        _incomplete(
            t("Open the full link from the email, or request another one."),
            link(t("Request another link"), to=routes.FORGOT, class_name="btn primary block"),
        ),
        _reset_form(),
    )


def _reset_form() -> rx.Component:
    return auth_frame(
        t("Set a new password"),
        t("All open sessions of your account end."),
        posted_form(
            routes.API_RESET,
            _token_error(),
            posted_new_password(t("New password"), auto_focus=True),
            submit=t("Set the password"),
            from_query="token",
            done=_done(t("Your password is set."), t("Sign in"), routes.LOGIN),
        ),
        rx.el.p(link(t("Send another link"), to=routes.FORGOT), class_name="auth-foot"),
    )


@page(
    routes.CHANGE_PASSWORD,
    t("Change your password"),
    permission="public",
    on_load=(AuthState.enter_change_password,),
)
def change_password_page() -> rx.Component:
    """Where everybody is led whose password an administrator set."""
    return auth_frame(
        t("Choose your own password"),
        t("An administrator set the current one. Until you change it you cannot use the console."),
        posted_form(
            routes.API_CHANGE_PASSWORD,
            posted_field(
                "current_password",
                t("Current password"),
                complete="current-password",
                kind="password",
                auto_focus=True,
                max_length=MAX_PASSWORD,
            ),
            posted_new_password(t("New password")),
            submit=t("Change password"),
        ),
        rx.el.p(button(t("Sign out"), kind="ghost", custom_attrs={"data-action": "sign-out"}), class_name="auth-foot"),
    )


@page(routes.CONFIRM_EMAIL, t("Confirm your email address"), permission="public", on_load=(AuthState.enter_link,))
def confirm_email_page() -> rx.Component:
    """The link itself changes nothing, because mail filters open links, too."""
    return rx.cond(
        AuthState.link_is_incomplete,
        _incomplete(
            t("Open the full link from the email, or enter the new address in your settings again to get another one."),
            link(t("Open settings"), to=routes.SETTINGS, class_name="btn primary block"),
        ),
        _confirm_form(),
    )


def _confirm_form() -> rx.Component:
    return auth_frame(
        t("Confirm your email address"),
        t("From now on you sign in with this address, and mails go to it."),
        posted_form(
            routes.API_CONFIRM_EMAIL,
            _token_error(),
            submit=t("Confirm the address"),
            from_query="token",
            done=_done(t("Your new email address is confirmed."), t("Open the console"), routes.DASHBOARD),
        ),
    )


def _done(text: str, action: str, url: str) -> rx.Component:
    return rx.fragment(
        rx.el.p(text, class_name="notice", role="status"),
        rx.el.div(link(action, to=url, class_name="btn primary block"), style={"margin_top": "16px"}),
    )


def _token_error() -> rx.Component:
    """Where a missing or malformed token of the URL is reported."""
    return rx.el.span(class_name="field-error", role="alert", custom_attrs={"data-error-for": "token"})


PAGES = [login_page, setup_page, forgot_password_page, reset_password_page, change_password_page, confirm_email_page]

"""The page that the link of an invitation opens. It needs no sign-in."""

from typing import Any

import reflex as rx

from tca_app.features.auth.ui.posted_forms import auth_frame, posted_field, posted_form, posted_new_password
from tca_app.features.invitations.ui.accept_state import AcceptState
from tca_app.ui import routes
from tca_app.ui.components.basic import button, link
from tca_app.ui.components.text import t
from tca_app.ui.layout.pages import page
from tca_app.ui.var import as_var
from tca_app.ui.websocket.connection import boot

state = AcceptState
# Computed in the browser, so that no state holds the token in the URL.
_sign_in_and_return = rx.Var(
    f'"{routes.LOGIN}?next=" + encodeURIComponent(window.location.pathname + window.location.search)', _var_type=str
).to(str)


@page(routes.ACCEPT_INVITATION, t("Invitation"), permission="public", on_load=(AcceptState.enter_invitation,))
def accept_invitation_page() -> rx.Component:
    return rx.match(
        state.phase,
        ("new", _new_account()),
        ("join", _join()),
        ("sign_in", _sign_in()),
        ("other", _other_account()),
        ("gone", _gone()),
        ("closed", _closed()),
        boot(),
    )


def _lead() -> Any:
    return rx.fragment(
        t(
            "{invited_by} invited {email}{project}",
            invited_by=state.invited_by,
            email=rx.el.strong(state.email),
            project=rx.cond(
                state.project != "",
                rx.fragment(
                    t(" to the project {project} as {role}.", project=rx.el.strong(state.project), role=state.role)
                ),
                ".",
            ),
        ),
    )


def _new_account() -> rx.Component:
    return auth_frame(
        t("Create your account"),
        _lead(),
        _refusal(),
        posted_form(
            routes.API_ACCEPT_INVITATION,
            _token_error(),
            posted_field(
                "username",
                t("Username"),
                complete="username",
                hint=t("3 to 50 letters and digits."),
                auto_focus=True,
                auto_capitalize="none",
                spell_check=False,
                max_length=50,
            ),
            posted_field("full_name", t("Full name"), complete="name", is_optional=True, max_length=100),
            posted_new_password(t("Password")),
            submit=t("Create account"),
            from_query="token",
        ),
        _providers(),
    )


def _join() -> rx.Component:
    return auth_frame(
        t("Accept the invitation"),
        _lead(),
        posted_form(routes.API_JOIN_BY_INVITATION, _token_error(), submit=t("Accept invitation"), from_query="token"),
    )


def _sign_in() -> rx.Component:
    return auth_frame(
        t("Sign in to accept"),
        _lead(),
        _refusal(),
        rx.el.p(t("You have an account with this address."), class_name="notice"),
        _below(button(t("Sign in"), kind="primary block", on_click=rx.redirect(_sign_in_and_return))),
        _providers(),
    )


def _refusal() -> rx.Component:
    return rx.cond(
        state.error != "",
        rx.el.p(state.error, class_name="notice error", role="alert", style={"margin_bottom": "16px"}),
    )


def _providers() -> rx.Component:
    return rx.cond(
        as_var(state.providers).length() > 0,
        rx.el.div(
            rx.el.p(t("or"), class_name="muted", style={"text_align": "center"}),
            rx.foreach(
                state.providers,
                lambda entry: posted_form(
                    entry["url"],
                    submit=t("Continue with {label}", label=entry["label"].to(str)),
                    from_query="token",
                    leads_away=True,
                    kind="",
                ),
            ),
            class_name="stack tight",
            style={"margin_top": "16px"},
        ),
    )


def _other_account() -> rx.Component:
    return auth_frame(
        t("This invitation is for someone else"),
        _lead(),
        rx.el.p(
            t(
                "You are signed in as {display_name}. If the invitation is for you, sign out and open its link again.",
                display_name=rx.el.strong(state.display_name),
            ),
            class_name="notice",
        ),
        _below(button(t("Sign out"), kind="primary block", custom_attrs={"data-action": "sign-out"})),
        rx.el.p(link(t("Open the console"), to=routes.DASHBOARD), class_name="auth-foot"),
    )


def _gone() -> rx.Component:
    return auth_frame(
        t("This invitation has ended"),
        t("It was used, revoked or replaced, or it is older than 24 hours. Ask for a new one."),
        _below(link(t("Sign in"), to=routes.LOGIN, class_name="btn primary block")),
    )


def _closed() -> rx.Component:
    return auth_frame(
        t("No new accounts"),
        _lead(),
        rx.el.p(t("Only administrators create accounts here. Ask one of them for yours."), class_name="notice"),
        _below(link(t("Sign in"), to=routes.LOGIN, class_name="btn primary block")),
    )


def _below(child: rx.Component) -> rx.Component:
    return rx.el.div(child, style={"margin_top": "16px"})


def _token_error() -> rx.Component:
    """Where a missing or malformed token of the URL is reported."""
    return rx.el.span(class_name="field-error", role="alert", custom_attrs={"data-error-for": "token"})


PAGES = [accept_invitation_page]

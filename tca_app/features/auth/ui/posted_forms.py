"""The frame of pages for people who are not signed in, and forms that the browser posts to the API by itself."""

from typing import Any

import reflex as rx

from tca_app.features.auth.ui.state import AuthState
from tca_app.ui.components.basic import button
from tca_app.ui.components.text import t
from tca_app.ui.forms.password_fields import MAX_PASSWORD, new_password_hint
from tca_app.ui.layout.brand import app_name, logo
from tca_app.ui.layout.help_menu import stranger_footer


def auth_frame(title: str, lead: Any, *children: Any) -> rx.Component:
    # A landmark without the element: people and tools recognize a signed-in page by `main h1`.
    return rx.el.div(
        rx.el.div(
            rx.el.div(logo(), rx.el.span(app_name()), class_name="brand"),
            rx.el.h1(title),
            rx.el.p(lead, class_name="lead"),
            *children,
            class_name="auth-card",
        ),
        stranger_footer(),
        class_name="auth",
        id="content",
        role="main",
    )


def posted_form(
    url: Any,
    *fields: Any,
    submit: Any,
    from_query: str = "",
    leads_away: bool = False,
    done: rx.Component | None = None,
    kind: str = "primary",
    passkey_options: Any = "",
    passkey_options_from: str = "",
) -> rx.Component:
    """A form that assets/console/posted-form.js posts with fetch, so that a password never passes the websocket.

    `from_query` names parameters of the page's URL that belong to the body. After success the browser enters the
    console; with `done` it shows that in place of the form, and with `leads_away` it goes to the `url` of the response.
    With `passkey_options`, or a URL to get them from, it
    posts the response of a passkey.
    """
    form = rx.el.form(
        rx.el.div(class_name="notice error", role="alert", hidden=True, custom_attrs={"data-form-error": ""}),
        *fields,
        button(submit, kind=f"{kind} block".strip(), type="submit"),
        action=url,
        method="post",
        no_validate=True,
        custom_attrs={
            "data-post": url,
            "data-from-query": from_query,
            "data-leads-away": "yes" if leads_away else "",
            "data-connected": rx.State.is_hydrated,
            "data-signed-in": AuthState.username != "",
            "data-done": "" if done is None else "next",
            "data-passkey-options": passkey_options,
            "data-passkey-options-from": passkey_options_from,
        },
    )
    return form if done is None else rx.fragment(form, rx.el.div(done, hidden=True))


def posted_field(
    name: str,
    label: str,
    *,
    complete: str,
    kind: str = "text",
    hint: Any = "",
    is_optional: bool = False,
    **props: Any,
) -> Any:
    described = f"{name}-error" + (f" {name}-hint" if hint else "")
    optional = rx.el.span(t(" (optional)"), class_name="optional", aria_hidden="true") if is_optional else None
    control = rx.el.input(
        id=name, name=name, type=kind, class_name="input", auto_complete=complete, aria_describedby=described, **props
    )
    return rx.el.div(
        rx.el.label(label, optional, html_for=name),
        _with_toggle(name, control) if kind == "password" else control,
        rx.el.span(hint, id=f"{name}-hint", class_name="hint") if hint else None,
        rx.el.span(id=f"{name}-error", class_name="field-error", role="alert", custom_attrs={"data-error-for": name}),
        class_name="field",
    )


def posted_new_password(label: str, **props: Any) -> Any:
    return posted_field(
        "password",
        label,
        complete="new-password",
        kind="password",
        hint=new_password_hint(),
        max_length=MAX_PASSWORD,
        **props,
    )


def _with_toggle(name: str, control: rx.Component) -> rx.Component:
    return rx.el.span(
        control,
        rx.el.button(
            t("Show"),
            type="button",
            class_name="inline-button",
            aria_label=t("Show password"),
            custom_attrs={"data-action": "toggle-password", "aria-controls": name},
        ),
        class_name="with-button",
    )

"""The panel "Sign-in" in the settings: the password, and the identities at GitHub and other providers."""

from typing import Any

import reflex as rx

from tca_app.features.auth.oauth.ui.state import IdentitiesState
from tca_app.ui import routes
from tca_app.ui.components.basic import button, error_notice, link, outside_link, panel, relative_time
from tca_app.ui.components.dialogs import confirm_dialog
from tca_app.ui.var import as_var

state = IdentitiesState


def sign_in_panel() -> rx.Component:
    """Not shown on a console where people sign in with passwords only."""
    return rx.cond(
        (as_var(state.rows).length() > 0) | (as_var(state.links).length() > 0),
        rx.fragment(
            panel(
                "Sign-in",
                rx.el.div(
                    error_notice(state.error),
                    _password(),
                    rx.foreach(state.rows, _identity),
                    rx.foreach(state.links, _offer),
                    class_name="stack",
                ),
            ),
            confirm_dialog(
                open_=state.unlink_id != 0,
                title="Unlink " + as_var(state.unlink_label) + "?",
                text="You can no longer sign in there. Your account and your open sessions stay.",
                confirm="Unlink",
                cancel="Keep it",
                on_confirm=state.unlink,
                on_cancel=state.cancel_unlink(),
                busy=state.is_unlinking,
                body=error_notice(state.unlink_error),
            ),
        ),
    )


def _line(title: Any, about: Any, action: Any) -> rx.Component:
    return rx.el.div(
        rx.el.div(
            rx.el.div(title, class_name="legend"),
            rx.el.div(about, class_name="muted truncate"),
            style={"min_width": "0"},
        ),
        action,
        class_name="row",
        style={"justify_content": "space-between", "flex_wrap": "nowrap"},
    )


def _password() -> rx.Component:
    label = rx.cond(state.has_password, "Change", "Set a password")
    return _line(
        "Password",
        rx.cond(state.has_password, "Set", "Not set"),
        link(label, to=f"{routes.SETTINGS}?tab=password", class_name="btn small"),
    )


def _identity(row: Any) -> rx.Component:
    last = rx.cond(row["used_at"] != "", rx.fragment("last used ", relative_time(row["used_at"])), "not used yet")
    used = rx.fragment(row["name"], " · ", last)
    return _line(
        row["label"],
        rx.cond(row["is_usable"], used, "This provider is no longer offered."),
        button(
            "Unlink",
            kind="small danger-quiet",
            on_click=state.ask_unlink(row["id"]),
            aria_label="Unlink " + row["label"].to(str),
        ),
    )


def _offer(entry: Any) -> rx.Component:
    return _line(
        entry["label"],
        "Not linked",
        outside_link("Link ", entry["label"], url=entry["url"], class_name="btn small"),
    )

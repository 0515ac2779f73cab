"""The panel "Sign-in" in the settings: the password, and the identities at GitHub and other providers."""

from typing import Any

import reflex as rx

from tca_app.features.auth.oauth.ui.state import IdentitiesState
from tca_app.ui import routes
from tca_app.ui.components.basic import button, error_notice, link, outside_link, relative_time, setting
from tca_app.ui.components.dialogs import confirm_dialog
from tca_app.ui.components.text import t
from tca_app.ui.var import as_var

state = IdentitiesState


def sign_in_panel() -> rx.Component:
    """Not shown on a console where people sign in with passwords only."""
    return rx.cond(
        (as_var(state.rows).length() > 0) | (as_var(state.links).length() > 0),
        rx.fragment(
            setting(
                t("Sign-in"),
                t("The ways in which you can sign in to this account."),
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
                title=t("Unlink {unlink_label}?", unlink_label=as_var(state.unlink_label)),
                text=t("You can no longer sign in there. Your account and your open sessions stay."),
                confirm=t("Unlink"),
                cancel=t("Keep it"),
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
    label = rx.cond(state.has_password, t("Change"), t("Set a password"))
    return _line(
        t("Password"),
        rx.cond(state.has_password, t("Set"), t("Not set")),
        link(label, to=f"{routes.SETTINGS}?tab=password", class_name="btn small"),
    )


def _identity(row: Any) -> rx.Component:
    last = rx.cond(
        row["used_at"] != "",
        rx.fragment(t("last used {used_at}", used_at=relative_time(row["used_at"]))),
        t("not used yet"),
    )
    used = rx.fragment(row["name"], " · ", last)
    return _line(
        row["label"],
        rx.cond(row["is_usable"], used, t("This provider is no longer offered.")),
        button(
            t("Unlink"),
            kind="small danger-quiet",
            on_click=state.ask_unlink(row["id"]),
            aria_label=t("Unlink {label}", label=row["label"].to(str)),
        ),
    )


def _offer(entry: Any) -> rx.Component:
    return _line(
        entry["label"],
        t("Not linked"),
        outside_link(t("Link {label}", label=entry["label"]), url=entry["url"], class_name="btn small"),
    )

"""The toasts of every page."""

import reflex as rx

from tca_app.ui.components.basic import icon_button, link
from tca_app.ui.components.text import t
from tca_app.ui.session import SessionState, Toast


def toasts() -> rx.Component:
    """The toasts. The region is always in the page, so that screen readers announce each toast."""
    return rx.el.div(rx.foreach(SessionState.toasts, _toast), class_name="toasts", role="status", aria_live="polite")


def _open(toast: Toast) -> rx.Component:
    """It dismisses the toast, which would lie over the head of the page on a phone."""
    return link(t("Open"), to=toast["url"], class_name="btn small", on_click=SessionState.dismiss_toast(toast["id"]))


def _toast(toast: Toast) -> rx.Component:
    return rx.el.div(
        rx.cond(
            toast["kind"] == "error",
            rx.icon("circle-alert", aria_hidden="true"),
            rx.icon("circle-check", aria_hidden="true"),
        ),
        rx.el.span(toast["text"], class_name="text"),
        rx.cond(
            toast["undo"],
            rx.el.button(t("Undo"), type="button", class_name="btn small", on_click=SessionState.undo(toast["id"])),
        ),
        rx.cond(toast["url"] != "", _open(toast)),
        icon_button(t("Dismiss"), "x", "ghost small", on_click=SessionState.dismiss_toast(toast["id"])),
        key=toast["id"],
        class_name=f"toast {toast['kind']}",
        role=rx.cond(toast["kind"] == "error", "alert", "none"),
    )

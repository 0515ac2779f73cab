"""What is shown instead of content: empty, loading and failed states, and pages with only a message."""

from typing import Any

import reflex as rx

from tca_app.ui import routes
from tca_app.ui.components.basic import Child, button, link
from tca_app.ui.components.text import t


def empty_state(title: str, text: str | rx.Var[str], *actions: rx.Component, icon: str = "inbox") -> rx.Component:
    """The placeholder of an empty list. It says what to do next."""
    return rx.el.div(
        rx.icon(icon, aria_hidden="true"),
        rx.el.h2(title),
        rx.el.p(text),
        rx.el.div(*actions, class_name="row") if actions else None,
        class_name="blank-state",
    )


def error_state(text: Child, retry: Any) -> rx.Component:
    """The reason of a failure, and a button that runs `retry`."""
    return rx.el.div(
        rx.icon("triangle-alert", aria_hidden="true"),
        rx.el.h2(t("Loading failed")),
        rx.el.p(text),
        button(t("Try again"), icon="rotate-cw", on_click=retry),
        class_name="blank-state",
        role="alert",
    )


def skeleton(width: str = "100%") -> rx.Component:
    # As a plain attribute: `style` would make Emotion draw each of the fifty placeholders of a list.
    return rx.el.span(class_name="skeleton", aria_hidden="true", custom_attrs={"style": {"width": width}})


def skeleton_lines(count: int = 3) -> rx.Component:
    """The placeholder of a panel that is loading."""
    widths = ("72%", "54%", "63%", "40%")
    return rx.el.div(*(skeleton(widths[i % 4]) for i in range(count)), class_name="stack", aria_busy="true")


def center_page(title: str, text: str, *actions: rx.Component, code: str = "") -> rx.Component:
    """A page with only a message, such as 403 and 404."""
    return rx.el.div(
        rx.el.div(
            rx.el.p(code, class_name="code") if code else None,
            rx.el.h1(title),
            rx.el.p(text),
            rx.el.div(*actions, class_name="row", style={"justify_content": "center"}),
            class_name="stack",
        ),
        class_name="center-page",
    )


def forbidden() -> rx.Component:
    return center_page(
        t("You do not have permission"),
        t("This page is for administrators. Ask one of them for access."),
        button(t("Go back"), custom_attrs={"data-action": "back"}),
        link(t("Dashboard"), to=routes.DASHBOARD, class_name="btn primary"),
        code="403",
    )


def not_found() -> rx.Component:
    return center_page(
        t("Page not found"),
        t("The URL may be wrong, the page may be gone, or you do not have access."),
        button(t("Go back"), custom_attrs={"data-action": "back"}),
        link(t("Dashboard"), to=routes.DASHBOARD, class_name="btn primary"),
        code="404",
    )


def not_found_to_strangers() -> rx.Component:
    """The page for unknown URLs, for viewers who are not signed in."""
    return center_page(
        t("Page not found"),
        t("The URL may be wrong, or you need to sign in to see this page."),
        link(t("Sign in"), to=routes.LOGIN, class_name="btn primary"),
        code="404",
    )


def outage() -> rx.Component:
    return center_page(
        t("The console cannot reach its database or Redis"),
        t("What you typed is kept in this browser. The page loads again as soon as both respond."),
        button(t("Try again"), kind="primary", icon="rotate-cw", custom_attrs={"data-action": "reload"}),
        code="503",
    )


def crashed() -> rx.Component:
    """The fallback of the error boundary, when a page cannot be rendered."""
    return center_page(
        t("This page could not be displayed"),
        t("Something went wrong in the browser. Reload the page. If it happens again, contact an administrator."),
        button(t("Try again"), kind="primary", custom_attrs={"data-action": "reload"}),
        rx.el.a(t("Dashboard"), href=routes.DASHBOARD, class_name="btn"),
        code="ERROR",
    )

"""The live connection on the screen: its status in the header, and the page before the first connection."""

import reflex as rx
from reflex_components_core.core.banner import has_connection_errors

from tca_app.ui.components.basic import button
from tca_app.ui.session import SessionState

# The states of the header's status region: word and explanation.
_CONDITIONS = {
    "off": (
        "Reconnecting",
        "The connection to the server is lost. The page may be out of date. What you type is kept.",
    ),
    "stale": ("Stale", "Live updates are paused. Reload to see the latest data."),
    "degraded": (
        "Connected, degraded",
        "Redis is unreachable. You can read and save; caching and the event streams are paused.",
    ),
    "on": ("Connected", "This page shows changes as they happen."),
}


def connection_status() -> rx.Component:
    """A status region: whether this page is connected to the server, and what is unavailable."""
    condition = rx.cond(
        has_connection_errors,
        "off",
        rx.cond(SessionState.is_stale, "stale", rx.cond(SessionState.is_degraded, "degraded", "on")),
    )
    word, explanation = (
        rx.match(condition, *((name, texts[index]) for name, texts in _CONDITIONS.items()), "") for index in (0, 1)
    )
    return rx.el.span(word, class_name="live", role="status", custom_attrs={"data-live": condition}, title=explanation)


def boot() -> rx.Component:
    """The page before the viewer is known: empty, then a spinner, and an explanation without a live connection."""
    return rx.el.div(
        rx.el.span(class_name="spinner", role="status", aria_label="Loading"),
        _no_connection(),
        class_name="boot",
    )


def _no_connection() -> rx.Component:
    """The explanation that assets/console shows, with a request id from the log, when the first connection fails."""
    return rx.el.div(
        rx.el.h1("The live connection could not be opened"),
        rx.el.p("The server may be restarting. A proxy may be blocking websockets."),
        rx.el.p(
            "If this persists, contact an administrator: the proxy must pass websocket upgrades of /_event. ",
            rx.el.span("Reference ", rx.el.code(custom_attrs={"data-reference": ""}), hidden=True),
            class_name="muted",
        ),
        button("Try again", kind="primary", icon="rotate-cw", custom_attrs={"data-action": "reload"}),
        class_name="no-connection",
        role="alert",
        hidden=True,
        custom_attrs={"data-no-connection": rx.cond(has_connection_errors, "refused", "silent")},
    )

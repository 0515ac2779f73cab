"""The live connection on the screen: its status in the header, a banner when it is lost, and the page before it."""

import reflex as rx
from reflex_components_core.core.banner import has_connection_errors

from tca_app.ui.components.basic import button, icon_button
from tca_app.ui.components.text import t
from tca_app.ui.session import SessionState

PROXY_EXAMPLE = """\
location /_event {
    proxy_pass http://console;
    proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection "upgrade";
    proxy_set_header Host $http_host;
    proxy_read_timeout 300s;
}"""
# The states of the header's status region: word and explanation.
_CONDITIONS = {
    "off": (
        t("Reconnecting"),
        t("The connection to the server is lost. The page may be out of date. What you type is kept."),
    ),
    "stale": (t("Stale"), t("Live updates are paused. Reload to see the latest data.")),
    "degraded": (
        t("Connected, degraded"),
        t("Redis is unreachable. You can read and save; caching and the event streams are paused."),
    ),
    "on": (t("Connected"), t("This page shows changes as they happen.")),
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


def offline_banner() -> rx.Component:
    """What works without a connection. assets/console/offline.js fills in the time, and counts what waits."""
    return rx.cond(
        has_connection_errors,
        rx.el.div(
            rx.icon("cloud-off", size=16, aria_hidden="true"),
            rx.el.span(
                t(
                    "{cause} What you see was current at {time}. You can read and type; changes wait until "
                    "you are back.{waiting}",
                    cause=rx.el.strong(custom_attrs={"data-cause": ""}),
                    time=rx.el.time(),
                    waiting=rx.el.span(custom_attrs={"data-waits": ""}),
                ),
            ),
            class_name="offline",
            role="status",
            hidden=True,
            custom_attrs={"data-offline": ""},
        ),
    )


def unconfirmed_notice() -> rx.Component:
    """What was sent before the connection was lost, without an answer. assets/console/offline.js shows it."""
    return rx.el.div(
        rx.icon("circle-alert", size=16, aria_hidden="true"),
        rx.el.span(),
        icon_button(t("Dismiss"), "x", "ghost small", custom_attrs={"data-action": "dismiss-unconfirmed"}),
        class_name="offline",
        role="alert",
        hidden=True,
        custom_attrs={"data-unconfirmed": ""},
    )


def boot() -> rx.Component:
    """The page before the viewer is known: empty, then a spinner, and an explanation without a live connection."""
    return rx.el.div(
        rx.el.span(class_name="spinner", role="status", aria_label=t("Loading")),
        no_connection(),
        class_name="boot",
    )


def no_connection() -> rx.Component:
    """The explanation that assets/console shows when the first connection fails: one of the two, as /health answers."""
    return rx.el.div(
        rx.el.div(
            rx.el.h1(t("The console cannot be reached")),
            rx.el.p(t("You are offline, or the server is restarting. The page opens by itself when it responds.")),
            class_name="stack tight",
            custom_attrs={"data-cause": "unreachable"},
        ),
        rx.el.div(
            rx.el.h1(t("Live connection blocked")),
            rx.el.p(t("The server responds, but your proxy does not let WebSockets through.")),
            rx.el.details(
                rx.el.summary(t("For administrators of the proxy"), class_name="link"),
                rx.el.p(
                    t("Forward WebSocket upgrades of {event} with HTTP/1.1. For nginx:", event=rx.el.code("/_event"))
                ),
                rx.el.pre(PROXY_EXAMPLE, class_name="code-block"),
                rx.el.p(
                    t(
                        "The console logs this as {event}{reference}.",
                        event=rx.el.code("ui.no_websocket"),
                        reference=rx.el.span(
                            t(" with the request id {id}", id=rx.el.code(custom_attrs={"data-reference": ""})),
                            hidden=True,
                        ),
                    ),
                    class_name="muted",
                ),
                class_name="stack tight",
            ),
            class_name="stack tight",
            hidden=True,
            custom_attrs={"data-cause": "blocked"},
        ),
        button(t("Try again"), kind="primary", icon="rotate-cw", custom_attrs={"data-action": "reload"}),
        class_name="no-connection",
        role="alert",
        hidden=True,
        custom_attrs={"data-no-connection": rx.cond(has_connection_errors, "refused", "silent")},
    )

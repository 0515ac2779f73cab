"""The line of one component: its badges, which the dashboard shows too, its latency and its history."""

from typing import Any

import reflex as rx

from tca_app.features.health.overview import HOURS
from tca_app.features.health.ui.charts import HEIGHT, STEP
from tca_app.features.health.ui.form_state import CheckState
from tca_app.features.health.ui.state import Component
from tca_app.ui.components.badges import badge
from tca_app.ui.components.basic import icon_button, name_or_link
from tca_app.ui.components.text import t
from tca_app.ui.var import as_var


def component_line(component: Component, days: Any) -> rx.Component:
    """The line of a component, with bars for `days` days."""
    name = name_or_link(component["name"], component["url"])
    shown_state = rx.cond(component["is_paused"], "paused", component["state"])
    return rx.el.li(
        rx.el.div(
            rx.el.div(
                rx.el.div(
                    name,
                    rx.cond(
                        component["slug"] != "", rx.el.span(component["slug"], class_name="cell-sub mono truncate")
                    ),
                    state_badges(shown_state, component["is_wavering"]),
                    rx.cond(component["is_public"], badge(t("Public"), "", "globe")),
                    class_name="component-head",
                ),
                rx.el.div(component["detail"], class_name="cell-sub truncate", title=component["detail"]),
                rx.cond(component["certificate"] != "", _certificate(component)),
            ),
            _settings(component),
            class_name="component-name",
        ),
        _spark(component),
        _bars(as_var(component["hours"]).to(dict[str, str]), t("{hours} hours", hours=HOURS), "hours"),
        _bars(as_var(component["days"]).to(dict[str, str]), t("{days} days (UTC)", days=days), "days"),
        key=as_var(component["id"]).to(str),
    )


def _certificate(component: Component) -> rx.Component:
    """How long the certificate is valid: a badge when it expires soon."""
    words = component["certificate"]
    return rx.match(
        component["certificate_tone"],
        ("bad", badge(words, "bad", "badge-alert")),
        ("warn", badge(words, "warn", "badge-alert")),
        rx.el.div(words, class_name="cell-sub"),
    )


def state_badges(shown_state: Any, is_wavering: Any) -> rx.Component:
    """The badges of a state. One failed check does not change the state, so it has a badge of its own."""
    return rx.fragment(
        rx.match(
            shown_state,
            ("paused", badge(t("Paused"), "", "circle-pause")),
            ("maintenance", badge(t("Maintenance"), "info", "wrench")),
            ("not_scheduled", badge(t("Not scheduled"), "", "circle-minus")),
            ("off", badge(t("Off"), "", "circle-minus")),
            ("passing", badge(t("Operational"), "good", "circle-check")),
            ("failing", badge(t("Down"), "bad", "circle-x")),
            badge(t("Unknown"), "", "circle-help"),
        ),
        rx.cond(
            is_wavering,
            badge(
                rx.cond(shown_state == "failing", t("Last check passed"), t("Last check failed")),
                "warn",
                "triangle-alert",
            ),
        ),
    )


def _settings(component: Component) -> rx.Component:
    return rx.cond(
        component["may_manage"],
        icon_button(
            t("Settings of {name}", name=component["name"]),
            "settings-2",
            "ghost small",
            on_click=CheckState.open_edit(as_var(component["id"]).to(int)),
        ),
    )


def _spark(component: Component) -> rx.Component:
    path = rx.el.path(d=as_var(component["spark"]).to(str), class_name="spark")
    return rx.el.figure(
        _picture(component["spark_text"], f"0 0 {HOURS * STEP} {HEIGHT}", path),
        rx.cond(
            component["latency"] != "",
            rx.el.figcaption(
                t("Latency {latency}", latency=rx.el.span(component["latency"], class_name="num")), aria_hidden="true"
            ),
        ),
        class_name="chart-hours",
    )


def _bars(bars: Any, label: str, kind: str) -> rx.Component:
    paths = (rx.el.path(d=bars[look], class_name=f"bar-{look}") for look in ("good", "some", "bad", "none"))
    return rx.el.figure(
        _picture(bars["text"], bars["box"], *paths),
        rx.el.figcaption(label, " ", rx.el.span(bars["share"], class_name="num"), aria_hidden="true"),
        class_name=f"chart-{kind}",
    )


def _picture(text: Any, box: Any, *parts: rx.Component) -> rx.Component:
    """A picture with a text for screen readers and as a tooltip."""
    return rx.el.svg(
        rx.el.title(text),
        *parts,
        view_box=box,
        custom_attrs={"preserveAspectRatio": "none"},
        role="img",
        aria_label=text,
    )

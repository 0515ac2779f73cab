"""The line of one component: its badges, which the dashboard shows too, its latency and its history."""

from typing import Any

import reflex as rx

from tca_app.features.health.ui.charts import HEIGHT
from tca_app.features.health.ui.form_state import CheckState
from tca_app.features.health.ui.state import Component, StatusState
from tca_app.ui.components.badges import badge
from tca_app.ui.components.basic import icon_button, name_or_link
from tca_app.ui.components.day_bars import figures_table
from tca_app.ui.components.faces import tile
from tca_app.ui.components.text import t
from tca_app.ui.var import as_var

state = StatusState


def component_line(component: Component) -> rx.Component:
    """The line of a component, with its figures as a table below it on demand."""
    number = as_var(component["id"]).to(int)
    hours = as_var(component["hours"]).to(dict[str, str])
    days = as_var(component["days"]).to(dict[str, str])
    is_open = state.figures_of == number
    name = name_or_link(component["name"], component["url"])
    shown_state = rx.cond(component["is_paused"], "paused", component["state"])
    return rx.el.li(
        rx.el.div(
            rx.el.div(
                rx.el.div(
                    rx.cond(component["mark"]["text"] != "", tile(component["mark"], "small")),
                    name,
                    rx.cond(
                        component["slug"] != "", rx.el.span(component["slug"], class_name="cell-sub mono truncate")
                    ),
                    state_badges(shown_state, component["is_wavering"]),
                    rx.cond(component["is_public"], badge(t("Public"), "", "globe")),
                    class_name="component-head",
                ),
                rx.el.div(component["detail"], class_name="cell-sub truncate", title=component["detail"]),
                rx.cond(component["certificate"] != "", certificate(component)),
            ),
            rx.el.div(
                icon_button(
                    t("Figures of {name} as a table", name=component["name"]),
                    "table",
                    "ghost small",
                    aria_expanded=rx.cond(is_open, "true", "false"),
                    on_click=state.toggle_figures(number),
                ),
                _settings(component),
                class_name="row tight",
            ),
            class_name="component-name",
        ),
        _spark(component),
        _hours(component, hours),
        _days(component, days),
        rx.cond(is_open, _figures(component, hours, days)),
        key=number.to(str),
    )


def _figures(component: Component, hours: Any, days: Any) -> rx.Component:
    latencies = as_var(component["latencies"]).to(str).split("|")
    return rx.el.div(
        _table(
            t("Hours of {name}", name=component["name"]),
            rx.el.span(component["name"], ", ", state.hours_title),
            state.hour_labels,
            (t("Hour"), t("Latency"), t("Checks passed")),
            (latencies, hours["shares"].split("|")),
        ),
        _table(
            t("Days of {name}", name=component["name"]),
            rx.el.span(component["name"], ", ", t("{days} days (UTC)", days=state.days)),
            state.day_labels,
            (t("Day"), t("Checks passed")),
            (days["shares"].split("|"),),
        ),
        class_name="component-figures",
    )


def _table(
    label: str, caption: rx.Component, labels: Any, heads: tuple[str, ...], columns: tuple[Any, ...]
) -> rx.Component:
    """A table with a row for each of `labels`, which are in one string as the `columns` were."""

    def row(label: Any, index: Any) -> rx.Component:
        cells = (rx.el.td(rx.cond(column[index] != "", column[index], "–")) for column in columns)
        return rx.el.tr(rx.el.th(label, scope="row"), *cells)

    rows = rx.foreach(as_var(labels).split("|"), row)
    return figures_table(caption, heads, rows, tab_index=0, role="group", aria_label=label)


def certificate(component: Any) -> rx.Component:
    """How long the certificate of a component is valid: a badge when it expires soon."""
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
    """The line of the latencies: one stop of the keyboard, in which the arrows move."""
    path = rx.el.path(d=as_var(component["spark"]).to(str), class_name="spark")
    box = as_var(component["hours"]).to(dict[str, str])["box"]
    line = {"text": component["spark_text"], "shares": component["latencies"]}
    label = t("Latency of {name}", name=component["name"])
    strip = _strip(
        "latency", line, _hour_count(), _picture(line["text"], box, path), aria_label=label, aria_readonly=True
    )
    return rx.el.figure(
        strip,
        rx.cond(
            component["latency"] != "",
            rx.el.figcaption(
                t("Latency {latency}", latency=rx.el.span(component["latency"], class_name="num")), aria_hidden="true"
            ),
        ),
        class_name="chart-hours",
    )


def _hours(component: Component, bars: Any) -> rx.Component:
    """The bars of the hours: one stop of the keyboard, in which the arrows move."""
    picture = _picture(bars["text"], bars["box"], *_paths(bars))
    label = t("Hours of {name}", name=component["name"])
    strip = _strip("hour", bars, _hour_count(), picture, aria_label=label, aria_readonly=True)
    caption = rx.el.figcaption(state.hours_title, " ", rx.el.span(bars["share"], class_name="num"), aria_hidden="true")
    return rx.el.figure(strip, caption, class_name="chart-hours")


def _days(component: Component, bars: Any) -> rx.Component:
    """The bars of the days: one stop of the keyboard, in which the arrows move and Enter opens a day."""
    mark = state.zoom_mark
    zoomed = rx.el.rect(x=mark["x"], y=HEIGHT + 1, width=mark["width"], height=2, class_name="bar-zoomed")
    picture = _picture(bars["text"], bars["box"], zoomed, *_paths(bars))
    strip = _strip("day", bars, state.days, picture, aria_label=t("Days of {name}", name=component["name"]))
    share = rx.el.span(bars["share"], class_name="num")
    axis = rx.el.figcaption(rx.el.span(state.first_day), share, rx.el.span(t("Today (UTC)")), aria_hidden="true")
    return rx.el.figure(strip, axis, class_name="chart-days")


def _hour_count() -> Any:
    return as_var(state.hour_labels).split("|").length()


def _strip(unit: str, bars: Any, count: Any, picture: rx.Component, **props: Any) -> rx.Component:
    """Bars or a line that assets/console/strips.js shows the figures of, one at a time."""
    values = {"aria-valuemin": 1, "aria-valuemax": count, "aria-valuenow": count, "aria-valuetext": bars["text"]}
    attributes = {"data-strip": unit, "data-shares": bars["shares"], **values}
    return rx.el.div(picture, class_name="bar-strip", role="slider", tab_index=0, custom_attrs=attributes, **props)


def _paths(bars: Any) -> tuple[rx.Component, ...]:
    return tuple(rx.el.path(d=bars[look], class_name=f"bar-{look}") for look in ("good", "some", "bad", "none"))


def _picture(text: Any, box: Any, *parts: rx.Component) -> rx.Component:
    """A picture with a text for screen readers."""
    return rx.el.svg(
        *parts,
        view_box=box,
        custom_attrs={"preserveAspectRatio": "none"},
        role="img",
        aria_label=text,
    )

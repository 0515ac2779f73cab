"""A bar for each week of a metric, with a table of its figures."""

from typing import Any

import reflex as rx

from tca_app.features.dora.ui.rows import WeekBar
from tca_app.ui.components.basic import link
from tca_app.ui.components.day_bars import figures_table
from tca_app.ui.components.text import t
from tca_app.ui.var import as_var


def week_chart(metric: Any, caption: str) -> rx.Component:
    nothing = rx.el.p(t("No data in this period"), class_name="no-bars muted")
    return rx.cond(metric["has_data"], _chart(metric, caption), nothing)


def _chart(metric: Any, caption: str) -> rx.Component:
    bars = as_var(metric["bars"]).to(list[WeekBar])
    lines = (
        rx.el.span(class_name=f"axis {name}", custom_attrs={"data-value": metric[name]}) for name in ("top", "middle")
    )
    return rx.el.figure(
        rx.el.div(*lines, rx.el.div(rx.foreach(bars, _bar), class_name="bars"), class_name="plot", aria_hidden="true"),
        figures_table(caption, (t("Week"), t("Value")), rx.foreach(bars, _line)),
        class_name="day-bars num",
    )


def _line(bar: WeekBar) -> rx.Component:
    return rx.el.tr(rx.el.th(bar["week"], scope="row"), rx.el.td(bar["value"]))


def _bar(bar: WeekBar) -> rx.Component:
    """One week. It is no stop of the keyboard: a row of the table leads to the same deployments."""
    shown = (
        rx.el.span(class_name="part week", style={"height": bar["height"]}),
        rx.el.span(bar["text"], class_name="tip"),
        rx.cond(bar["tick"] != "", rx.el.span(bar["tick"], class_name="tick")),
    )
    days = {"data-day": bar["date"], "data-until": bar["until"]}
    return link(*shown, to=bar["url"], class_name="bar", tab_index=-1, custom_attrs=days)

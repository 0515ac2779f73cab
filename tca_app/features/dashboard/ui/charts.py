"""The charts of the dashboard. Each comes with a table for screen readers."""

from typing import Any

import reflex as rx

from tca_app.features.dashboard.ui.state import DashboardState
from tca_app.ui.components.placeholders import empty_state, skeleton_lines

state = DashboardState
# The colours of the badges. They differ in lightness too, for people who are colour-blind; the legend uses the same.
RESULTS = (
    ("succeeded", "Succeeded", "var(--green-9)"),
    ("cancelled", "Cancelled", "var(--gray-8)"),
    ("failed", "Failed", "var(--red-11)"),
)


def users_chart() -> rx.Component:
    return _figure(
        _axes(
            rx.recharts.area_chart,
            rx.recharts.area(
                data_key="users",
                name="Users",
                type_="monotone",
                stroke="var(--accent-9)",
                stroke_width=2,
                fill="var(--accent-4)",
                is_animation_active=False,
                dot=False,
            ),
            data=state.users_by_day,
        ),
        "Users at the end of each day. Days in UTC.",
        "Users by day",
        ("Day", "Users"),
        rx.foreach(state.users_by_day, lambda point: _day_row(point, "users")),
    )


def deployments_chart() -> rx.Component:
    """Stacked bars of deployments by day and result."""
    bars = [
        rx.recharts.bar(data_key=key, name=label, stack_id="results", fill=fill, is_animation_active=False)
        for key, label, fill in RESULTS
    ]
    chart = _figure(
        _axes(rx.recharts.bar_chart, *bars, data=state.deployments_by_day, bar_category_gap="20%", max_bar_size=28),
        "Deployments that ended on each day, by result. Days in UTC.",
        "Deployments by day",
        ("Day", *(label for _, label, _ in RESULTS)),
        rx.foreach(state.deployments_by_day, lambda point: _day_row(point, *(key for key, _, _ in RESULTS))),
    )
    nothing = empty_state(
        "No deployments finished in this period", "Finished deployments appear here by day and result.", icon="rocket"
    )
    return rx.cond(state.is_loaded & ~state.has_deployments, nothing, chart)


def results_legend() -> rx.Component:
    return rx.el.ul(
        *(
            rx.el.li(rx.el.span(class_name=f"swatch {key}", aria_hidden="true"), f"{label} ", state.results[key])
            for key, label, _ in RESULTS
        ),
        class_name="chart-legend num",
    )


def _figure(chart: rx.Component, says: str, caption: str, heads: tuple[str, ...], rows: rx.Component) -> rx.Component:
    return rx.cond(
        state.is_loaded,
        rx.el.figure(
            rx.el.div(chart, class_name="chart", aria_hidden="true"),
            rx.el.figcaption(says, class_name="chart-note"),
            rx.el.table(
                rx.el.caption(caption),
                rx.el.thead(rx.el.tr(*(rx.el.th(head, scope="col") for head in heads))),
                rx.el.tbody(rows),
                class_name="sr-only",
            ),
        ),
        rx.el.div(skeleton_lines(4), class_name="panel-body"),
    )


def _day_row(point: Any, *keys: str) -> rx.Component:
    return rx.el.tr(rx.el.th(point["day"], scope="row"), *(rx.el.td(point[key]) for key in keys))


def _axes(kind: Any, *drawn: rx.Component, **props: Any) -> rx.Component:
    """The axes of a chart over days."""
    tick = {"fill": "var(--gray-11)", "fontSize": 12}
    line = {"tick_line": False, "axis_line": False}
    return kind(
        rx.recharts.cartesian_grid(vertical=False, stroke="var(--gray-5)"),
        rx.recharts.x_axis(data_key="day", min_tick_gap=32, custom_attrs={"tick": tick}, **line),
        rx.recharts.y_axis(width=44, allow_decimals=False, custom_attrs={"tick": tick}, **line),
        rx.recharts.graphing_tooltip(
            is_animation_active=False,
            separator=": ",
            cursor={"stroke": "var(--gray-7)", "fill": "var(--gray-4)"},
            content_style={
                "background": "var(--color-panel-solid)",
                "border": "1px solid var(--gray-6)",
                "borderRadius": "var(--radius-2)",
                "padding": "6px 10px",
            },
            label_style={"color": "var(--gray-11)", "fontSize": "12px"},
            item_style={"color": "var(--gray-12)", "padding": "0"},
        ),
        *drawn,
        width="100%",
        height=220,
        margin={"top": 16, "right": 28, "bottom": 4, "left": 0},
        custom_attrs={"accessibilityLayer": False},  # the table beside it is what a screen reader gets
        **props,
    )

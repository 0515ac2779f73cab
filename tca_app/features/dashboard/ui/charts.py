"""The charts of the dashboard. Each comes with a table of its figures."""

import reflex as rx

from tca_app.features.dashboard.ui.state import DashboardState
from tca_app.ui.components.day_bars import day_area, day_bars, figures_toggle
from tca_app.ui.components.day_zoom import day_zoom
from tca_app.ui.components.placeholders import empty_state, skeleton_lines
from tca_app.ui.components.text import t

state = DashboardState
CAPTION = t("Deployments that ended on each day (UTC)")


def users_chart() -> rx.Component:
    columns = (t("Day"), t("Users"))
    foot = day_zoom(state, tool=figures_toggle())
    chart = day_area(state.users_by_day, state.users_area, state.users_top, t("Users by day (UTC)"), columns, foot)
    return rx.cond(state.is_loaded, chart, rx.el.div(skeleton_lines(4), class_name="panel-body"))


def deployments_chart() -> rx.Component:
    """Stacked bars of deployments by day and result."""
    nothing = empty_state(
        t("No deployments finished in this period"),
        t("Finished deployments appear here by day and result."),
        icon="rocket",
    )
    chart = day_bars(state.deployments_by_day, state.deployments_top, CAPTION, day_zoom(state, tool=figures_toggle()))
    shown = rx.cond(state.has_deployments | (state.zoom_text != ""), chart, nothing)
    return rx.cond(state.is_loaded, shown, rx.el.div(skeleton_lines(4), class_name="panel-body"))

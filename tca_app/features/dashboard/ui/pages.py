"""The dashboard: metric cards, charts, the newest records and the health of the components."""

from typing import Any

import reflex as rx

from tca_app.features.activity.ui.pages import recent_activity
from tca_app.features.activity.ui.state import RecentState
from tca_app.features.dashboard.ui.attention import needs_attention
from tca_app.features.dashboard.ui.attention_state import AttentionState
from tca_app.features.dashboard.ui.cards import cards
from tca_app.features.dashboard.ui.charts import deployments_chart, users_chart
from tca_app.features.dashboard.ui.customize import customize_button, customize_dialog
from tca_app.features.dashboard.ui.health_state import HealthState
from tca_app.features.dashboard.ui.onboarding import first_steps
from tca_app.features.dashboard.ui.panels import (
    busiest_projects,
    delivery_measures,
    deploying_now,
    newest_projects,
    newest_users,
    system_health,
)
from tca_app.features.dashboard.ui.state import DashboardState
from tca_app.ui import routes
from tca_app.ui.components.basic import button, link, page_header, panel, relative_time
from tca_app.ui.components.day_bars import results_legend
from tca_app.ui.components.day_zoom import zoom_chip
from tca_app.ui.components.placeholders import empty_state, error_state
from tca_app.ui.components.text import t
from tca_app.ui.layout.pages import page
from tca_app.ui.periods import period_links
from tca_app.ui.session import SessionState
from tca_app.ui.var import as_var

state = DashboardState


@page(
    routes.DASHBOARD,
    t("Dashboard"),
    on_load=(AttentionState.load, DashboardState.load, HealthState.load, RecentState.load),
)
def dashboard_page() -> rx.Component:
    return rx.fragment(
        page_header(
            rx.cond(
                SessionState.display_name == "",  # until the viewer is known
                t("Hello"),
                t("Hello, {display_name}", display_name=SessionState.display_name),
            ),
            _as_of(),
            zoom_chip(state),
            period_links(routes.DASHBOARD, rx.cond(state.zoom_text == "", state.days, "")),
            customize_button(),
            _refresh(),
        ),
        rx.el.div(
            rx.cond(state.failure != "", panel(t("Numbers"), error_state(state.failure, state.load), flush=True)),
            rx.cond(state.is_loaded & state.has_steps, first_steps()),
            needs_attention(),
            cards(),
            rx.el.div(rx.foreach(state.panels, _panel), class_name="places"),
            _nothing(),
            class_name="stack",
            custom_attrs={"data-cards": rx.cond(state.is_loaded, as_var(state.cards).join(" "), rx.Var("undefined"))},
        ),
        customize_dialog(),
    )


def _as_of() -> rx.Component:
    return rx.cond(
        state.is_loaded,
        rx.el.span(t("Updated {as_of}", as_of=relative_time(state.as_of))),
        rx.el.span(t("Loading metrics")),
    )


def _refresh() -> rx.Component:
    label = rx.el.span(t("Refresh"), class_name="hide-phone")
    return button(label, icon="rotate-cw", on_click=state.refresh(), busy=state.is_refreshing, aria_label=t("Refresh"))


def _panel(name: Any) -> rx.Component:
    return rx.el.div(
        rx.match(
            name,
            (
                "deployments_by_day",
                panel(
                    t("Deployments by day"),
                    deployments_chart(),
                    actions=(results_legend(state.results, lambda result: f"{state.ended_url}&status={result}"),),
                    flush=True,
                ),
            ),
            ("deploying_now", deploying_now()),
            ("busiest_projects", busiest_projects()),
            ("delivery_measures", delivery_measures()),
            (
                "users_over_time",
                panel(t("Users by day"), users_chart(), actions=(link(t("All users"), to=routes.USERS),), flush=True),
            ),
            ("newest_projects", newest_projects()),
            ("newest_users", newest_users()),
            ("recent_activity", recent_activity()),
            ("system_health", system_health()),
            rx.fragment(),
        ),
        class_name=f"place {name}",
        key=name.to(str),
    )


def _nothing() -> rx.Component:
    """The empty state of a dashboard on which everything is hidden. It is not shown after a failed read."""
    is_read = state.is_loaded & (state.failure == "")
    return rx.cond(
        is_read & ~state.has_steps & (as_var(state.cards).length() + as_var(state.panels).length() == 0),
        panel(
            t("Nothing is shown"),
            empty_state(t("You have hidden everything"), t("Use Customize to show it again.")),
            flush=True,
        ),
    )


PAGES = [dashboard_page]

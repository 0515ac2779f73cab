"""The dashboard: who you are, how many there are, what is new, and whether every part works."""

from typing import Any

import reflex as rx

from tca_app.features.activity.pages import recent_activity
from tca_app.features.activity.state import RecentState
from tca_app.features.dashboard.charts import deployments_chart, results_legend, sparkline, users_chart
from tca_app.features.dashboard.panels import (
    busiest_projects,
    delivery_measures,
    deploying_now,
    first_steps,
    loaded_lines,
)
from tca_app.features.dashboard.state import DashboardState, HealthState
from tca_app.features.deployments.measures_state import PERIODS
from tca_app.ui import routes
from tca_app.ui.components import (
    badge,
    button,
    empty_state,
    error_state,
    link,
    page_header,
    panel,
    project_status_badge,
    relative_time,
    skeleton,
    skeleton_lines,
)
from tca_app.ui.layout import page
from tca_app.ui.session import SessionState

state = DashboardState
ACTIVE_PROJECTS = f"{routes.PROJECTS}?status=active"


@page(routes.DASHBOARD, "Dashboard", on_load=(DashboardState.load, HealthState.load, RecentState.load))
def dashboard_page() -> rx.Component:
    return rx.fragment(
        page_header("Hello, " + SessionState.display_name, _as_of(), _period(), _refresh()),
        rx.el.div(
            rx.cond(
                state.failure != "",
                panel("Numbers", error_state(state.failure, state.load), flush=True),
                rx.cond(state.is_loaded & state.is_new_instance, first_steps(), _numbers()),
            ),
            rx.el.div(recent_activity(), _health(), class_name="columns even"),
            class_name="stack",
        ),
    )


def _as_of() -> rx.Component:
    return rx.cond(
        state.is_loaded,
        rx.el.span("As of ", relative_time(state.as_of)),
        rx.el.span("Reading the numbers"),
    )


def _refresh() -> rx.Component:
    return button("Refresh", icon="rotate-cw", on_click=state.refresh(), busy=state.is_refreshing)


def _period() -> rx.Component:
    """A link each, so that back, reload and sharing keep it."""
    return rx.el.nav(
        *(
            link(
                f"{days} days",
                to=f"{routes.DASHBOARD}?days={days}",
                class_name="",
                custom_attrs={"aria-current": rx.cond(state.days == days, "true", "false")},
            )
            for days in PERIODS
        ),
        class_name="segments",
        aria_label="Period",
    )


def _numbers() -> rx.Component:
    ended = f"{routes.DEPLOYMENTS}?days={state.days}"
    return rx.fragment(
        rx.el.div(
            rx.cond(state.sees_people, _card("Total users", "users", routes.USERS, state.people_card)),
            _card("Active projects", "folder-git-2", ACTIVE_PROJECTS, state.projects_card),
            _card("Deployments", "rocket", ended, state.deployments_card),
            _card("Success rate", "circle-check", ended, state.success_card),
            class_name="cards numbers",
        ),
        rx.cond(state.is_loaded & ~state.sees_people, _newest_projects()),
        rx.el.div(
            panel("Deployments by day", deployments_chart(), actions=(results_legend(),), flush=True),
            deploying_now(),
            class_name="columns",
        ),
        rx.el.div(busiest_projects(), delivery_measures(), class_name="columns even"),
        rx.cond(
            state.sees_people,
            rx.fragment(
                panel("Users over time", users_chart(), flush=True),
                rx.el.div(_newest_projects(), _newest_users(), class_name="columns even"),
            ),
        ),
    )


def _card(label: str, icon: str, url: str, card: Any) -> rx.Component:
    return link(
        rx.el.span(rx.icon(icon, size=16, aria_hidden="true"), label, class_name="card-label"),
        rx.cond(
            state.is_loaded,
            rx.fragment(
                rx.el.strong(card["value"], class_name="card-value num"),
                rx.el.span(_arrow(card["direction"]), card["trend"], class_name="card-trend num"),
                rx.cond(card["spark"] != "", sparkline(card["spark"])),
            ),
            rx.fragment(skeleton("40%"), skeleton("70%")),
        ),
        to=url,
        class_name="panel card",
    )


def _arrow(direction: Any) -> rx.Component:
    """By the sign; the text beside it says the same."""
    return rx.match(
        direction,
        ("up", rx.icon("arrow-up-right", size=14, aria_label="Up:", role="img", class_name="up")),
        ("down", rx.icon("arrow-down-right", size=14, aria_label="Down:", role="img", class_name="down")),
        ("same", rx.icon("arrow-right", size=14, aria_hidden="true")),
        rx.fragment(),
    )


def _newest_projects() -> rx.Component:
    return panel(
        rx.cond(state.sees_people, "Newest projects", "Your newest projects"),
        loaded_lines(
            state.newest_projects,
            _line,
            empty_state(
                "No projects yet",
                "Create the first one.",
                link("Go to projects", to=routes.PROJECTS, class_name="btn"),
                icon="folder-git-2",
            ),
        ),
        actions=(link("All projects", to=routes.PROJECTS),),
        flush=True,
    )


def _newest_users() -> rx.Component:
    return panel(
        "Newest users",
        loaded_lines(state.newest_users, _line, rx.fragment()),
        actions=(link("All users", to=routes.USERS),),
        flush=True,
    )


def _line(entry: Any) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            link(entry["name"], to=entry["url"], class_name="cell-title truncate"),
            rx.el.div(entry["detail"], class_name="cell-sub truncate"),
            class_name="grow",
        ),
        rx.cond(entry["status"] != "", project_status_badge(entry["status"])),
        rx.el.span(relative_time(entry["created_at"]), class_name="muted"),
    )


def _health() -> rx.Component:
    return panel(
        "System health",
        rx.cond(
            HealthState.failure != "",
            error_state(HealthState.failure, HealthState.load),
            rx.cond(
                HealthState.parts.length() > 0,
                rx.el.ul(rx.foreach(HealthState.parts, _part), class_name="lines"),
                rx.el.div(skeleton_lines(4), class_name="panel-body"),
            ),
        ),
        actions=(_overall(),),
        flush=True,
    )


def _overall() -> rx.Component:
    return rx.cond(
        (HealthState.failure == "") & (HealthState.summary != ""),
        rx.el.span(HealthState.summary, class_name="muted", role="status"),
    )


def _part(part: Any) -> rx.Component:
    return rx.el.li(
        rx.el.span(part["name"], class_name="part-name"),
        rx.match(
            part["status"],
            ("ok", badge("Working", "good", "circle-check")),
            ("degraded", badge("Degraded", "warn", "triangle-alert")),
            badge("Down", "bad", "circle-x"),
        ),
        rx.el.span(part["detail"], class_name="muted grow truncate hide-phone"),
        rx.el.span(part["latency"], class_name="num muted part-latency"),
    )


PAGES = [dashboard_page]

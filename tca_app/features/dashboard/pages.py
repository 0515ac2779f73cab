"""The dashboard: who you are, how many there are, what is new, and whether every part works."""

from typing import Any

import reflex as rx

from tca_app.features.activity.pages import recent_activity
from tca_app.features.activity.state import RecentState
from tca_app.features.dashboard.state import DashboardState, HealthState
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
        page_header("Hello, " + SessionState.display_name, _as_of(), _refresh()),
        rx.el.div(
            rx.cond(
                state.failure != "",
                panel("Numbers", error_state(state.failure, state.load), flush=True),
                rx.cond(state.is_loaded & state.is_new_instance, _first_steps(), _numbers()),
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


def _numbers() -> rx.Component:
    return rx.fragment(
        rx.el.div(
            rx.cond(state.sees_people, _card("Total users", "users", routes.USERS, state.people_card)),
            _card("Active projects", "folder-git-2", ACTIVE_PROJECTS, state.projects_card),
            class_name="cards",
        ),
        rx.cond(state.sees_people, panel("Users over time", _users_chart(), flush=True)),
        rx.el.div(
            _newest_projects(),
            rx.cond(state.sees_people, _newest_users()),
            class_name=rx.cond(state.sees_people, "columns even", "stack"),
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


def _users_chart() -> rx.Component:
    return rx.cond(
        state.is_loaded,
        rx.el.figure(
            rx.el.div(_curve(), class_name="chart", aria_hidden="true"),
            rx.el.figcaption("Users at the end of each of the last 30 days (UTC).", class_name="sr-only"),
            rx.el.table(
                rx.el.caption("Users by day"),
                rx.el.thead(rx.el.tr(rx.el.th("Day", scope="col"), rx.el.th("Users", scope="col"))),
                rx.el.tbody(rx.foreach(state.users_by_day, _day_row)),
                class_name="sr-only",
            ),
        ),
        rx.el.div(skeleton_lines(4), class_name="panel-body"),
    )


def _day_row(point: Any) -> rx.Component:
    return rx.el.tr(rx.el.th(point["day"], scope="row"), rx.el.td(point["users"]))


def _curve() -> rx.Component:
    tick = {"fill": "var(--gray-11)", "fontSize": 12}
    return rx.recharts.area_chart(
        rx.recharts.cartesian_grid(vertical=False, stroke="var(--gray-5)"),
        rx.recharts.x_axis(
            data_key="day",
            tick_line=False,
            axis_line=False,
            min_tick_gap=32,
            custom_attrs={"tick": tick},
        ),
        rx.recharts.y_axis(
            tick_line=False,
            axis_line=False,
            width=44,
            allow_decimals=False,
            custom_attrs={"tick": tick},
        ),
        rx.recharts.graphing_tooltip(
            is_animation_active=False,
            separator=": ",
            cursor={"stroke": "var(--gray-7)"},
            content_style={
                "background": "var(--color-panel-solid)",
                "border": "1px solid var(--gray-6)",
                "borderRadius": "var(--radius-2)",
                "padding": "6px 10px",
            },
            label_style={"color": "var(--gray-11)", "fontSize": "12px"},
            item_style={"color": "var(--gray-12)", "padding": "0"},
        ),
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
        width="100%",
        height=220,
        margin={"top": 16, "right": 28, "bottom": 4, "left": 0},
        accessibility_layer=False,
    )


def _newest_projects() -> rx.Component:
    return panel(
        rx.cond(state.sees_people, "Newest projects", "Your newest projects"),
        _lines(
            state.newest_projects,
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
        _lines(state.newest_users, rx.fragment()),
        actions=(link("All users", to=routes.USERS),),
        flush=True,
    )


def _lines(entries: Any, nothing: rx.Component) -> rx.Component:
    return rx.cond(
        state.is_loaded,
        rx.cond(entries.length() > 0, rx.el.ul(rx.foreach(entries, _line), class_name="lines"), nothing),
        rx.el.div(skeleton_lines(4), class_name="panel-body"),
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


def _first_steps() -> rx.Component:
    """An instance with nothing in it: what to do, and not a row of zeros."""
    return panel(
        "First steps",
        rx.el.ol(
            rx.cond(
                state.sees_people,
                _step("user-plus", "Add a user", "Give your colleagues an account.", routes.USERS, "Go to users"),
            ),
            _step(
                "folder-plus",
                "Create a project",
                "Name what you build, and add its team.",
                routes.PROJECTS,
                "Go to projects",
            ),
            class_name="lines",
        ),
        flush=True,
    )


def _step(icon: str, title: str, text: str, url: str, action: str) -> rx.Component:
    return rx.el.li(
        rx.icon(icon, size=16, aria_hidden="true", class_name="muted"),
        rx.el.div(
            rx.el.div(title, class_name="cell-title plain"), rx.el.div(text, class_name="cell-sub"), class_name="grow"
        ),
        link(action, to=url, class_name="btn"),
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

"""The lists of the dashboard: what is deploying, what is busy, how well it goes, and what an empty console needs."""

from typing import Any

import reflex as rx

from tca_app.features.dashboard.state import DashboardState
from tca_app.features.deployments.parts import deployment_badge
from tca_app.ui import routes
from tca_app.ui.components import empty_state, link, panel, relative_time, skeleton_lines

state = DashboardState
MEASURES = f"{routes.DEPLOYMENTS}?view=measures"
# The first of the three lines in docs/deployments.md.
REPORT = (
    'curl -fsS -H "Authorization: Bearer $TOKEN" "$CONSOLE/api/v1/projects/$PROJECT/deployments" --json '
    """'{"environment": "production", "version": "1.4.2", "commit_sha": "9f1c2ab", "ref": "main"}'"""
)


def loaded_lines(entries: Any, line: Any, nothing: rx.Component) -> rx.Component:
    return rx.cond(
        state.is_loaded,
        rx.cond(entries.length() > 0, rx.el.ul(rx.foreach(entries, line), class_name="lines"), nothing),
        rx.el.div(skeleton_lines(4), class_name="panel-body"),
    )


def deploying_now() -> rx.Component:
    nothing = empty_state("Nothing is deploying", "What is queued or in progress shows up here.", icon="rocket")
    return panel(
        "Deploying now",
        loaded_lines(state.deploying, _open_deployment, nothing),
        actions=(link("All deployments", to=routes.DEPLOYMENTS),),
        flush=True,
    )


def _open_deployment(row: Any) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            link(row["project"], " ", row["version"], to=row["url"], class_name="cell-title truncate"),
            rx.el.div(row["environment"], " · ", relative_time(row["at"]), class_name="cell-sub truncate"),
            class_name="grow",
        ),
        deployment_badge(row["status"]),
        key=row["id"].to(str),
    )


def busiest_projects() -> rx.Component:
    nothing = empty_state("No deployments in this period", "The busiest projects are listed here.", icon="folder-git-2")
    return panel(
        "Busiest projects",
        loaded_lines(state.busiest, _busy_project, nothing),
        actions=(link("What runs where", to=f"{routes.DEPLOYMENTS}?view=where"),),
        flush=True,
    )


def _busy_project(entry: Any) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            link(entry["name"], to=entry["url"], class_name="cell-title truncate"),
            rx.el.div(
                rx.el.div(class_name="meter-fill", style={"width": entry["share"]}),
                class_name="meter",
                aria_hidden="true",
            ),
            class_name="grow",
        ),
        rx.el.span(entry["failed"], class_name="muted num busy-failed"),
        rx.el.strong(entry["deployments"], class_name="num busy-count", title="Deployments that ended in the period"),
        key=entry["id"].to(str),
    )


def delivery_measures() -> rx.Component:
    """Of production; the meaning of each is shown on hover, and stands on the page behind the link."""
    return panel(
        "Delivery to production",
        rx.cond(
            state.is_loaded,
            rx.el.dl(rx.foreach(state.measures, _measure), class_name="lines"),
            rx.el.div(skeleton_lines(4), class_name="panel-body"),
        ),
        actions=(link("What they mean", to=f"{MEASURES}&days={state.days}"),),
        flush=True,
    )


def _measure(figure: Any) -> rx.Component:
    return rx.el.div(
        rx.el.dt(rx.el.span(figure["label"], title=figure["meaning"], class_name="explained"), class_name="grow"),
        rx.el.dd(figure["basis"], class_name="muted num hide-phone"),
        rx.el.dd(rx.el.strong(figure["value"], class_name="num")),
        class_name="line",
        key=figure["label"].to(str),
    )


def first_steps() -> rx.Component:
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
            _step(
                "rocket",
                "Report a deployment",
                "Enter one on the page of a project, or let your build machine do it:",
                routes.DEPLOYMENTS,
                "Go to deployments",
                rx.el.code(REPORT, class_name="code-block"),
            ),
            class_name="lines",
        ),
        flush=True,
    )


def _step(icon: str, title: str, text: str, url: str, action: str, *more: rx.Component) -> rx.Component:
    return rx.el.li(
        rx.icon(icon, size=16, aria_hidden="true", class_name="muted"),
        rx.el.div(
            rx.el.div(title, class_name="cell-title plain"),
            rx.el.div(text, class_name="cell-sub"),
            *more,
            class_name="grow",
        ),
        link(action, to=url, class_name="btn"),
    )

"""The panels of the dashboard: running deployments, busiest projects, DORA metrics, newest records and health."""

from typing import Any

import reflex as rx

from tca_app.features.dashboard.ui.health_state import HealthState, Part
from tca_app.features.dashboard.ui.state import DashboardState
from tca_app.features.deployments.ui.components import deployment_badge
from tca_app.features.deployments.ui.figures import Figure
from tca_app.features.health.ui.components import state_badges
from tca_app.ui import routes
from tca_app.ui.components.badges import project_status_badge
from tca_app.ui.components.basic import link, name_or_link, panel, relative_time
from tca_app.ui.components.faces import avatar, tile
from tca_app.ui.components.placeholders import empty_state, error_state, skeleton_lines
from tca_app.ui.components.text import t
from tca_app.ui.long_text import cut_in_middle
from tca_app.ui.var import as_var

state = DashboardState


def loaded_lines(entries: Any, line: Any, nothing: rx.Component) -> rx.Component:
    return rx.cond(
        state.is_loaded,
        rx.cond(entries.length() > 0, rx.el.ul(rx.foreach(entries, line), class_name="lines"), nothing),
        rx.el.div(skeleton_lines(4), class_name="panel-body"),
    )


def deploying_now() -> rx.Component:
    nothing = empty_state(t("Nothing is deploying"), t("Queued and running deployments appear here."), icon="rocket")
    return panel(
        t("Deploying now"),
        loaded_lines(state.deploying, _open_deployment, nothing),
        actions=(link(t("All deployments"), to=routes.DEPLOYMENTS),),
        flush=True,
    )


def _open_deployment(row: Any) -> rx.Component:
    return rx.el.li(
        tile(row["mark"]),
        rx.el.div(
            link(
                rx.el.span(row["project"], " ", class_name="truncate"),
                cut_in_middle(row["version"]),
                to=row["url"],
                class_name="cell-title version-line",
            ),
            rx.el.div(
                row["environment"],
                " · ",
                relative_time(row["at"]),
                " · ",
                rx.el.span(row["project_slug"], class_name="mono"),
                class_name="cell-sub truncate",
            ),
            rx.cond(row["progress"] != "", _progress(row)),
            class_name="grow",
        ),
        # That it is in progress its bar or its time says.
        rx.cond(row["progress"] == "", deployment_badge(row["status"])),
        key=row["id"].to(str),
    )


def _progress(row: Any) -> rx.Component:
    """A progress bar as of the last update of the page. The text beside it says the same in words."""
    share = row["share"].to(int)
    bar = rx.el.div(
        rx.el.div(class_name=rx.cond(row["is_late"], "meter-fill late", "meter-fill"), style={"width": f"{share}%"}),
        role="progressbar",
        aria_label=f"{row['project']} {row['version']}",
        custom_attrs={
            "aria-valuemin": 0,
            "aria-valuemax": 100,
            "aria-valuenow": share,
            "aria-valuetext": row["progress"],
        },
        class_name="meter",
    )
    words = rx.el.span(row["progress"], class_name="cell-sub num")
    return rx.el.div(rx.cond(row["share"].is_none(), rx.fragment(), bar), words, class_name="run-progress")


def busiest_projects() -> rx.Component:
    nothing = empty_state(
        t("No deployments in this period"),
        t("The projects with the most deployments appear here."),
        icon="folder-git-2",
    )
    return panel(
        t("Busiest projects"),
        loaded_lines(state.busiest, _busy_project, nothing),
        actions=(link(t("Environments"), to=routes.ENVIRONMENTS),),
        flush=True,
    )


def _busy_project(entry: Any) -> rx.Component:
    return rx.el.li(
        tile(entry["mark"]),
        rx.el.div(
            rx.el.div(
                link(entry["name"], to=entry["url"], class_name="cell-title"),
                " ",
                rx.el.span(entry["slug"], class_name="cell-sub mono"),
                class_name="truncate",
            ),
            rx.el.div(
                rx.el.div(class_name="meter-fill", style={"width": entry["share"]}),
                class_name="meter",
                aria_hidden="true",
            ),
            class_name="grow",
        ),
        rx.el.span(entry["failed"], class_name="muted num busy-failed"),
        rx.el.strong(
            entry["deployments"],
            rx.el.span(rx.cond(entry["deployments"] == "1", t(" deployment"), t(" deployments")), class_name="sr-only"),
            class_name="num busy-count",
            title=t("Deployments that ended in the period"),
        ),
        key=entry["id"].to(str),
    )


def delivery_measures() -> rx.Component:
    """The DORA metrics of production. Each definition is shown on hover and on the page behind the link."""
    return panel(
        t("DORA metrics"),
        rx.cond(
            state.is_loaded,
            rx.el.dl(rx.foreach(state.measures, _measure), class_name="lines"),
            rx.el.div(skeleton_lines(4), class_name="panel-body"),
        ),
        actions=(link(t("By week and project"), to=routes.DORA),),
        flush=True,
    )


def _measure(figure: Figure) -> rx.Component:
    return rx.el.div(
        rx.el.dt(
            rx.el.span(figure["label"], title=figure["meaning"], class_name="explained"),
            rx.el.span(" ", figure["meaning"], class_name="sr-only"),
            class_name="grow",
        ),
        rx.el.dd(figure["basis"], class_name="muted num hide-phone"),
        rx.el.dd(rx.el.strong(figure["value"], class_name="num")),
        class_name="line",
        key=as_var(figure["label"]).to(str),
    )


def newest_projects() -> rx.Component:
    return panel(
        rx.cond(state.sees_people, t("Newest projects"), t("Your newest projects")),
        loaded_lines(
            state.newest_projects,
            _new_project,
            empty_state(
                t("No projects yet"),
                t("Create the first one."),
                link(t("Go to projects"), to=routes.PROJECTS, class_name="btn"),
                icon="folder-git-2",
            ),
        ),
        actions=(link(t("All projects"), to=routes.PROJECTS),),
        flush=True,
    )


def newest_users() -> rx.Component:
    return panel(
        t("Newest users"),
        loaded_lines(state.newest_users, _new_user, rx.fragment()),
        actions=(link(t("All users"), to=routes.USERS),),
        flush=True,
    )


def _new_user(entry: Any) -> rx.Component:
    return _new_entry(entry, avatar(entry["face"]), rx.el.div(entry["detail"], class_name="cell-sub truncate"))


def _new_project(entry: Any) -> rx.Component:
    detail = rx.el.div(
        rx.el.span(entry["detail"], class_name="truncate"),
        "·",
        avatar(entry["face"], "small"),
        rx.el.span(entry["owner"], class_name="truncate"),
        class_name="cell-sub when-and-who",
    )
    return _new_entry(entry, tile(entry["mark"]), detail, project_status_badge(entry["status"]))


def _new_entry(entry: Any, mark: rx.Component, detail: rx.Component, *status: rx.Component) -> rx.Component:
    return rx.el.li(
        mark,
        rx.el.div(
            link(entry["name"], to=entry["url"], class_name="cell-title truncate"),
            detail,
            class_name="grow",
        ),
        *status,
        rx.el.span(relative_time(entry["created_at"]), class_name="muted"),
    )


def system_health() -> rx.Component:
    nothing = empty_state(t("No checks have run yet"), t("The first check runs within a minute."), icon="heart-pulse")
    lines = rx.cond(
        as_var(HealthState.parts).length() > 0,
        rx.el.ul(rx.foreach(HealthState.parts, _part), class_name="lines"),
        nothing,
    )
    return panel(
        t("System health"),
        rx.cond(
            HealthState.failure != "",
            error_state(HealthState.failure, HealthState.load),
            rx.cond(
                HealthState.is_loaded,
                rx.fragment(_late(), lines, _more_parts()),
                rx.el.div(skeleton_lines(4), class_name="panel-body"),
            ),
        ),
        actions=(
            rx.el.span(HealthState.summary, class_name="muted num", role="status"),
            link(t("Status"), to=routes.STATUS),
        ),
        flush=True,
    )


def _part(part: Part) -> rx.Component:
    name = name_or_link(part["name"], part["url"])
    return rx.el.li(
        rx.el.div(name, rx.el.div(part["detail"], class_name="cell-sub truncate"), class_name="grow"),
        rx.el.div(state_badges(part["state"], part["is_wavering"]), class_name="part-badges"),
        rx.el.span(part["latency"], class_name="num muted part-latency", title=t("Latency of the last check")),
        key=as_var(part["id"]).to(str),
    )


def _late() -> rx.Component:
    return rx.cond(
        HealthState.late_since != "",
        rx.el.p(
            t(
                "No checks since {late_since}. The data is out of date.",
                late_since=relative_time(HealthState.late_since),
            ),
            class_name="notice warning",
            role="status",
        ),
    )


def _more_parts() -> rx.Component:
    return rx.cond(
        HealthState.more > 0,
        rx.el.p(
            link(t("{more} more on the status page", more=HealthState.more), to=routes.STATUS), class_name="panel-foot"
        ),
    )

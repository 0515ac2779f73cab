"""The overview of a project as a cockpit: what runs where, what needs attention, and how delivery went lately."""

from typing import Any

import reflex as rx

from tca_app.features.deployments.matrix.ui.drift import drift_badge
from tca_app.features.deployments.ui.components import deployment_badge, outside_link
from tca_app.features.deployments.ui.figures import NOT_MEASURED
from tca_app.features.deployments.ui.project_pages import freeze_badge
from tca_app.features.health.ui.components import state_badges
from tca_app.features.project_page.ui.overview_rows import EnvironmentCell, Measure
from tca_app.features.project_page.ui.overview_state import DAYS, OverviewState
from tca_app.features.projects.ui.detail_pages import project_about, project_team
from tca_app.features.projects.ui.detail_state import ProjectState
from tca_app.ui import routes
from tca_app.ui.components.badges import badge
from tca_app.ui.components.basic import link, panel, relative_time
from tca_app.ui.components.day_bars import day_bars, figures_toggle, results_legend
from tca_app.ui.components.day_zoom import day_zoom
from tca_app.ui.components.faces import when_and_who, with_face
from tca_app.ui.components.notices import notice_lines
from tca_app.ui.components.placeholders import empty_state, error_state, skeleton_lines
from tca_app.ui.components.sparks import sparkline
from tca_app.ui.components.text import t
from tca_app.ui.detail import with_rail
from tca_app.ui.long_text import cut_in_middle
from tca_app.ui.record import at_its_url
from tca_app.ui.var import as_var

state = OverviewState
project = ProjectState.project
_deployments = routes.deployments_of(project=project["id"])


def overview_tab() -> rx.Component:
    main = rx.cond(
        state.load_error != "",
        error_state(state.load_error, state.load),
        rx.cond(state.is_loaded, _main(), skeleton_lines(6)),
    )
    return with_rail(at_its_url(state, main, skeleton_lines(6)), rail=(project_about(), _links(), project_team()))


def _main() -> rx.Component:
    return rx.el.div(_notices(), _environments(), _days(), _recent(), _measures(), class_name="stack")


def _notices() -> rx.Component:
    some = as_var(state.notices).length() > 0
    return rx.cond(some, panel(t("Needs attention"), notice_lines(state.notices), flush=True))


def _environments() -> rx.Component:
    nothing = empty_state(t("No environments"), t("Add one in the settings of this project."), icon="server")
    return rx.cond(
        as_var(state.environments).length() > 0,
        rx.el.ul(rx.foreach(state.environments, _environment), class_name="strip", aria_label=t("Environments")),
        rx.el.div(nothing, class_name="panel"),
    )


def _environment(cell: EnvironmentCell) -> rx.Component:
    runs = rx.el.div(
        link(cut_in_middle(cell["version"]), to=cell["url"], class_name="card-value place-version"),
        when_and_who(cell["at"], cell["who"], cell["face"]),
    )
    nothing = rx.el.div(t("Not deployed"), class_name="muted")
    return rx.el.li(
        rx.el.div(
            rx.el.h2(cell["name"], class_name="place-name truncate"),
            rx.cond(
                cell["is_protected"],
                rx.icon("shield", size=14, aria_label=t("Protected"), custom_attrs={"role": "img"}),
            ),
            rx.cond(cell["address"] != "", outside_link(cell["address"], t("Open"))),
            class_name="card-label",
        ),
        rx.cond(cell["version"] != "", runs, nothing),
        rx.el.div(
            rx.cond(cell["is_deploying"], badge(t("Deploying"), "info", "loader")),
            rx.cond(cell["freeze"]["why"] != "", freeze_badge(cell["freeze"])),
            drift_badge(cell["drift"], cell["is_newest"]),
            rx.cond(cell["health"] != "", state_badges(cell["health"], False)),
            rx.el.span(cell["latency"], class_name="cell-sub num"),
            class_name="row tight",
        ),
        class_name="panel card",
        key=as_var(cell["id"]).to(str),
    )


def _days() -> rx.Component:
    nothing = empty_state(
        t("No deployments in the last {days} days", days=DAYS),
        t("Finished deployments appear here by day."),
        icon="rocket",
    )
    foot = day_zoom(state, tool=figures_toggle())
    chart = day_bars(state.bars, state.bars_top, t("Deployments that ended on each day (UTC)"), foot)
    is_shown = state.has_results | (state.zoom_text != "")
    return panel(
        rx.fragment(t("Deployments by day"), _period()),
        rx.cond(is_shown, chart, nothing),
        actions=(rx.cond(is_shown, results_legend(state.results, _rows_of)),),
        flush=True,
    )


def _period() -> rx.Component:
    zoomed = t(", {zoom_text}", zoom_text=state.zoom_text)
    return rx.cond(state.zoom_text == "", t(", last {days} days", days=DAYS), zoomed)


def _rows_of(result: str) -> Any:
    days = {"ended_since": state.zoom_from, "ended_until": state.zoom_to}
    zoomed = routes.deployments_of(project=project["id"], **days, status=result)
    whole = routes.deployments_of(project=project["id"], days=DAYS, status=result)
    return rx.cond(state.zoom_text != "", zoomed, whole)


def _recent() -> rx.Component:
    nothing = empty_state(
        t("No deployments yet"),
        t("Create one in the Deployments tab, or report them from your CI."),
        link(t("Open Deployments"), to=f"{routes.project(project['id'])}?tab=deployments", class_name="btn"),
        icon="rocket",
    )
    return panel(
        t("Recent deployments"),
        rx.cond(
            as_var(state.recent).length() > 0,
            rx.el.ul(rx.foreach(state.recent, _deployment), class_name="lines recent"),
            nothing,
        ),
        actions=(link(t("All deployments"), to=_deployments),),
        flush=True,
    )


def _deployment(row: Any) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            link(cut_in_middle(row["version"]), to=row["url"], class_name="cell-title"),
            rx.el.div(row["environment"], class_name="cell-sub truncate"),
            class_name="grow",
        ),
        rx.el.span(
            with_face(row["face"], rx.el.span(row["who"], class_name="truncate")), class_name="recent-who hide-phone"
        ),
        rx.el.span(row["took"], class_name="muted num recent-took hide-phone"),
        rx.el.span(deployment_badge(row["status"]), class_name="recent-status"),
        rx.el.span(relative_time(row["at"]), class_name="muted recent-at"),
        key=row["id"].to(str),
    )


def _measures() -> rx.Component:
    return panel(
        rx.fragment(t("DORA metrics for production"), _period()),
        rx.el.div(rx.foreach(state.measures, _measure), class_name="measures"),
        actions=(link(t("By week"), to=f"{routes.DORA}?project={project['id']}"),),
        flush=True,
    )


def _measure(figure: Measure) -> rx.Component:
    """A metric, and its curve over the last twelve weeks."""
    return rx.el.section(
        rx.el.h3(figure["label"], class_name="card-label", title=figure["meaning"]),
        rx.el.div(
            figure["value"],
            class_name=rx.cond(figure["value"] == t(NOT_MEASURED), "measure-value none", "measure-value num"),
        ),
        rx.el.div(figure["basis"], class_name="cell-sub num"),
        rx.cond(figure["spark"] != "", rx.el.div(sparkline(figure["spark"]), title=t("By week, over 12 weeks"))),
        key=as_var(figure["label"]).to(str),
    )


def _links() -> rx.Component:
    """The repository and the environments that have an address."""
    repository = project["repository"]
    has_any = (repository != "") | state.has_addresses
    return rx.cond(
        has_any,
        panel(
            t("Links"),
            rx.el.ul(
                rx.cond(repository != "", _address("git-branch", t("Repository"), repository)),
                rx.foreach(
                    state.environments,
                    lambda cell: rx.cond(cell["address"] != "", _address("globe", cell["name"], cell["address"])),
                ),
                class_name="lines",
            ),
            flush=True,
        ),
    )


def _address(icon: str, label: Any, url: Any) -> rx.Component:
    return rx.el.li(
        rx.icon(icon, size=16, aria_hidden="true", class_name="muted"),
        rx.el.a(label, href=url, target="_blank", rel="noopener noreferrer", class_name="link truncate", title=url),
    )

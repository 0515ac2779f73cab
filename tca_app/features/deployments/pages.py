"""The pages about deployments: `/deployments` as a list and as a matrix, and `/deployments/[deployment_id]`."""

from typing import Any

import reflex as rx

from tca_app.features.deployments.detail_pages import deployment_page
from tca_app.features.deployments.measures_state import PERIODS, MeasuresState
from tca_app.features.deployments.parts import columns
from tca_app.features.deployments.state import DeploymentsState, MatrixState
from tca_app.ui import routes
from tca_app.ui.components import badge, empty_state, link, page_header, relative_time, skeleton_lines, tabs
from tca_app.ui.layout import page
from tca_app.ui.table import data_table

state = DeploymentsState


@page(routes.DEPLOYMENTS, "Deployments", on_load=(DeploymentsState.load, MatrixState.load, MeasuresState.load))
def deployments_page() -> rx.Component:
    return rx.fragment(
        page_header("Deployments", "What was brought where, by whom, and how it went."),
        tabs(
            ("All", routes.DEPLOYMENTS, ~MatrixState.is_shown & ~MeasuresState.is_shown),
            ("What runs where", f"{routes.DEPLOYMENTS}?view=where", MatrixState.is_shown),
            ("Measures", f"{routes.DEPLOYMENTS}?view=measures", MeasuresState.is_shown),
        ),
        rx.cond(MatrixState.is_shown, _matrix(), rx.cond(MeasuresState.is_shown, _measures(), _list())),
    )


def _measures() -> rx.Component:
    """Of production; each figure says what it means."""
    return rx.fragment(
        rx.el.div(
            rx.el.nav(
                *(
                    link(
                        f"{days} days",
                        to=f"{routes.DEPLOYMENTS}?view=measures&days={days}",
                        class_name="btn small",
                        custom_attrs={"aria-current": rx.cond(MeasuresState.days == days, "page", "false")},
                    )
                    for days in PERIODS
                ),
                class_name="row",
                aria_label="Period",
            ),
            rx.el.span("Environments called production, of all projects that you see.", class_name="muted"),
            class_name="row measures-head",
        ),
        rx.el.div(rx.foreach(MeasuresState.figures, _figure), class_name="cards"),
    )


def _figure(figure: Any) -> rx.Component:
    return rx.el.section(
        rx.el.h2(figure["label"], class_name="card-label"),
        rx.el.div(figure["value"], class_name="card-value num"),
        rx.el.div(figure["basis"], class_name="card-trend"),
        rx.el.p(figure["meaning"], class_name="cell-sub"),
        class_name="panel card",
        key=figure["label"].to(str),
    )


def _list() -> rx.Component:
    return data_table(
        state,
        columns=columns(),
        label="Deployments",
        search_label="Search version, ref or commit",
        on_retry=state.load,
        row_name=lambda row: row["version"],
        empty=empty_state(
            "No deployments yet",
            "Open a project to enter one, or let your build machine report them: three lines of curl are enough.",
            icon="rocket",
        ),
    )


def _matrix() -> rx.Component:
    nothing = empty_state("No projects yet", "The environments of your projects are shown here.", icon="folder-git-2")
    return rx.el.div(
        rx.cond(
            MatrixState.is_loaded,
            rx.cond(MatrixState.lines.length() > 0, _matrix_table(), nothing),
            rx.el.div(skeleton_lines(4), class_name="panel-body"),
        ),
        class_name="table-frame",
    )


def _matrix_table() -> rx.Component:
    heads = rx.foreach(MatrixState.columns, lambda name: rx.el.th(name, scope="col"))
    return rx.el.div(
        rx.el.table(
            rx.el.caption("What runs where", class_name="sr-only"),
            rx.el.thead(rx.el.tr(rx.el.th("Project", scope="col"), heads)),
            rx.el.tbody(rx.foreach(MatrixState.lines, _line)),
            class_name="table matrix",
        ),
        class_name="table-scroll",
    )


def _line(line: Any) -> rx.Component:
    return rx.el.tr(
        rx.el.th(link(line["project"], to=line["url"], class_name="cell-title"), scope="row"),
        rx.foreach(line["cells"].to(list[dict[str, Any]]), _cell),
        key=line["id"].to(str),
    )


def _cell(cell: Any) -> rx.Component:
    runs = rx.el.div(
        link(cell["version"], to=cell["url"], class_name="cell-title"),
        rx.el.div(relative_time(cell["at"].to(str)), " · ", cell["who"], class_name="cell-sub"),
    )
    nothing = rx.el.div(rx.cond(cell["is_there"], "Nothing yet", "–"), class_name="muted")
    return rx.el.td(
        rx.cond(cell["version"].to(str) != "", runs, nothing),
        rx.cond(cell["is_deploying"], badge("Deploying", "info", "loader")),
        key=cell["key"].to(str),
    )


PAGES = [deployments_page, deployment_page]

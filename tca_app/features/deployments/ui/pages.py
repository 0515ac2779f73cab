"""The page `/deployments`: the list, the environment matrix and the metrics."""

import reflex as rx

from tca_app.core.periods import PERIODS
from tca_app.features.deployments.matrix.ui.pages import matrix_view
from tca_app.features.deployments.matrix.ui.state import MatrixState
from tca_app.features.deployments.ui.components import columns
from tca_app.features.deployments.ui.detail_pages import deployment_page
from tca_app.features.deployments.ui.metrics_state import Figure, MetricsState
from tca_app.features.deployments.ui.state import DeploymentsState
from tca_app.ui import routes
from tca_app.ui.components.basic import link, page_header, tabs
from tca_app.ui.components.placeholders import empty_state, skeleton_lines
from tca_app.ui.layout.pages import page
from tca_app.ui.record import at_its_url
from tca_app.ui.table.parts import download_link
from tca_app.ui.table.view import data_table
from tca_app.ui.var import as_var

state = DeploymentsState


@page(routes.DEPLOYMENTS, "Deployments", on_load=(DeploymentsState.load, MatrixState.load, MetricsState.load))
def deployments_page() -> rx.Component:
    return rx.fragment(
        page_header("Deployments", "Deployments across all your projects."),
        tabs(
            ("All", routes.DEPLOYMENTS, ~MatrixState.is_shown & ~MetricsState.is_shown),
            ("Environments", routes.ENVIRONMENTS, MatrixState.is_shown),
            ("Metrics", f"{routes.DEPLOYMENTS}?view=measures", MetricsState.is_shown),
        ),
        rx.cond(
            MatrixState.is_shown,
            matrix_view(),
            rx.cond(MetricsState.is_shown, at_its_url(MetricsState, _metrics(), skeleton_lines(4)), _list()),
        ),
    )


def _metrics() -> rx.Component:
    """The metrics of the tier production, each with its definition."""
    one, everything = MetricsState.project_id, f"{routes.DEPLOYMENTS}?view=measures&days={MetricsState.days}"
    of_project = rx.cond(one > 0, f"&project={one}", "")
    return rx.fragment(
        rx.el.div(
            rx.el.nav(
                *(
                    link(
                        f"{days} days",
                        to=f"{routes.DEPLOYMENTS}?view=measures&days={days}{of_project}",
                        class_name="btn small",
                        custom_attrs={"aria-current": rx.cond(MetricsState.days == days, "page", "false")},
                    )
                    for days in PERIODS
                ),
                class_name="row",
                aria_label="Period",
            ),
            rx.el.span(
                "Environments with the tier Production, of ",
                rx.cond(
                    one > 0,
                    rx.fragment(
                        link(MetricsState.project, to=f"{routes.PROJECTS}/{one}"),
                        ". ",
                        link("All projects", to=everything),
                    ),
                    "all projects that you can see.",
                ),
                " Days in UTC.",
                class_name="muted",
            ),
            class_name="row measures-head",
        ),
        rx.el.div(rx.foreach(MetricsState.figures, _figure), class_name="cards"),
    )


def _figure(figure: Figure) -> rx.Component:
    return rx.el.section(
        rx.el.h2(figure["label"], class_name="card-label"),
        rx.el.div(figure["value"], class_name="card-value num"),
        rx.el.div(figure["basis"], class_name="card-trend"),
        rx.el.p(figure["meaning"], class_name="cell-sub"),
        class_name="panel card",
        key=as_var(figure["label"]).to(str),
    )


def _list() -> rx.Component:
    return data_table(
        state,
        columns=columns(),
        label="Deployments",
        search_label="Search project, version, ref or commit",
        row_name=lambda row: row["version"],
        empty=empty_state(
            "No deployments yet",
            "Create one on a project's page, or report them from your CI with three lines of curl.",
            icon="rocket",
        ),
        tools=(download_link(routes.API_DEPLOYMENTS_EXPORT, state.export_query),),
    )


PAGES = [deployments_page, deployment_page]

"""The page `/deployments`: the list and the environment matrix."""

import reflex as rx

from tca_app.features.deployments.bulk.ui.parts import bulk_reason
from tca_app.features.deployments.matrix.ui.pages import matrix_view
from tca_app.features.deployments.matrix.ui.state import MatrixState
from tca_app.features.deployments.ui.components import columns
from tca_app.features.deployments.ui.detail_pages import deployment_page
from tca_app.features.deployments.ui.state import DeploymentsState
from tca_app.ui import routes
from tca_app.ui.components.basic import link, page_header, tabs
from tca_app.ui.components.placeholders import empty_state
from tca_app.ui.components.text import t
from tca_app.ui.layout.pages import page
from tca_app.ui.table.parts import download_link
from tca_app.ui.table.view import data_table

state = DeploymentsState


@page(routes.DEPLOYMENTS, t("Deployments"), on_load=(DeploymentsState.load, MatrixState.load))
def deployments_page() -> rx.Component:
    return rx.fragment(
        page_header(t("Deployments"), t("Deployments across all your projects.")),
        tabs(
            (t("All"), routes.DEPLOYMENTS, ~MatrixState.is_shown),
            (t("Environments"), routes.ENVIRONMENTS, MatrixState.is_shown),
        ),
        rx.cond(MatrixState.is_shown, matrix_view(), _list()),
    )


def _list() -> rx.Component:
    return data_table(
        state,
        columns=columns(),
        label=t("Deployments"),
        search_label=t("Search deployments"),
        row_name=lambda row: row["version"],
        empty=empty_state(
            t("No deployments yet"),
            t("Create one on a project's page, or report them from your CI with three lines of curl."),
            link(t("Go to projects"), to=routes.PROJECTS, class_name="btn primary"),
            icon="rocket",
        ),
        question=bulk_reason(state),
        tools=(download_link(routes.API_DEPLOYMENTS_EXPORT, state.export_query),),
    )


PAGES = [deployments_page, deployment_page]

"""The page `/status/checks`: every health check that the viewer may see."""

import reflex as rx

from tca_app.features.health.ui.checks_state import CheckRow, ChecksState
from tca_app.features.health.ui.components import certificate, state_badges
from tca_app.features.health.ui.form_pages import check_dialog
from tca_app.features.health.ui.form_state import CheckState
from tca_app.features.health.ui.tabs import status_head
from tca_app.ui import routes
from tca_app.ui.components.basic import link, relative_time
from tca_app.ui.components.faces import tile_or_console
from tca_app.ui.components.placeholders import empty_state
from tca_app.ui.components.text import t
from tca_app.ui.layout.pages import page
from tca_app.ui.table.grid import Column, RowAction, cut
from tca_app.ui.table.parts import download_link
from tca_app.ui.table.view import data_table, open_link

state = ChecksState


@page(
    routes.CHECKS,
    t("Health checks"),
    on_load=(ChecksState.load,),
    crumbs=((t("Status"), routes.STATUS), (t("Health checks"), None)),
)
def checks_page() -> rx.Component:
    return rx.fragment(
        status_head(routes.CHECKS),
        data_table(
            state,
            columns=COLUMNS,
            label=t("Health checks"),
            search_label=t("Search health checks"),
            row_name=lambda row: row["name"],
            actions=ACTIONS,
            empty=empty_state(
                t("No checks have run yet"), t("The first check runs within a minute."), icon="heart-pulse"
            ),
            tools=(download_link(routes.API_CHECKS_EXPORT, state.export_query),),
        ),
        check_dialog(CheckState),
    )


def _name_cell(row: CheckRow) -> rx.Component:
    """The name, which opens the incidents of the component, with its last result."""
    return rx.el.div(
        tile_or_console(row["mark"]),
        rx.el.div(
            open_link(row["name"], routes.incidents_of(row["id"])),
            rx.cond(row["detail"] != "", rx.el.div(cut(row["detail"]), class_name="cell-sub")),
            class_name="grow",
        ),
        class_name="person",
    )


def _project_cell(row: CheckRow) -> rx.Component:
    named = link(row["project"], to=row["project_url"], class_name="link truncate", title=row["project"])
    return rx.cond(row["project"] != "", named, rx.el.span(t("The console"), class_name="muted"))


def _certificate_cell(row: CheckRow) -> rx.Component:
    return rx.cond(row["certificate"] != "", certificate(row))


COLUMNS = (
    Column("name", t("Component"), cell=_name_cell, sortable=True, wide=70),
    Column("state", t("Status"), cell=lambda row: state_badges(row["state"], row["is_wavering"]), sortable=True),
    Column("kind", t("Type"), sortable=True, on_tablet=False),
    Column("project", t("Project"), cell=_project_cell, sortable=True, wide=14),
    Column(
        "latency",
        t("Latency"),
        cell=lambda row: rx.cond(row["latency"] != "", rx.el.span(row["latency"], class_name="num nowrap")),
        sortable=True,
        align_right=True,
    ),
    Column("since", t("Since"), cell=lambda row: relative_time(row["since"]), sortable=True, on_tablet=False),
    Column("last_at", t("Last check"), cell=lambda row: relative_time(row["last_at"]), sortable=True),
    Column("certificate_until", t("Certificate"), cell=_certificate_cell, sortable=True, on_tablet=False),
)
ACTIONS = (
    RowAction(t("Incidents"), lambda row: rx.redirect(routes.incidents_of(row["id"]))),
    RowAction(t("Settings"), lambda row: CheckState.open_edit(row["id"]), shown=lambda row: row["may_manage"], key="e"),
)

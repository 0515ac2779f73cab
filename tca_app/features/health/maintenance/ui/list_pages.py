"""The page `/status/maintenance`: all maintenance windows, planned and past."""

import reflex as rx

from tca_app.features.health.maintenance.ui.components import maintenance_dialogs, state_badge
from tca_app.features.health.maintenance.ui.form_state import MaintenanceForm
from tca_app.features.health.maintenance.ui.list_state import MaintenanceRow, MaintenanceState
from tca_app.features.health.ui.tabs import status_head
from tca_app.ui import routes
from tca_app.ui.components.basic import button
from tca_app.ui.components.faces import tile_or_console, with_face
from tca_app.ui.components.placeholders import empty_state
from tca_app.ui.components.text import t
from tca_app.ui.layout.pages import page
from tca_app.ui.table.grid import Column, RowAction, cut
from tca_app.ui.table.parts import download_link
from tca_app.ui.table.view import data_table

state = MaintenanceState
form = MaintenanceForm


@page(
    routes.MAINTENANCE,
    t("Maintenance"),
    on_load=(MaintenanceState.load,),
    crumbs=((t("Status"), routes.STATUS), (t("Maintenance"), None)),
)
def maintenance_page() -> rx.Component:
    plans = button(t("Plan maintenance"), kind="primary", on_click=form.open_create())
    return rx.fragment(
        status_head(routes.MAINTENANCE, rx.cond(state.may_plan, plans)),
        data_table(
            state,
            columns=COLUMNS,
            label=t("Maintenance"),
            search_label=t("Search maintenance"),
            row_name=lambda row: row["title"],
            actions=ACTIONS,
            empty=empty_state(
                t("No maintenance"),
                t("During maintenance, its components open no incidents and notify no one. Scores leave it out."),
                icon="wrench",
            ),
            tools=(download_link(routes.API_MAINTENANCE_EXPORT, state.export_query),),
        ),
        maintenance_dialogs(),
    )


def _title_cell(row: MaintenanceRow) -> rx.Component:
    """The title, which opens the form where the viewer may change the window."""
    opens = rx.el.button(
        row["title"],
        type="button",
        class_name="cell-title truncate",
        title=row["title"],
        on_click=form.open_edit(row["id"]),
        custom_attrs={"data-open": ""},
    )
    return rx.el.div(
        tile_or_console(row["mark"]),
        rx.el.div(
            rx.cond(row["may_change"], opens, cut(row["title"], "cell-title plain")),
            rx.cond(row["message"] != "", rx.el.div(cut(row["message"]), class_name="cell-sub")),
            class_name="grow",
        ),
        class_name="person",
    )


COLUMNS = (
    Column("title", t("Title"), cell=_title_cell, sortable=True, wide=60),
    Column("state", t("Status"), cell=lambda row: state_badge(row["state"]), sortable=True),
    Column(
        "starts_at",
        t("Starts"),
        cell=lambda row: rx.el.span(row["starts_at"], class_name="num nowrap"),
        sortable=True,
    ),
    Column("ends_at", t("Ends"), cell=lambda row: rx.el.span(row["ends_at"], class_name="num nowrap"), sortable=True),
    Column(
        "component", t("Components"), cell=lambda row: cut(row["components"]), sortable=True, wide=22, on_tablet=False
    ),
    Column(
        "created_by",
        t("Planned by"),
        cell=lambda row: with_face(row["face"], cut(row["created_by"])),
        sortable=True,
        wide=22,
        on_tablet=False,
    ),
)
ACTIONS = (
    RowAction(t("Edit"), lambda row: form.open_edit(row["id"]), shown=lambda row: row["may_change"], key="e"),
    RowAction(
        t("Cancel maintenance"),
        lambda row: form.ask_cancel(row["id"]),
        shown=lambda row: row["may_change"],
        danger=True,
    ),
)

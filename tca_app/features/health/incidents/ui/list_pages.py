"""The page `/status/incidents`: all incidents, open and resolved."""

import reflex as rx

from tca_app.features.health.incidents.ui.components import note_dialog, severity_badge, status_badge
from tca_app.features.health.incidents.ui.form_state import IncidentForm
from tca_app.features.health.incidents.ui.list_state import IncidentRow, IncidentsState
from tca_app.features.health.incidents.ui.note_state import NoteState
from tca_app.features.health.incidents.ui.pages import incident_dialog
from tca_app.features.health.ui.tabs import status_head
from tca_app.ui import routes
from tca_app.ui.components.basic import button, relative_time
from tca_app.ui.components.faces import tile_or_console, with_face
from tca_app.ui.components.placeholders import empty_state
from tca_app.ui.components.text import t
from tca_app.ui.layout.pages import page
from tca_app.ui.table.grid import Column, RowAction, cut
from tca_app.ui.table.parts import download_link
from tca_app.ui.table.view import data_table, open_link

state = IncidentsState


@page(
    routes.ALL_INCIDENTS,
    t("Incidents"),
    on_load=(IncidentsState.load,),
    crumbs=((t("Status"), routes.STATUS), (t("Incidents"), None)),
)
def incidents_page() -> rx.Component:
    opens = button(t("New incident"), kind="primary", on_click=IncidentForm.open_create())
    return rx.fragment(
        status_head(routes.ALL_INCIDENTS, rx.cond(state.may_open, opens)),
        data_table(
            state,
            columns=COLUMNS,
            label=t("Incidents"),
            search_label=t("Search incidents"),
            row_name=lambda row: row["name"],
            actions=ACTIONS,
            empty=empty_state(
                t("No incidents"),
                t("Failing components, and incidents that people open, appear here."),
                icon="circle-check",
            ),
            tools=(download_link(routes.API_INCIDENTS_EXPORT, state.export_query),),
        ),
        note_dialog(),
        incident_dialog(),
    )


def _name_cell(row: IncidentRow) -> rx.Component:
    reason = rx.cond(row["reason"] != "", rx.el.div(cut(row["reason"]), class_name="cell-sub"))
    return rx.el.div(
        tile_or_console(row["mark"]),
        rx.el.div(open_link(row["name"], row["url"]), reason, class_name="grow"),
        class_name="person",
    )


def _responder_cell(row: IncidentRow) -> rx.Component:
    named = with_face(row["face"], cut(row["acknowledged_by"]))
    return rx.cond(row["acknowledged_by"] != "", named, cut(t("Not acknowledged"), "muted"))


COLUMNS = (
    Column("name", t("Incident"), cell=_name_cell, sortable=True, wide=60),
    Column("severity", t("Severity"), cell=lambda row: severity_badge(row["severity"]), sortable=True),
    Column("status", t("Status"), cell=lambda row: status_badge(row["status"]), sortable=True),
    Column(
        "component",
        t("Components"),
        cell=lambda row: cut(row["components"]),
        sortable=True,
        wide=20,
        on_tablet=False,
    ),
    Column("opened_at", t("Opened"), cell=lambda row: relative_time(row["opened_at"]), sortable=True),
    Column(
        "closed_at",
        t("Ended"),
        cell=lambda row: relative_time(row["closed_at"], empty=t("Ongoing")),
        sortable=True,
        on_tablet=False,
    ),
    Column(
        "duration",
        t("Duration"),
        cell=lambda row: rx.el.span(row["lasted"], class_name="num nowrap"),
        sortable=True,
        on_tablet=False,
    ),
    Column("acknowledged_by", t("Responder"), cell=_responder_cell, sortable=True, wide=27),
)
ACTIONS = (
    RowAction(t("Acknowledge"), lambda row: state.acknowledge(row["id"]), shown=lambda row: row["may_acknowledge"]),
    RowAction(
        t("Post update"),
        lambda row: NoteState.open_note(row["id"]),
        shown=lambda row: row["may_note"] & row["is_open"],
    ),
    RowAction(
        t("Add note"),
        lambda row: NoteState.open_note(row["id"]),
        shown=lambda row: row["may_note"] & ~row["is_open"],
    ),
)

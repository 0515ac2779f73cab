"""The page `/status`: components, their history and incidents."""

from typing import Any

import reflex as rx

from tca_app.features.health.history.service import FORMULA
from tca_app.features.health.incidents.ui.components import incident_line, note_dialog
from tca_app.features.health.incidents.ui.form_state import IncidentForm
from tca_app.features.health.incidents.ui.list_pages import incidents_page
from tca_app.features.health.incidents.ui.pages import incident_dialog
from tca_app.features.health.maintenance.ui.components import maintenance_dialogs, maintenance_panel
from tca_app.features.health.maintenance.ui.form_state import MaintenanceForm
from tca_app.features.health.maintenance.ui.list_pages import maintenance_page
from tca_app.features.health.ui.checks_pages import checks_page
from tca_app.features.health.ui.components import component_line
from tca_app.features.health.ui.form_pages import check_dialog
from tca_app.features.health.ui.form_state import CheckState
from tca_app.features.health.ui.state import StatusState
from tca_app.features.health.ui.tabs import status_head
from tca_app.ui import routes
from tca_app.ui.components.basic import button, link, panel, relative_time
from tca_app.ui.components.day_zoom import day_zoom, zoom_chip
from tca_app.ui.components.placeholders import empty_state, error_state, skeleton, skeleton_lines
from tca_app.ui.components.text import t
from tca_app.ui.layout.pages import page
from tca_app.ui.periods import period_links
from tca_app.ui.var import as_var

state = StatusState


@page(routes.STATUS, t("Status"), on_load=(StatusState.load,))
def status_page() -> rx.Component:
    return rx.fragment(
        status_head(
            routes.STATUS,
            zoom_chip(state),
            period_links(routes.STATUS, state.days),
            rx.cond(as_var(state.grants).contains("jobs.manage"), link(t("Jobs"), to=routes.JOBS, class_name="btn")),
            rx.cond(
                state.public_page != "",
                rx.el.a(t("Public page"), href=routes.PUBLIC_STATUS, target="_blank", class_name="btn"),
            ),
            rx.cond(
                state.may_plan,
                button(
                    t("Plan maintenance"),
                    on_click=MaintenanceForm.open_create(),
                    custom_attrs={"data-command": "plan-maintenance"},
                ),
            ),
            rx.cond(
                state.may_open,
                button(
                    t("New incident"),
                    kind="primary",
                    on_click=IncidentForm.open_create(),
                    custom_attrs={"data-command": "new-incident"},
                ),
            ),
        ),
        rx.el.div(
            rx.cond(state.failure != "", panel(t("Components"), error_state(state.failure, state.load), flush=True)),
            rx.cond(
                state.failure == "",
                rx.fragment(
                    _late(),
                    _cards(),
                    rx.cond(state.open_incidents != "", _incidents()),  # what is going on comes before what works
                    maintenance_panel(state.windows),
                    _components(),
                    rx.cond(state.open_incidents == "", _incidents()),
                ),
            ),
            class_name="stack",
        ),
        note_dialog(),
        incident_dialog(),
        maintenance_dialogs(),
        check_dialog(CheckState),
    )


def _late() -> rx.Component:
    return rx.cond(
        state.late_since != "",
        rx.el.div(
            rx.icon("clock-alert", size=16, aria_hidden="true"),
            rx.el.span(
                t(
                    "No checks since {late_since}. The data is out of date. Check that a worker is running.",
                    late_since=relative_time(state.late_since),
                ),
            ),
            class_name="notice warning",
            role="status",
        ),
    )


def _cards() -> rx.Component:
    return rx.el.div(
        rx.el.div(
            rx.cond(
                state.open_incidents == "",
                _card(t("Now"), state.summary, ""),
                _card(t("Now"), rx.el.span(state.open_incidents, class_name="bad-text"), state.summary),
            ),
            _card(t("Score, 24 hours"), state.score_24h, ""),
            _card(
                rx.cond(
                    state.zoom_text == "",
                    t("Score, {days} days", days=state.days),
                    t("Score, {zoom_text}", zoom_text=state.zoom_text),
                ),
                state.score,
                state.trend,
            ),
            class_name="cards",
        ),
        rx.el.details(rx.el.summary(t("How the score is calculated")), rx.el.p(t(FORMULA)), class_name="formula muted"),
        class_name="stack tight",
    )


def _card(label: Any, value: Any, below: Any) -> rx.Component:
    return rx.el.section(
        rx.el.h2(label, class_name="card-label"),
        rx.cond(
            state.is_loaded,
            rx.fragment(
                rx.el.div(value, class_name="card-value num"),
                rx.el.div(below, class_name="card-trend"),
            ),
            rx.fragment(skeleton("40%"), skeleton("70%")),
        ),
        class_name="panel card top",
    )


def _components() -> rx.Component:
    nothing = empty_state(t("No checks have run yet"), t("The first check runs within a minute."), icon="heart-pulse")
    return panel(
        t("Components"),
        rx.cond(
            state.is_loaded,
            rx.cond(
                as_var(state.components).length() > 0,
                rx.el.ul(
                    rx.foreach(state.components, component_line),
                    class_name="components",
                    custom_attrs={
                        "data-days": state.strip_days,
                        "data-day-labels": state.day_labels,
                        "data-hour-labels": state.hour_labels,
                        "data-unchecked": t("not checked"),
                    },
                ),
                nothing,
            ),
            rx.el.div(skeleton_lines(4), class_name="panel-body"),
        ),
        rx.cond(
            state.is_loaded,
            day_zoom(state, t("Click a day to see its hours and incidents, or drag over days.")),
        ),
        rx.cond(
            state.hidden > 0,
            link(t("Show {more} more", more=state.hidden), to=routes.CHECKS, class_name="panel-foot"),
        ),
        actions=(rx.cond(as_var(state.components).length() > 0, link(t("All health checks"), to=routes.CHECKS)),),
        flush=True,
    )


def _incidents() -> rx.Component:
    nothing = empty_state(
        t("No incidents"),
        t("Failing components, and incidents that people open, appear here."),
        icon="circle-check",
    )
    zoomed = t("Incidents, {zoom_text}", zoom_text=state.zoom_text)
    return panel(
        rx.cond(state.zoom_text == "", t("Incidents"), zoomed),
        rx.cond(
            state.is_loaded,
            rx.cond(
                as_var(state.incidents).length() > 0,
                rx.el.ol(
                    rx.foreach(state.incidents, lambda line: incident_line(line, state.acknowledge)),
                    class_name="incidents",
                ),
                nothing,
            ),
            rx.el.div(skeleton_lines(3), class_name="panel-body"),
        ),
        rx.cond(
            state.older > 0,
            link(t("Show {more} more", more=state.older), to=state.incidents_url, class_name="panel-foot"),
        ),
        actions=(link(t("All incidents"), to=state.incidents_url),),
        flush=True,
    )


PAGES = [status_page, incidents_page, maintenance_page, checks_page]

"""The page of one incident, `/incidents/[incident_id]`, and the dialog that opens or edits one."""

from typing import Any

import reflex as rx

from tca_app.features.health.incidents.ui.components import note_dialog, note_label, severity_badge, status_badge
from tca_app.features.health.incidents.ui.detail_state import IncidentFacts, IncidentState
from tca_app.features.health.incidents.ui.form_state import IncidentForm
from tca_app.features.health.incidents.ui.note_state import NoteState
from tca_app.features.health.incidents.ui.rows import IncidentLine, Step
from tca_app.features.health.ui.scoped_form import component_fields, scope_field
from tca_app.ui import routes
from tca_app.ui.components.badges import badge
from tca_app.ui.components.basic import button, facts, glyph, link, page_header, panel, relative_time
from tca_app.ui.components.faces import in_sentence, tile
from tca_app.ui.components.text import t
from tca_app.ui.detail import by_phase, record_title, with_rail
from tca_app.ui.forms.fields import check_field, form_dialog, select_field, text_field
from tca_app.ui.layout.pages import page
from tca_app.ui.var import as_var

state = IncidentState
_title = record_title(state, state.heading, t("Incident"))
_SEVERITIES = (("minor", t("Minor")), ("major", t("Major")), ("critical", t("Critical")))


@page(
    routes.INCIDENT,
    _title,
    on_load=(IncidentState.load,),
    crumbs=((t("Status"), routes.STATUS), (t("Incidents"), routes.ALL_INCIDENTS), (_title, None)),
)
def incident_page() -> rx.Component:
    return rx.fragment(
        by_phase(state, t("Incident"), rx.foreach(state.lines, _incident)),
        note_dialog(),
        incident_dialog(),
    )


def _incident(incident: IncidentLine) -> rx.Component:
    return rx.fragment(
        page_header(
            incident["name"],
            rx.el.span(severity_badge(incident["severity"]), status_badge(incident["status"]), class_name="row"),
            *_actions(incident),
        ),
        with_rail(_timeline(), rail=(rx.foreach(state.about, lambda about: _facts(incident, about)),)),
        key=as_var(incident["id"]).to(str),
    )


def _actions(incident: IncidentLine) -> tuple[rx.Component, ...]:
    number = as_var(incident["id"]).to(int)
    return (
        rx.cond(incident["may_note"], button(t("Edit"), icon="pencil", on_click=IncidentForm.open_edit(number))),
        rx.cond(
            incident["may_note"],
            button(note_label(incident), icon="message-square-plus", on_click=NoteState.open_note(number)),
        ),
        rx.cond(
            incident["may_acknowledge"],
            button(t("Acknowledge"), kind="primary", icon="hand", on_click=state.acknowledge(number)),
        ),
    )


def _timeline() -> rx.Component:
    return panel(t("Timeline"), rx.el.ol(rx.foreach(state.steps, _step), class_name="timeline upright"))


def _step(step: Step) -> rx.Component:
    return rx.el.li(
        glyph(step["icon"], step["tone"]),
        rx.el.div(
            rx.el.span(in_sentence(step["face"], step["label"]), class_name="cell-title plain"),
            " ",
            rx.el.span(relative_time(step["at"]), class_name="cell-sub"),
            rx.cond(step["is_public"], rx.fragment(" ", badge(t("Public"), "", "globe"))),
        ),
        rx.cond(step["text"] != "", rx.el.p(step["text"])),
        key=as_var(step["key"]).to(str),
    )


def _facts(incident: IncidentLine, about: IncidentFacts) -> rx.Component:
    return panel(
        t("About"),
        facts(
            (t("Affects"), _or_none(about["components"])),
            (
                t("Project"),
                rx.cond(about["project"] != "", _project(about), t("The console")),
            ),
            (
                t("Opened"),
                rx.el.span(
                    t(
                        "{opened_at} by {opened_by}",
                        opened_at=relative_time(incident["opened_at"]),
                        opened_by=in_sentence(about["opened_by_face"], about["opened_by"]),
                    )
                ),
            ),
            (t("Duration"), rx.el.span(incident["lasted"], class_name="num")),
            (
                t("Responder"),
                rx.cond(
                    about["acknowledged_by"] != "",
                    rx.el.span(
                        in_sentence(incident["responder"], about["acknowledged_by"]),
                        ", ",
                        relative_time(about["acknowledged_at"]),
                    ),
                    rx.el.span(t("Not acknowledged"), class_name="muted"),
                ),
            ),
            (t("Notified"), _or_none(about["notified"])),
            (t("Public page"), rx.cond(about["is_public"], t("Shown"), t("Not shown"))),
        ),
    )


def _project(about: IncidentFacts) -> rx.Component:
    return rx.el.span(
        tile(about["mark"], "small"), link(about["project"], to=about["project_url"]), class_name="person"
    )


def _or_none(value: Any) -> rx.Component:
    return rx.cond(value != "", rx.el.span(value), rx.el.span(t("None"), class_name="muted"))


def incident_dialog() -> rx.Component:
    """The dialog of an IncidentForm."""
    form = IncidentForm
    is_new = form.form_shows == "create"
    return form_dialog(
        form,
        title=rx.cond(is_new, t("New incident"), rx.el.span(t("Edit {form_name}", form_name=form.form_name))),
        submit=rx.cond(is_new, t("Open incident"), t("Save")),
        on_submit=form.save,
        fields=[
            rx.cond(form.is_manual, text_field(form, "title", t("Title"), required=True, max_length=100)),
            select_field(form, "severity", t("Severity"), _SEVERITIES),
            rx.cond(is_new, scope_field(form, t("Project"))),
            rx.cond(
                is_new,
                text_field(
                    form,
                    "message",
                    t("First update"),
                    required=True,
                    max_length=500,
                    lines=3,
                    hint=t("What is known so far. Posted as Investigating."),
                ),
            ),
            rx.cond(form.is_manual, component_fields(form, t("Affected components"))),
            rx.cond(
                form.is_manual,
                check_field(
                    form,
                    "is_public",
                    t("On the public page"),
                    hint=t("Its title, status and public updates are visible to everybody."),
                ),
            ),
        ],
    )


PAGES = [incident_page]

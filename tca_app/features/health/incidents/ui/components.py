"""Badges of incidents, and the line of an incident on `/status`."""

from typing import Any

import reflex as rx

from tca_app.features.health.incidents.ui.note_state import NoteState
from tca_app.features.health.incidents.ui.rows import LOOKS, IncidentLine, Note
from tca_app.ui.components.badges import badge
from tca_app.ui.components.basic import button, link, relative_time
from tca_app.ui.components.faces import in_sentence, tile_or_console
from tca_app.ui.components.text import t
from tca_app.ui.forms.fields import check_field, form_dialog, select_field, text_field
from tca_app.ui.var import as_var


def severity_badge(severity: Any) -> rx.Component:
    return rx.match(
        severity,
        ("critical", badge(t("Critical"), "bad", "flame")),
        ("major", badge(t("Major"), "warn", "triangle-alert")),
        badge(t("Minor"), "", "info"),
    )


def status_badge(status: Any) -> rx.Component:
    return rx.match(
        status,
        ("resolved", badge(t("Resolved"), *LOOKS["resolved"])),
        ("monitoring", badge(t("Monitoring"), *LOOKS["monitoring"])),
        ("identified", badge(t("Identified"), *LOOKS["identified"])),
        badge(t("Investigating"), *LOOKS["investigating"]),
    )


def note_label(incident: IncidentLine) -> Any:
    """The label of the button that opens the dialog: a resolved incident takes notes only."""
    return rx.cond(incident["is_open"], t("Post update"), t("Add note"))


def incident_line(incident: IncidentLine, on_acknowledge: Any) -> rx.Component:
    """The line of an incident. `on_acknowledge` makes the event of its button from the id."""
    number = as_var(incident["id"]).to(int)
    return rx.el.li(
        rx.el.div(
            tile_or_console(incident["mark"]),
            rx.el.h3(link(incident["name"], to=incident["url"], class_name="cell-title")),
            severity_badge(incident["severity"]),
            status_badge(incident["status"]),
            rx.el.span(relative_time(incident["opened_at"]), " · ", incident["lasted"], class_name="muted num"),
            rx.el.div(
                rx.cond(
                    incident["may_acknowledge"],
                    button(
                        t("Acknowledge"),
                        kind="small",
                        icon="hand",
                        on_click=on_acknowledge(number),
                        aria_label=t("Acknowledge {name}", name=incident["name"]),
                    ),
                ),
                rx.cond(
                    incident["may_note"],
                    button(
                        note_label(incident),
                        kind="small",
                        icon="message-square-plus",
                        on_click=NoteState.open_note(number),
                        aria_label=rx.cond(
                            incident["is_open"],
                            t("Post update about {name}", name=incident["name"]),
                            t("Add note about {name}", name=incident["name"]),
                        ),
                    ),
                ),
                class_name="row incident-actions",
            ),
            class_name="incident-head",
        ),
        rx.cond(incident["reason"] != "", rx.el.p(incident["reason"], class_name="reason")),
        rx.cond(
            incident["components"] != "",
            rx.el.p(t("Affects {components}", components=incident["components"]), class_name="cell-sub"),
        ),
        rx.el.ul(rx.foreach(as_var(incident["notes"]).to(list[Note]), _note), class_name="notes"),
        rx.el.p(
            rx.cond(
                incident["acknowledged"] != "",
                rx.fragment(in_sentence(incident["responder"], incident["acknowledged"]), " · "),
            ),
            incident["notified"],
            class_name="cell-sub",
        ),
        key=number.to(str),
        tab_index=-1,
        custom_attrs={"id": f"incident-{incident['id']}", "data-target": ""},
    )


def _note(note: Note) -> rx.Component:
    return rx.el.li(
        rx.cond(note["status"] != "", rx.fragment(rx.el.strong(note["status"]), " · ")),
        rx.el.span(in_sentence(note["face"], note["author"]), class_name="cell-title plain"),
        " ",
        rx.el.span(relative_time(note["at"]), class_name="muted"),
        rx.cond(note["is_public"], rx.fragment(" ", badge(t("Public"), "", "globe"))),
        rx.el.p(note["text"]),
        key=as_var(note["id"]).to(str),
    )


def note_dialog() -> rx.Component:
    """The dialog that adds a note to an incident or posts an update."""
    return form_dialog(
        NoteState,
        title=rx.el.span(t("Update of {about}", about=NoteState.about)),
        text=t(
            "Visible to users who can see the incident. Public updates are visible to everybody: do not name people."
        ),
        submit=t("Post"),
        on_submit=NoteState.save,
        fields=[
            rx.cond(
                as_var(NoteState.status_options).length() > 0,
                select_field(NoteState, "status", t("Status"), NoteState.status_options),
            ),
            text_field(NoteState, "note", t("Message"), required=True, max_length=500, lines=3),
            check_field(
                NoteState, "is_public", t("Public"), hint=t("Also shown on the public page, without your name.")
            ),
        ],
    )

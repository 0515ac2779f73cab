"""The page `/status`: what works now, how it was, and what happened when it did not."""

from typing import Any

import reflex as rx

from tca_app.features.health.form.pages import check_dialog
from tca_app.features.health.form.state import CheckState
from tca_app.features.health.history import FORMULA
from tca_app.features.health.note_state import NoteState
from tca_app.features.health.state import Note, StatusState
from tca_app.ui import routes
from tca_app.ui.components import (
    badge,
    button,
    empty_state,
    error_state,
    icon_button,
    link,
    name_or_link,
    page_header,
    panel,
    relative_time,
    skeleton,
    skeleton_lines,
)
from tca_app.ui.forms import check_field, form_dialog, text_field
from tca_app.ui.layout import page

state = StatusState
HOURS_WIDTH, DAYS_WIDTH, HEIGHT = 24 * 4, 90 * 4, 24


@page(routes.STATUS, "Status", on_load=(StatusState.load,))
def status_page() -> rx.Component:
    return rx.fragment(
        page_header(
            "Status",
            "What the console stands on and where your projects run, probed every minute.",
            rx.cond(
                state.public_page != "",
                rx.el.a("Public page", href=routes.PUBLIC_STATUS, target="_blank", class_name="btn"),
            ),
            rx.cond(state.grants.contains("jobs.manage"), link("Jobs", to=routes.JOBS, class_name="btn")),
        ),
        rx.el.div(
            rx.cond(state.failure != "", panel("Components", error_state(state.failure, state.load), flush=True)),
            rx.cond(state.failure == "", rx.fragment(_late(), _cards(), _components(), _incidents())),
            class_name="stack",
        ),
        _note_dialog(),
        check_dialog(CheckState),
    )


def _late() -> rx.Component:
    return rx.cond(
        state.late_since != "",
        rx.el.div(
            rx.icon("clock-alert", size=16, aria_hidden="true"),
            rx.el.span(
                "Nothing was probed since ",
                relative_time(state.late_since),
                ". What is shown is old: is a worker alive?",
            ),
            class_name="notice warning",
            role="status",
        ),
    )


def _cards() -> rx.Component:
    return rx.el.div(
        rx.el.div(
            _card("Now", state.summary, "Components that work, by their last answers in a row."),
            _card("Score, 24 hours", state.score_24h, "Of what you see on this page."),
            _card("Score, 90 days", state.score_90d, state.trend_90d),
            class_name="cards",
        ),
        rx.el.p(FORMULA, class_name="formula muted"),
        class_name="stack tight",
    )


def _card(label: str, value: Any, below: Any) -> rx.Component:
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
    nothing = empty_state("Nothing was probed yet", "The first round comes within a minute.", icon="heart-pulse")
    return panel(
        "Components",
        rx.cond(
            state.is_loaded,
            rx.cond(
                state.components.length() > 0,
                rx.el.ul(rx.foreach(state.components, _component), class_name="components"),
                nothing,
            ),
            rx.el.div(skeleton_lines(4), class_name="panel-body"),
        ),
        rx.cond(
            state.hidden > 0,
            rx.el.p(state.hidden, " more work and are not shown; REST lists all.", class_name="panel-foot muted"),
        ),
        flush=True,
    )


def _component(component: Any) -> rx.Component:
    name = name_or_link(component["name"], component["url"])
    return rx.el.li(
        rx.el.div(
            rx.el.div(
                rx.el.div(name, _badge(component), class_name="component-head"),
                rx.el.div(component["detail"], class_name="cell-sub truncate", title=component["detail"]),
            ),
            _settings(component),
            class_name="component-name",
        ),
        _spark(component),
        _bars(component["hours"].to(dict[str, str]), HOURS_WIDTH, "24 hours", "hours"),
        _bars(component["days"].to(dict[str, str]), DAYS_WIDTH, "90 days", "days"),
        key=component["id"].to(str),
    )


def _settings(component: Any) -> rx.Component:
    return rx.cond(
        component["may_manage"],
        icon_button(
            f"Settings of {component['name']}",
            "settings-2",
            "ghost small",
            on_click=CheckState.open_edit(component["id"].to(int)),
        ),
    )


def _badge(component: Any) -> rx.Component:
    """One bad answer changes no state; it is said beside it."""
    return rx.fragment(
        rx.match(
            rx.cond(component["is_paused"], "paused", component["state"]),
            ("paused", badge("Paused", "", "circle-pause")),
            ("passing", badge("Working", "good", "circle-check")),
            ("failing", badge("Failing", "bad", "circle-x")),
            badge("Not known yet", "", "circle-help"),
        ),
        rx.cond(
            component["is_wavering"],
            badge(
                rx.cond(component["state"] == "failing", "Last answer was good", "Last answer was bad"),
                "warn",
                "triangle-alert",
            ),
        ),
        rx.cond(component["is_public"], badge("Public", "", "globe")),
    )


def _spark(component: Any) -> rx.Component:
    return rx.el.figure(
        _picture(component["spark_text"], HOURS_WIDTH, rx.el.path(d=component["spark"].to(str), class_name="spark")),
        rx.el.figcaption("Latency ", rx.el.span(component["latency"], class_name="num"), aria_hidden="true"),
        class_name="chart-hours",
    )


def _bars(bars: Any, width: int, label: str, kind: str) -> rx.Component:
    paths = (rx.el.path(d=bars[look], class_name=f"bar-{look}") for look in ("good", "some", "bad", "none"))
    return rx.el.figure(
        _picture(bars["text"], width, *paths),
        rx.el.figcaption(label, " ", rx.el.span(bars["share"], class_name="num"), aria_hidden="true"),
        class_name=f"chart-{kind}",
    )


def _picture(text: Any, width: int, *parts: rx.Component) -> rx.Component:
    """The text is what a screen reader reads and what a pointer shows."""
    return rx.el.svg(
        rx.el.title(text),
        *parts,
        view_box=f"0 0 {width} {HEIGHT}",
        custom_attrs={"preserveAspectRatio": "none"},
        role="img",
        aria_label=text,
    )


def _incidents() -> rx.Component:
    nothing = empty_state(
        "No incidents", "When something fails several times in a row it is listed here.", icon="circle-check"
    )
    return panel(
        "Incidents",
        rx.cond(
            state.is_loaded,
            rx.cond(
                state.incidents.length() > 0,
                rx.el.ol(rx.foreach(state.incidents, _incident), class_name="incidents"),
                nothing,
            ),
            rx.el.div(skeleton_lines(3), class_name="panel-body"),
        ),
        rx.cond(
            state.older > 0,
            rx.el.p(state.older, " older ones are not shown; REST lists all.", class_name="panel-foot muted"),
        ),
        flush=True,
    )


def _incident(incident: Any) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.h3(incident["name"]),
            rx.cond(incident["is_open"], badge("Lasts", "bad", "circle-x"), badge("Over", "good", "circle-check")),
            rx.el.span(relative_time(incident["opened_at"]), " · ", incident["lasted"], class_name="muted num"),
            rx.cond(
                incident["may_note"],
                button(
                    "Add a note",
                    kind="small",
                    icon="message-square-plus",
                    on_click=NoteState.open_note(incident["id"].to(int)),
                    aria_label=f"Add a note about {incident['name']}",
                ),
            ),
            class_name="incident-head",
        ),
        rx.el.p(incident["reason"], class_name="reason"),
        rx.el.ul(rx.foreach(incident["notes"].to(list[Note]), _note), class_name="notes"),
        rx.el.p(incident["told"], class_name="cell-sub"),
        key=incident["id"].to(str),
    )


def _note(note: Any) -> rx.Component:
    return rx.el.li(
        rx.el.span(note["author"], class_name="cell-title plain"),
        " ",
        rx.el.span(relative_time(note["at"]), class_name="muted"),
        rx.cond(note["is_public"], rx.fragment(" ", badge("Public", "", "globe"))),
        rx.el.p(note["text"]),
        key=note["id"].to(str),
    )


def _note_dialog() -> rx.Component:
    return form_dialog(
        NoteState,
        title=rx.el.span("A note about ", NoteState.about),
        text="Everybody who sees the incident can read it. A public one is for everybody: name no people in it.",
        submit="Add",
        on_submit=NoteState.save,
        fields=[
            text_field(NoteState, "note", "Note", required=True, max_length=500),
            check_field(NoteState, "is_public", "Public", hint="Also on the public page, without your name."),
        ],
    )


PAGES = [status_page]

"""The page of one import."""

from typing import Any

import reflex as rx

from tca_app.features.imports.ui.state import ImportState
from tca_app.ui import routes
from tca_app.ui.components.badges import badge
from tca_app.ui.components.basic import (
    button,
    error_notice,
    facts,
    link,
    outside_link,
    page_header,
    panel,
    relative_time,
    select_box,
)
from tca_app.ui.components.placeholders import not_found, skeleton_lines
from tca_app.ui.components.text import t
from tca_app.ui.detail import record_title, with_rail
from tca_app.ui.layout.pages import page
from tca_app.ui.record import is_at_its_url
from tca_app.ui.table.parts import plain_table
from tca_app.ui.var import as_var

state = ImportState
_is_here = is_at_its_url(state)
_title = record_title(state, state.title, t("Import"))
_has_list = _is_here & (state.list_url != "")
_back = (
    rx.cond(_has_list, state.list_label, t("Dashboard")),
    rx.cond(_has_list, state.list_url, routes.DASHBOARD),
)
# A button with it disappears when it was pressed; the focus moves to the first element that has it (focus.js).
KEEPS_FOCUS = {"data-moves": "import"}
EXISTING = (("skip", t("Skip them")), ("update", t("Update them")))
NEW_USERS = (
    ("link", t("An account, and a mail to choose a password")),
    ("invitation", t("An invitation by mail")),
    ("none", t("An account without a mail")),
)


@page(routes.IMPORT, _title, on_load=(state.load,), crumbs=(_back, (_title, None)))
def import_page() -> rx.Component:
    is_loaded = _is_here & (state.phase != "")
    return rx.cond(
        _is_here & state.is_missing,
        not_found(),
        rx.fragment(
            page_header(_title),
            error_notice(rx.cond(_is_here, state.error_text, "")),
            rx.cond(is_loaded, _body(), rx.cond(state.error_text == "", skeleton_lines(6))),
        ),
    )


def _body() -> rx.Component:
    return with_rail(
        rx.match(state.phase, ("preview", _preview()), ("running", _progress()), _result()),
        _faults(),
        rx.cond((state.phase == "preview") & (as_var(state.lines).length() > 0), _lines()),
        rail=(_about(),),
        is_long=True,
    )


def _about() -> rx.Component:
    none = rx.el.span(t("None"), class_name="muted")
    return panel(
        t("About"),
        facts(
            (t("Status"), _status()),
            (t("File"), rx.cond(state.file_name != "", state.file_name, none)),
            (t("Rows"), state.total_text),
            (t("Uploaded"), relative_time(state.uploaded_at)),
            (t("Started"), relative_time(state.started_at, t("Not started"))),
            (t("Ended"), relative_time(state.ended_at, t("Not yet"))),
        ),
    )


def _status() -> rx.Component:
    return rx.match(
        state.phase,
        ("preview", badge(t("Not started"), "", "clock")),
        ("running", badge(t("In progress"), "info", "loader")),
        ("finished", badge(t("Finished"), "good", "circle-check")),
        ("stopped", badge(t("Stopped"), "warn", "circle-pause")),
        badge(t("Failed"), "bad", "circle-x"),
    )


def _preview() -> rx.Component:
    return panel(
        t("Preview"),
        rx.el.div(
            rx.el.p(rx.el.strong(state.summary), role="status", class_name="num"),
            rx.cond(
                state.ignored != "",
                rx.el.p(t("Columns that are ignored: {ignored}", ignored=state.ignored), class_name="muted"),
            ),
            _choice("existing", t("Rows that exist already"), state.existing, EXISTING),
            rx.cond(state.kind == "users", _choice("new_users", t("New users get"), state.new_users, NEW_USERS)),
            rx.cond(state.kind == "projects", rx.el.p(t("You become the owner of new projects."), class_name="muted")),
            rx.el.div(
                button(
                    state.import_text,
                    kind="primary",
                    busy=state.is_busy,
                    disabled=~state.can_start,
                    on_click=state.start(state.import_id),
                    custom_attrs=KEEPS_FOCUS,
                ),
                button(t("Delete file"), on_click=state.delete(state.import_id)),
                class_name="row",
            ),
            class_name="stack",
        ),
    )


def _choice(name: str, label: str, value: Any, options: tuple[tuple[str, str], ...]) -> rx.Component:
    return rx.el.div(
        rx.el.label(label, html_for=f"import-{name}"),
        select_box(
            *(rx.el.option(text, value=key) for key, text in options),
            value=value,
            on_change=lambda chosen: state.choose(name, chosen),
            custom_attrs={"id": f"import-{name}"},
        ),
        class_name="field import-choice",
    )


def _heading(text: str) -> rx.Component:
    return rx.el.span(text, tab_index=-1, custom_attrs=KEEPS_FOCUS)


def _progress() -> rx.Component:
    return panel(
        _heading(t("Importing")),
        rx.el.div(
            rx.el.div(
                rx.el.div(class_name="meter-fill", style={"width": f"{state.percent}%"}),
                class_name="meter import-progress",
                role="progressbar",
                aria_label=t("Progress"),
                aria_valuenow=state.percent,
                aria_valuemin=0,
                aria_valuemax=100,
            ),
            rx.el.p(state.progress_text, ": ", state.summary, role="status", class_name="num"),
            rx.el.p(t("It goes on when you leave this page."), class_name="muted"),
            rx.el.div(
                button(t("Stop import"), on_click=state.stop(state.import_id), custom_attrs=KEEPS_FOCUS),
                class_name="row",
            ),
            class_name="stack",
        ),
    )


def _result() -> rx.Component:
    return panel(
        _heading(t("Result")),
        rx.el.div(
            rx.el.p(rx.el.strong(state.summary), role="status", class_name="num"),
            rx.cond(
                state.failed > 0,
                rx.el.p(t("The error file has the rows that failed, with the reasons. Fix it and import it again.")),
            ),
            rx.el.div(link(_list_name(), to=state.list_url, class_name="btn primary"), class_name="row"),
            class_name="stack",
        ),
    )


def _list_name() -> rx.Component:
    return rx.match(state.kind, ("users", t("View users")), ("projects", t("View projects")), t("View members"))


def _faults() -> rx.Component:
    url = f"{routes.API_IMPORTS}/{state.import_id}/errors.csv?{state.sort_query}"
    download = outside_link(
        rx.icon("download", size=16, aria_hidden="true"),
        t("Error file"),
        url=url,
        class_name="btn small",
        custom_attrs={"download": ""},
    )

    def line(row: Any) -> rx.Component:
        return rx.el.tr(rx.el.td(row["line"], class_name="num"), rx.el.td(row["error"]))

    heads = ((t("Line"), "num", "line"), (t("Reason"), "import-reason", "error"))
    table = plain_table(t("Errors"), heads, rx.foreach(state.faults, line), order=state)
    return rx.cond(as_var(state.faults).length() > 0, panel(t("Errors"), table, actions=(download,), flush=True))


def _lines() -> rx.Component:
    """The first rows of the file, with what happens to each."""

    def line(row: Any) -> rx.Component:
        action = rx.match(
            row["action"],
            ("new", badge(t("New"), "good", "plus")),
            ("changed", badge(t("Changed"), "info", "pencil")),
            ("unchanged", badge(t("Unchanged"), "", "minus")),
            badge(t("Error"), "bad", "circle-x"),
        )
        cells = rx.foreach(row["cells"], lambda cell: rx.el.td(rx.el.span(cell, class_name="truncate", title=cell)))
        return rx.el.tr(rx.el.td(row["line"], class_name="num"), rx.el.td(action), cells)

    head = rx.el.tr(
        rx.el.th(t("Line"), scope="col", class_name="num"),
        rx.el.th(t("Result"), scope="col"),
        rx.foreach(state.columns, lambda name: rx.el.th(name, scope="col", class_name="mono")),
    )
    table = rx.el.div(
        rx.el.table(
            rx.el.caption(t("First rows"), class_name="sr-only"),
            rx.el.thead(head),
            rx.el.tbody(rx.foreach(state.lines, line)),
            class_name="table import-rows",
        ),
        class_name="table-scroll",
        tab_index=0,
    )
    return panel(t("First rows"), table, flush=True)


PAGES = [import_page]

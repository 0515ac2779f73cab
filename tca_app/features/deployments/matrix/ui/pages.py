"""The view "Environments" of `/deployments`: what runs where, and how far behind it is."""

from typing import Any

import reflex as rx

from tca_app.core.schema import MAX_SEARCH
from tca_app.features.deployments.matrix.ui.components import matrix_table
from tca_app.features.deployments.matrix.ui.state import STEP, MatrixState
from tca_app.ui.components.basic import button
from tca_app.ui.components.placeholders import empty_state, skeleton_lines
from tca_app.ui.saved_views.view import views_menu
from tca_app.ui.table.urls import query_url
from tca_app.ui.table.view import open_link
from tca_app.ui.var import as_var

state = MatrixState


def matrix_view() -> rx.Component:
    some = as_var(state.lines).length() > 0
    return rx.fragment(
        _tools(),
        rx.el.div(
            rx.cond(
                state.is_loaded,
                rx.cond(some, _table(), _nothing()),
                rx.el.div(skeleton_lines(4), class_name="panel-body"),
            ),
            class_name="table-frame matrix-frame",
        ),
    )


def _tools() -> rx.Component:
    search = rx.el.input(
        type="search",
        role="searchbox",
        class_name="input",
        placeholder="Search projects",
        aria_label="Search projects",
        aria_keyshortcuts="/",
        auto_complete="off",
        max_length=MAX_SEARCH,
        on_change=lambda text: rx.redirect(query_url(q=text), replace=True).debounce(300),
        custom_attrs={"data-hotkey-search": "", "data-value": state.search},
    )
    drift = _select("Drift", "drift", state.drift, rx.el.option("Behind", value="behind"))
    groups = rx.foreach(state.groups, lambda group: rx.el.option(group[1], value=group[0]))
    return rx.el.div(
        rx.el.div(
            rx.icon("search", size=16, aria_hidden="true"),
            search,
            rx.el.kbd("/", aria_hidden="true"),
            class_name="search",
        ),
        drift,
        rx.cond(as_var(state.groups).length() > 0, _select("Group", "group", state.group, groups)),
        views_menu(),
        class_name="table-tools",
        role="search",
    )


def _select(label: str, key: str, value: Any, options: rx.Component) -> rx.Component:
    return rx.el.select(
        rx.el.option(f"{label}: all", value=""),
        options,
        value=value,
        on_change=lambda chosen: rx.redirect(query_url(**{key: chosen})),
        class_name="select",
        aria_label=label,
    )


def _line_head(line: Any) -> rx.Component:
    return rx.el.div(open_link(line["project"], line["url"]), rx.el.div(line["slug"], class_name="cell-sub mono"))


def _table() -> rx.Component:
    more = rx.el.div(
        rx.el.span("The first ", as_var(state.lines).length(), " by name."),
        button(f"Show {STEP} more", kind="small", on_click=state.show_more()),
        class_name="table-foot",
    )
    return rx.fragment(matrix_table(state.columns, state.lines, _line_head), rx.cond(state.has_more, more))


def _nothing() -> rx.Component:
    is_narrowed = (state.search != "") | (state.group != "") | (state.drift != "")
    clear = button("Clear filters", on_click=rx.redirect(query_url(q="", group="", drift="")))
    return rx.cond(
        is_narrowed,
        empty_state("No results", "No projects match the search and filters.", clear, icon="search-x"),
        empty_state("No projects yet", "Your projects' environments appear here.", icon="folder-git-2"),
    )

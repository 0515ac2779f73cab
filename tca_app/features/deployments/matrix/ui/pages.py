"""The view "Environments" of `/deployments`: what runs where, and how far behind it is."""

from typing import Any

import reflex as rx

from tca_app.features.deployments.matrix.ui.components import matrix_table
from tca_app.features.deployments.matrix.ui.state import MatrixState
from tca_app.ui import routes
from tca_app.ui.components.faces import with_tile
from tca_app.ui.components.placeholders import empty_state, error_state, skeleton_lines
from tca_app.ui.components.text import t
from tca_app.ui.saved_views.view import views_menu
from tca_app.ui.table.filters import chips
from tca_app.ui.table.grid import Column, cut, sort_button, sort_direction, sort_head
from tca_app.ui.table.parts import download_link, foot, no_match, tools_row
from tca_app.ui.table.preferences import column_line, hidden_numbers, view_menu
from tca_app.ui.table.view import open_link
from tca_app.ui.var import as_var

state = MatrixState
PROJECT = Column("name", t("Project"), sortable=True)
GROUP = Column("group", t("Group"), sortable=True)


def matrix_view() -> rx.Component:
    environments = rx.foreach(state.environments, lambda column: column_line(state, column["key"], column["name"]))
    display = view_menu(state, {GROUP.key: t("Group")}, environments)
    tools = (views_menu(), display, download_link(routes.API_ENVIRONMENTS_EXPORT, state.export_query))
    some = as_var(state.rows).length() > 0
    return rx.fragment(
        tools_row(state, t("Search projects"), tools, [("name", t("Project")), ("group", t("Group"))], _orders()),
        chips(state),
        rx.el.div(
            rx.cond(
                state.load_error != "",
                error_state(state.load_error, state.load),
                rx.cond(
                    state.is_loaded,
                    rx.cond(some, _table(), rx.cond(state.is_filtered, no_match(state), _nothing())),
                    rx.el.div(skeleton_lines(4), class_name="panel-body"),
                ),
            ),
            class_name="table-frame matrix-frame",
        ),
    )


def _orders() -> rx.Component:
    """The orders by an environment, for the menu on a phone."""
    return rx.foreach(
        state.columns,
        lambda name: rx.fragment(
            rx.el.option(t("{name}: newest first", name=name), value="age:" + name),
            rx.el.option(t("{name}: oldest first", name=name), value="-age:" + name),
            rx.el.option(t("{name}: most behind first", name=name), value="-drift:" + name),
        ),
    )


def _project(line: Any) -> rx.Component:
    named = rx.el.div(open_link(line["project"], line["url"]), rx.el.div(line["slug"], class_name="cell-sub mono"))
    return with_tile(line["mark"], named)


def _groups(line: Any) -> rx.Component:
    there = rx.cond(line["groups"] == "", "false", "true")
    return rx.el.td(cut(line["groups"]), role="cell", custom_attrs={"data-label": t("Group"), "data-there": there})


def _environment_head(name: Any) -> rx.Component:
    """The head of an environment, which sorts by the age of what runs there, and by how far behind it is."""
    age, drift = "age:" + name, "drift:" + name
    return rx.el.th(
        sort_button(state, name, age, title=t("Sort by the age of what runs in {name}", name=name)),
        sort_button(state, t("Drift"), drift, is_descending=True, title=t("Sort by the drift of {name}", name=name)),
        scope="col",
        role="columnheader",
        custom_attrs={"aria-sort": sort_direction(state, age, drift)},
    )


def _table() -> rx.Component:
    flash = rx.cond(state.flash_turn, "flash-a", "flash-b")
    table = matrix_table(
        state.columns,
        state.rows,
        state.reporters,
        (sort_head(state, PROJECT, role="columnheader"), _project),
        (sort_head(state, GROUP, role="columnheader"), _groups),
        head=_environment_head,
        flash=lambda row: rx.cond(as_var(state.flashed).contains(row["id"]), flash, ""),
        is_compact=state.is_compact,
        hidden=hidden_numbers(state, (PROJECT.key, GROUP.key)),
        changes=state.changes,
        order=state.sort,
    )
    return rx.fragment(table, foot(state))


def _nothing() -> rx.Component:
    return empty_state(t("No projects yet"), t("Your projects' environments appear here."), icon="folder-git-2")

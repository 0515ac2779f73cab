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
from tca_app.ui.table.grid import Column, sort_head
from tca_app.ui.table.parts import download_link, foot, no_match, tools_row
from tca_app.ui.table.view import open_link
from tca_app.ui.var import as_var

state = MatrixState
PROJECT = Column("name", t("Project"), sortable=True)


def matrix_view() -> rx.Component:
    tools = (download_link(routes.API_ENVIRONMENTS_EXPORT, state.export_query), views_menu())
    some = as_var(state.rows).length() > 0
    return rx.fragment(
        tools_row(state, t("Search projects"), tools, [("name", t("Project"))]),
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


def _line_head(line: Any) -> rx.Component:
    named = rx.el.div(open_link(line["project"], line["url"]), rx.el.div(line["slug"], class_name="cell-sub mono"))
    return with_tile(line["mark"], named)


def _table() -> rx.Component:
    head = sort_head(state, PROJECT, role="columnheader")
    flash = rx.cond(state.flash_turn, "flash-a", "flash-b")
    table = matrix_table(
        state.columns,
        state.rows,
        _line_head,
        lambda row: rx.cond(as_var(state.flashed).contains(row["id"]), flash, ""),
        head,
    )
    return rx.fragment(table, foot(state))


def _nothing() -> rx.Component:
    return empty_state(t("No projects yet"), t("Your projects' environments appear here."), icon="folder-git-2")

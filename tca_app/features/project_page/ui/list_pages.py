"""The page `/projects`: the list of projects, or their environment matrix."""

import reflex as rx

from tca_app.features.deployments.matrix.ui.components import matrix_table
from tca_app.features.imports.ui.upload_pages import import_button
from tca_app.features.presence.ui.pages import editing_mark
from tca_app.features.project_page.ui.environment_cells import read_cells
from tca_app.features.projects.ui.pages import projects_list
from tca_app.features.projects.ui.state import ProjectsState, add_environments
from tca_app.ui import routes
from tca_app.ui.components.faces import with_tile
from tca_app.ui.components.text import t
from tca_app.ui.layout.pages import page
from tca_app.ui.table.view import open_link
from tca_app.ui.var import as_var

state = ProjectsState

add_environments(read_cells)


@page(routes.PROJECTS, t("Projects"), on_load=(ProjectsState.load,))
def projects_page() -> rx.Component:
    return projects_list(_environments(), editing_mark("project", state.form_id), (import_button("projects"),))


def _environments() -> rx.Component:
    """The environment matrix of the same projects."""
    flash = rx.cond(state.flash_turn, "flash-a", "flash-b")
    return matrix_table(
        state.columns,
        state.rows,
        state.reporters,
        (
            rx.el.th(t("Project"), scope="col", role="columnheader"),
            lambda row: with_tile(row["mark"], open_link(row["name"], row["url"])),
        ),
        flash=lambda row: rx.cond(as_var(state.flashed).contains(row["id"]), flash, ""),
        is_compact=state.is_compact,
        order=state.sort,
    )

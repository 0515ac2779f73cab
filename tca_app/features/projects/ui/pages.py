"""The list of projects, on `/projects`."""

from typing import Any

import reflex as rx

from tca_app.features.projects.ui.form_pages import project_dialog
from tca_app.features.projects.ui.members_state import GRANTED
from tca_app.features.projects.ui.palette import NEW_PROJECT
from tca_app.features.projects.ui.picker_pages import people_picker
from tca_app.features.projects.ui.state import ProjectRow, ProjectsState
from tca_app.ui import routes
from tca_app.ui.components.badges import project_status_badge
from tca_app.ui.components.basic import button, list_header, relative_time
from tca_app.ui.components.dialogs import confirm_dialog
from tca_app.ui.components.faces import with_face, with_tile
from tca_app.ui.components.placeholders import empty_state
from tca_app.ui.components.text import t
from tca_app.ui.table.grid import Column, RowAction, cut
from tca_app.ui.table.parts import download_link, view_switch
from tca_app.ui.table.trash import trash_columns
from tca_app.ui.table.view import data_table, open_link

state = ProjectsState


def projects_list(
    environments: rx.Component, editing_mark: rx.Component, tools: tuple[rx.Component, ...] = ()
) -> rx.Component:
    """The list. `environments` is the environment matrix of the same rows; `editing_mark` goes into the form.

    `tools` are added to those above the list.
    """
    return rx.fragment(
        list_header(
            state,
            t("Projects"),
            t("Projects and their teams."),
            _new_project(custom_attrs={"data-command": NEW_PROJECT}),
        ),
        data_table(
            state,
            columns=_columns(),
            label=t("Projects"),
            search_label=t("Search projects"),
            row_name=lambda row: row["name"],
            actions=_row_actions(),
            empty=empty_state(
                t("No projects yet"),
                t("Create one, or ask a project owner to add you."),
                _new_project(),
                icon="folder-git-2",
            ),
            switch=_views(),
            tools=(download_link(routes.API_PROJECTS_EXPORT, state.export_query), *tools),
            instead=(state.shown_as == "where", environments),
        ),
        project_dialog(state, editing_mark, _first_members()),
        _delete_dialog(),
    )


def _new_project(**props: Any) -> rx.Component:
    return button(t("New project"), kind="primary", icon="plus", on_click=state.open_create(), **props)


def _views() -> rx.Component:
    return view_switch(
        t("View"), "show", state.shown_as, ("", t("Table"), True), ("where", t("Environments"), ~state.is_trash)
    )


def _first_members() -> rx.Component:
    picker = people_picker(state, t("Members"), hint=t("You can add people later."), roles=GRANTED)
    return rx.cond(state.form_shows == "create", picker)


def _columns() -> list[Column]:
    return [
        Column("name", t("Project"), cell=_name, sortable=True, wide=40),
        Column(
            "status", t("Status"), cell=lambda row: project_status_badge(row["status"]), sortable=True, in_trash=False
        ),
        Column("owner", t("Owner"), cell=_owner, sortable=True, wide=24),
        Column("member_count", t("Members"), sortable=True, align_right=True, in_trash=False),
        Column("my_role", t("Your role"), cell=_role, sortable=True, on_phone=False, on_tablet=False, in_trash=False),
        Column(
            "created_at",
            t("Created"),
            cell=lambda row: relative_time(row["created_at"]),
            sortable=True,
            on_phone=False,
            in_trash=False,
        ),
        *trash_columns(),
    ]


def _owner(row: ProjectRow) -> rx.Component:
    return with_face(row["face"], cut(row["owner"]))


def _name(row: ProjectRow) -> rx.Component:
    shown = rx.el.div(
        rx.cond(row["is_deleted"], cut(row["name"], "cell-title"), open_link(row["name"], row["url"])),
        rx.el.div(row["slug"], class_name="cell-sub mono truncate"),
    )
    return with_tile(row["mark"], shown)


def _role(row: ProjectRow) -> rx.Component:
    return rx.cond(row["my_role"] != "", row["my_role"], rx.el.span(t("Not a member"), class_name="muted nowrap"))


def _row_actions() -> list[RowAction]:
    def is_archived(row: ProjectRow) -> Any:
        return row["status"] == "archived"

    return [
        RowAction(t("Open"), lambda row: rx.redirect(row["url"]), shown=lambda row: ~row["is_deleted"]),
        RowAction(t("Edit"), lambda row: state.open_edit(row["id"]), shown=lambda row: row["can_edit"], key="e"),
        RowAction(
            t("Archive"),
            lambda row: state.set_status(row["id"], "archived"),
            shown=lambda row: row["can_archive"] & ~is_archived(row),
        ),
        RowAction(
            t("Activate"),
            lambda row: state.set_status(row["id"], "active"),
            shown=lambda row: row["can_archive"] & is_archived(row),
        ),
        RowAction(t("Restore"), lambda row: state.restore(row["id"]), shown=lambda row: row["is_deleted"]),
        RowAction(
            t("Delete"), lambda row: state.ask_delete(row["id"]), danger=True, shown=lambda row: row["can_delete"]
        ),
    ]


def _delete_dialog() -> rx.Component:
    return confirm_dialog(
        open_=state.delete_id > 0,
        title=rx.el.span(t("Delete {delete_name}?", delete_name=state.delete_name)),
        text=rx.el.span(
            t(
                "{delete_slug} moves to the trash with its members. You can restore it from there.",
                delete_slug=rx.el.span(state.delete_slug, class_name="mono"),
            ),
        ),
        confirm=t("Delete"),
        on_confirm=state.delete,
        on_cancel=state.cancel_delete(),
        busy=state.is_deleting,
        type_name=state.delete_name,
    )

"""The list of projects, on `/projects`."""

from typing import Any

import reflex as rx

from tca_app.features.projects.ui.form_pages import project_dialog
from tca_app.features.projects.ui.members_state import GRANTED
from tca_app.features.projects.ui.picker_pages import people_picker
from tca_app.features.projects.ui.state import ProjectsState
from tca_app.ui.components import (
    button,
    confirm_dialog,
    empty_state,
    icon_button,
    page_header,
    project_status_badge,
    relative_time,
)
from tca_app.ui.table.parts import view_switch
from tca_app.ui.table.view import BulkAction, Column, RowAction, data_table, open_link

state = ProjectsState


def projects_list(environments: rx.Component, editing_mark: rx.Component) -> rx.Component:
    """The list. `environments` is the environment matrix of the same rows; `editing_mark` goes into the form."""
    return rx.fragment(
        page_header(
            "Projects",
            "Projects and their teams.",
            button("New project", kind="primary", icon="plus", on_click=state.open_create()),
        ),
        _refusals(),
        data_table(
            state,
            columns=_columns(),
            label="Projects",
            search_label="Search projects",
            on_retry=state.load,
            row_name=lambda row: row["name"],
            actions=_row_actions(),
            bulk=[
                BulkAction(
                    rx.cond(state.is_trash, "Restore", "Archive"),
                    rx.cond(state.is_trash, state.restore_selected(), state.ask_bulk("archive")),
                ),
                BulkAction("Delete", state.ask_bulk("delete"), danger=True),
            ],
            empty=empty_state(
                "No projects yet",
                "Create one with the button above, or ask a project owner to add you.",
                icon="folder-git-2",
            ),
            tools=(_views(),),
            instead=(state.shown_as == "where", environments),
        ),
        project_dialog(state, editing_mark, _first_members()),
        _delete_dialog(),
        _bulk_dialog(),
    )


def _views() -> rx.Component:
    return view_switch("View", "show", state.shown_as, ("", "Table", True), ("where", "Environments", ~state.is_trash))


def _first_members() -> rx.Component:
    picker = people_picker(state, "Members", hint="You can add people later as well.", roles=GRANTED)
    return rx.cond(state.form_mode == "create", picker)


def _columns() -> list[Column]:
    return [
        Column("name", "Project", cell=_name, sortable=True),
        Column("status", "Status", cell=lambda row: project_status_badge(row["status"]), sortable=True),
        Column("owner", "Owner", on_phone=False),
        Column("member_count", "Members", on_phone=False, align_right=True),
        Column("my_role", "Your role", cell=_role, on_phone=False),
        Column(
            "created_at", "Created", cell=lambda row: relative_time(row["created_at"]), sortable=True, on_phone=False
        ),
    ]


def _name(row: Any) -> rx.Component:
    return rx.el.div(
        rx.cond(
            row["is_deleted"], rx.el.span(row["name"], class_name="cell-title"), open_link(row["name"], row["url"])
        ),
        rx.el.div(row["slug"], class_name="cell-sub mono"),
    )


def _role(row: Any) -> rx.Component:
    return rx.cond(row["my_role"] != "", rx.el.span(row["my_role"]), rx.el.span("Not a member", class_name="muted"))


def _row_actions() -> list[RowAction]:
    def is_archived(row: Any) -> Any:
        return row["status"] == "archived"

    return [
        RowAction("Open", lambda row: rx.redirect(row["url"]), shown=lambda row: ~row["is_deleted"]),
        RowAction("Edit", lambda row: state.open_edit(row["id"]), shown=lambda row: row["can_edit"]),
        RowAction(
            "Archive",
            lambda row: state.set_status(row["id"], "archived"),
            shown=lambda row: row["can_archive"] & ~is_archived(row),
        ),
        RowAction(
            "Activate",
            lambda row: state.set_status(row["id"], "active"),
            shown=lambda row: row["can_archive"] & is_archived(row),
        ),
        RowAction("Restore", lambda row: state.restore(row["id"]), shown=lambda row: row["is_deleted"]),
        RowAction("Delete", lambda row: state.ask_delete(row["id"]), danger=True, shown=lambda row: row["can_delete"]),
    ]


def _delete_dialog() -> rx.Component:
    return confirm_dialog(
        open_=state.doomed_id > 0,
        title=rx.el.span("Delete ", state.doomed_name, "?"),
        text=rx.el.span(
            rx.el.span(state.doomed_slug, class_name="mono"),
            " moves to the trash with its members and can be restored for 30 days.",
        ),
        confirm="Delete",
        on_confirm=state.delete,
        on_cancel=state.cancel_delete(),
        busy=state.is_acting,
        type_name=state.doomed_name,
    )


def _bulk_dialog() -> rx.Component:
    return confirm_dialog(
        open_=state.bulk_action != "",
        title=state.bulk_title,
        text=state.bulk_text,
        confirm=rx.cond(state.bulk_action == "delete", "Delete", "Archive"),
        on_confirm=state.run_bulk(),
        on_cancel=state.cancel_bulk(),
        busy=state.is_acting,
    )


def _refusals() -> rx.Component:
    """Lists the refusals of a bulk action."""
    return rx.cond(
        state.refusals.length() > 0,
        rx.el.div(
            rx.el.div(
                rx.el.strong("Not changed:"),
                rx.el.ul(rx.foreach(state.refusals, lambda line: rx.el.li(line["name"], ": ", line["detail"]))),
                class_name="grow",
            ),
            icon_button("Dismiss", "x", "ghost small", on_click=state.dismiss_refusals()),
            class_name="notice warning row refusals",
            role="alert",
        ),
    )

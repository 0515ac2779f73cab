"""The page `/groups`: named sets of people, for administrators."""

import reflex as rx

from tca_app.features.groups.ui.state import GroupPeopleState, GroupRow, GroupsState, PersonRow
from tca_app.features.projects.ui.picker_pages import people_picker
from tca_app.ui import routes
from tca_app.ui.components.basic import button, error_notice, icon_button, page_header, relative_time
from tca_app.ui.components.dialogs import confirm_dialog
from tca_app.ui.components.faces import avatar
from tca_app.ui.components.placeholders import empty_state
from tca_app.ui.forms.fields import form_dialog, text_field
from tca_app.ui.layout.pages import page
from tca_app.ui.table.grid import Column, RowAction, cut
from tca_app.ui.table.parts import download_link
from tca_app.ui.table.view import data_table
from tca_app.ui.var import as_var

state, people = GroupsState, GroupPeopleState


@page(routes.GROUPS, "Groups", permission="groups.manage", on_load=(GroupsState.load,))
def groups_page() -> rx.Component:
    return rx.fragment(
        page_header(
            "Groups",
            "People who get a role in many projects at once. Projects add a group on their tab Members.",
            button("New group", kind="primary", icon="plus", on_click=state.open_create()),
        ),
        _list(),
        _form(),
        _people_dialog(),
        confirm_dialog(
            open_=state.deleted_id > 0,
            title=f"Delete the group {state.deleted_name}?",
            text="Its people lose the roles that they have by it. Roles of their own stay.",
            confirm="Delete group",
            on_confirm=state.delete,
            on_cancel=state.cancel_delete(),
            busy=state.is_acting,
            body=error_notice(state.delete_error),
        ),
    )


def _list() -> rx.Component:
    return data_table(
        state,
        columns=COLUMNS,
        label="Groups",
        search_label="Search groups",
        row_name=lambda row: row["name"],
        actions=(
            RowAction("Edit", lambda row: state.open_edit(row["id"]), key="e"),
            RowAction("Delete", lambda row: state.ask_delete(row["id"]), danger=True),
        ),
        empty=empty_state(
            "No groups yet",
            "A group gives its people a role in every project that adds it.",
            button("New group", kind="primary", icon="plus", on_click=state.open_create()),
            icon="users",
        ),
        tools=(download_link(routes.API_GROUPS_EXPORT, state.export_query),),
    )


def _name(group: GroupRow) -> rx.Component:
    return rx.el.div(
        cut(group["name"], "cell-title plain"),
        rx.cond(group["description"] != "", rx.el.div(group["description"], class_name="cell-sub truncate")),
    )


def _people(group: GroupRow) -> rx.Component:
    group_id = as_var(group["id"]).to(int)
    return button(group["people"], kind="small", icon="users", on_click=people.open_people(group_id))


COLUMNS = (
    Column("name", "Name", cell=_name, sortable=True, wide=50),
    Column("member_count", "People", cell=_people, sortable=True),
    Column("project_count", "Projects", cell=lambda row: row["projects"], sortable=True),
    Column("created_at", "Created", cell=lambda row: relative_time(row["created_at"]), sortable=True, on_tablet=False),
)


def _form() -> rx.Component:
    is_new = state.form_mode == "create"
    return form_dialog(
        state,
        title=rx.cond(is_new, "New group", f"Edit {state.form_name}"),
        submit=rx.cond(is_new, "Create", "Save"),
        on_submit=state.save,
        fields=[
            text_field(state, "name", "Name", required=True, max_length=50),
            text_field(state, "description", "Description", max_length=200),
        ],
    )


def _people_dialog() -> rx.Component:
    return form_dialog(
        people,
        title=f"People in {people.form_name}",
        submit="Add",
        on_submit=people.add,
        text="They have the roles of this group in every project that adds it.",
        fields=[
            rx.cond(
                as_var(people.members).length() > 0,
                rx.el.ul(rx.foreach(people.members, _person), class_name="picked", aria_label="People"),
                rx.el.p("Nobody yet.", class_name="muted"),
            ),
            people_picker(people, "Person"),
        ],
    )


def _person(person: PersonRow) -> rx.Component:
    return rx.el.li(
        avatar(person["face"]),
        rx.el.span(person["name"], class_name="truncate grow"),
        icon_button(f"Remove {person['name']}", "x", "ghost small", on_click=people.remove(person["id"])),
        key=as_var(person["id"]).to(str),
    )


PAGES = [groups_page]

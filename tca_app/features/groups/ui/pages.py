"""The page `/groups`: named sets of people, for administrators."""

import reflex as rx

from tca_app.core.schema import MAX_SEARCH
from tca_app.features.groups.ui.palette import people_of_group
from tca_app.features.groups.ui.state import GroupPeopleState, GroupRow, GroupsState, PersonRow
from tca_app.features.projects.ui.picker_pages import people_picker
from tca_app.ui import routes
from tca_app.ui.components.basic import button, error_notice, icon_button, page_header, relative_time, select_box
from tca_app.ui.components.dialogs import confirm_dialog
from tca_app.ui.components.faces import avatar
from tca_app.ui.components.placeholders import empty_state
from tca_app.ui.components.text import t
from tca_app.ui.forms.fields import form_dialog, text_field
from tca_app.ui.layout.pages import page
from tca_app.ui.table.bulk_view import bulk_bar, bulk_dialog, refusals_notice
from tca_app.ui.table.grid import Column, RowAction
from tca_app.ui.table.parts import download_link
from tca_app.ui.table.selection.ticks import select_all, tick
from tca_app.ui.table.view import data_table
from tca_app.ui.var import as_var

state, people = GroupsState, GroupPeopleState
FEW = 8  # people that need no search


@page(routes.GROUPS, t("Groups"), permission="groups.manage", on_load=(GroupsState.load,))
def groups_page() -> rx.Component:
    return rx.fragment(
        page_header(
            t("Groups"),
            t("People who get a role in many projects at once. Add a group to a project in its Members tab."),
            button(t("New group"), kind="primary", icon="plus", on_click=state.open_create()),
        ),
        _list(),
        _form(),
        _people_dialog(),
        bulk_dialog(people, None),  # beside the form of the people: inside, its submit would send that form, too
        confirm_dialog(
            open_=state.removed_id > 0,
            title=t("Delete the group {deleted_name}?", deleted_name=state.removed_name),
            text=t("Its people lose the roles that they have through it. Their own roles stay."),
            confirm=t("Delete group"),
            on_confirm=state.delete,
            on_cancel=state.cancel_remove(),
            busy=state.is_acting,
            body=error_notice(state.remove_error),
        ),
    )


def _list() -> rx.Component:
    return data_table(
        state,
        columns=COLUMNS,
        label=t("Groups"),
        search_label=t("Search groups"),
        row_name=lambda row: row["name"],
        actions=(
            RowAction(t("Edit"), lambda row: state.open_edit(row["id"]), key="e"),
            RowAction(t("Delete"), lambda row: state.ask_delete(row["id"]), danger=True),
        ),
        empty=empty_state(
            t("No groups yet"),
            t("A group gives its people a role in every project that adds it."),
            button(t("New group"), kind="primary", icon="plus", on_click=state.open_create()),
            icon="users",
        ),
        tools=(download_link(routes.API_GROUPS_EXPORT, state.export_query),),
    )


def _name(group: GroupRow) -> rx.Component:
    opener = rx.el.button(
        group["name"],
        type="button",
        title=group["name"],
        class_name="cell-title truncate",
        on_click=people.open_people(as_var(group["id"]).to(int)),
        custom_attrs={"data-open": "", "data-command": people_of_group(group["id"])},
    )
    return rx.el.div(
        opener,
        rx.cond(group["description"] != "", rx.el.div(group["description"], class_name="cell-sub truncate")),
    )


def _people(group: GroupRow) -> rx.Component:
    group_id = as_var(group["id"]).to(int)
    return button(group["people"], kind="small", icon="users", on_click=people.open_people(group_id))


COLUMNS = (
    Column("name", t("Name"), cell=_name, sortable=True, wide=50),
    Column("member_count", t("People"), cell=_people, sortable=True),
    Column("project_count", t("Projects"), cell=lambda row: row["projects"], sortable=True),
    Column(
        "created_at", t("Created"), cell=lambda row: relative_time(row["created_at"]), sortable=True, on_tablet=False
    ),
)


def _form() -> rx.Component:
    is_new = state.form_shows == "create"
    return form_dialog(
        state,
        title=rx.cond(is_new, t("New group"), t("Edit {form_name}", form_name=state.form_name)),
        submit=rx.cond(is_new, t("Create"), t("Save")),
        on_submit=state.save,
        fields=[
            text_field(state, "name", t("Name"), required=True, max_length=50),
            text_field(state, "description", t("Description"), max_length=200),
        ],
    )


def _people_dialog() -> rx.Component:
    return form_dialog(
        people,
        title=t("People in {form_name}", form_name=people.form_name),
        submit=t("Add"),
        on_submit=people.add,
        close=t("Close"),  # who was added stays
        text=t("They have the roles of this group in every project that adds it."),
        fields=[
            rx.cond(people.member_count > 0, _members(), rx.el.p(t("No one yet."), class_name="muted")),
            people_picker(people, t("Person"), error=people.form_errors["person"]),
            # recents.js notes that the group was opened.
            rx.el.span(hidden=True, custom_attrs={"data-record": f"{routes.GROUPS}/{people.form_id}"}),
        ],
    )


def _members() -> rx.Component:
    none = rx.el.p(t("No one matches the search."), class_name="muted")
    export = download_link(f"{routes.API_GROUPS}/{people.form_id}/members/export.csv", people.export_query)
    return rx.fragment(
        refusals_notice(people),
        rx.el.div(rx.cond(people.member_count > FEW, _search()), _order(), class_name="row"),
        rx.cond(
            as_var(people.rows).length() > 0,
            rx.fragment(
                select_all(people, form=""),
                rx.el.ul(rx.foreach(people.rows, _person), class_name="picked", aria_label=t("People")),
                bulk_bar(people),
            ),
            none,
        ),
        rx.el.div(export),
    )


def _search() -> rx.Component:
    """A search that is no field of the form: Enter in it adds nobody."""
    return rx.el.input(
        type="search",
        form="",
        class_name="input grow",
        placeholder=t("Search people"),
        aria_label=t("Search people"),
        auto_complete="off",
        max_length=MAX_SEARCH,
        on_change=lambda text: people.find_members(text).debounce(250),
    )


def _order() -> rx.Component:
    return select_box(
        *(
            rx.el.option(label, ", ", word, value=f"{sign}{key}")
            for key, label in (("username", t("Username")), ("full_name", t("Full name")))
            for sign, word in (("", t("ascending")), ("-", t("descending")))
        ),
        form="",
        value=people.sort,
        on_change=people.sort_members,
        aria_label=t("Sort by"),
    )


def _person(person: PersonRow) -> rx.Component:
    return rx.el.li(
        tick(people, person, person["name"], form=""),
        avatar(person["face"]),
        rx.el.span(person["name"], class_name="truncate grow"),
        icon_button(t("Remove {name}", name=person["name"]), "x", "ghost small", on_click=people.remove(person["id"])),
        key=as_var(person["id"]).to(str),
    )


PAGES = [groups_page]

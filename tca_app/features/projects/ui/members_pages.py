"""The members of a project: the tab "Members" and the panel on the overview."""

from typing import Any

import reflex as rx

from tca_app.features.projects.ui.detail_state import ProjectState
from tca_app.features.projects.ui.members_state import MemberRow, MembersState
from tca_app.features.projects.ui.picker_pages import people_picker, roles_link
from tca_app.ui.components.badges import badge
from tca_app.ui.components.basic import button, icon_button, link, panel, relative_time
from tca_app.ui.components.dialogs import confirm_dialog
from tca_app.ui.components.faces import avatar
from tca_app.ui.components.placeholders import empty_state, skeleton_lines
from tca_app.ui.forms.fields import form_dialog, select_field
from tca_app.ui.record import is_at_its_url
from tca_app.ui.table.parts import plain_table
from tca_app.ui.var import as_var

PREVIEW = 6
state = MembersState
_project_id = ProjectState.project["id"]
_is_loaded = is_at_its_url(state) & state.members_loaded


def _may(action: str) -> Any:
    return as_var(ProjectState.allowed).contains(action)


def members_tab() -> rx.Component:
    return rx.el.div(
        rx.cond(
            _may("members.list"),
            rx.cond(_is_loaded, _team(), skeleton_lines(4)),
            panel(
                "Your role",
                rx.el.p("You are a ", _my_role(), ". Only maintainers and the owner see the list of members."),
                roles_link(),
            ),
        ),
        rx.cond(
            _may("leave"),
            rx.el.div(button("Leave project", kind="danger-quiet", on_click=ProjectState.ask(_project_id, "leave"))),
        ),
        _add_dialog(),
        _remove_dialog(),
        class_name="stack",
    )


def _my_role() -> rx.Component:
    return rx.el.strong(ProjectState.project["my_role"].lower())


def _team() -> rx.Component:
    return rx.el.div(
        rx.el.div(
            rx.el.div(
                rx.icon("search", size=16, aria_hidden="true"),
                rx.el.input(
                    type="search",
                    role="searchbox",
                    class_name="input",
                    placeholder="Search members",
                    aria_label="Search members",
                    auto_complete="off",
                    max_length=100,
                    on_change=lambda text: state.find_member(_project_id, text).debounce(300),
                    custom_attrs={"data-hotkey-search": "", "data-value": state.members_search},
                ),
                rx.el.kbd("/", aria_hidden="true"),
                class_name="search",
            ),
            rx.el.span(class_name="spacer"),
            rx.cond(
                _may("members.write"),
                button("Add member", kind="primary", icon="user-plus", on_click=state.open_add(_project_id)),
            ),
            class_name="table-tools",
        ),
        rx.el.div(
            rx.cond(
                as_var(state.members).length() > 0,
                rx.fragment(_table(), _count()),
                empty_state("No matches", "No member has this name.", icon="search-x"),
            ),
            class_name="table-frame",
        ),
    )


def _table() -> rx.Component:
    heads = (("Person", ""), ("Role", ""), ("Joined", ""), ("", "act"))
    return plain_table("Members", heads, rx.foreach(state.members, _row))


def _row(member: MemberRow) -> rx.Component:
    remove = icon_button(
        f"Remove {member['name']}", "user-minus", "ghost small", on_click=state.ask_remove(_project_id, member["id"])
    )
    return rx.el.tr(
        rx.el.td(
            rx.el.div(
                avatar(member["face"]),
                rx.el.div(_name(member), rx.el.div(member["username"], class_name="cell-sub")),
                class_name="person",
            )
        ),
        rx.el.td(
            rx.cond(member["can_change"], _role_select(member), rx.el.span(member["role_label"])),
            rx.cond(member["by_groups"] != "", rx.el.div("by group ", member["by_groups"], class_name="cell-sub")),
        ),
        rx.el.td(relative_time(member["joined_at"])),
        rx.el.td(rx.cond(member["can_change"] & ~member["is_me"], remove), class_name="act"),
        tab_index=-1,
        custom_attrs={"data-row": member["id"]},
    )


def _name(member: MemberRow) -> rx.Component:
    return rx.el.div(
        rx.el.span(member["name"], class_name="cell-title plain"),
        rx.cond(member["is_me"], rx.el.span(" (you)", class_name="muted")),
        rx.cond(member["is_active"], None, badge("Inactive", "", "circle-off")),
    )


def _role_select(member: MemberRow) -> rx.Component:
    return rx.el.select(
        rx.foreach(state.role_options, lambda option: rx.el.option(option[1], value=option[0])),
        value=member["role"],
        on_change=lambda role: state.change_role(_project_id, member["id"], role),
        class_name="select compact",
        aria_label=f"Role of {member['name']}",
    )


def _count() -> rx.Component:
    more = rx.cond(
        state.members_total > as_var(state.members).length(),
        rx.el.span(" Search to find the others."),
    )
    return rx.el.div(
        rx.el.span(as_var(state.members).length(), " of ", state.members_total, class_name="num", role="status"),
        more,
        class_name="table-foot",
    )


def _add_dialog() -> rx.Component:
    return form_dialog(
        state,
        title=f"Add member to {state.form_name}",
        submit="Add",
        on_submit=state.add,
        fields=[
            people_picker(state, "Person"),
            select_field(state, "role", "Role", state.role_options),
            roles_link(),
        ],
    )


def _remove_dialog() -> rx.Component:
    return confirm_dialog(
        open_=is_at_its_url(state) & (state.removed_id > 0),
        title=f"Remove {state.removed_name}?",
        text="They lose access to this project. You can add them again.",
        confirm="Remove",
        on_confirm=state.remove(),
        on_cancel=state.cancel_remove(),
        busy=state.is_acting,
    )


def team_preview(url: Any) -> rx.Component:
    """The panel with the first few members and a link to all."""
    return panel(
        "Team",
        rx.cond(
            _is_loaded,
            rx.el.ul(rx.foreach(state.members[:PREVIEW], _preview_line), _preview_rest(url), class_name="lines"),
            rx.el.div(skeleton_lines(3), class_name="panel-body"),
        ),
        actions=(link("All members", to=url),),
        flush=True,
    )


def _preview_rest(url: Any) -> rx.Component:
    rest = state.members_total - PREVIEW
    return rx.cond(rest > 0, rx.el.li(link("and ", rest, " more", to=url)))


def _preview_line(member: MemberRow) -> rx.Component:
    return rx.el.li(
        avatar(member["face"]),
        rx.el.span(member["name"], class_name="truncate grow"),
        rx.el.span(member["role_label"], class_name="muted"),
    )

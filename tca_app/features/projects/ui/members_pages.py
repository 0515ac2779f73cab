"""The members of a project: the tab "Members" and the panel on the overview."""

from typing import Any

import reflex as rx

from tca_app.features.projects.ui.detail_state import ProjectState
from tca_app.features.projects.ui.members_list_state import MemberRow, TeamState
from tca_app.features.projects.ui.members_state import MembersState
from tca_app.features.projects.ui.picker_pages import people_picker, roles_link
from tca_app.ui import routes
from tca_app.ui.components.badges import badge
from tca_app.ui.components.basic import button, icon_button, link, panel, relative_time, select_box
from tca_app.ui.components.dialogs import confirm_dialog
from tca_app.ui.components.faces import avatar
from tca_app.ui.components.placeholders import empty_state, skeleton_lines
from tca_app.ui.components.text import t
from tca_app.ui.forms.fields import form_dialog, select_field
from tca_app.ui.record import at_its_url, is_at_its_url
from tca_app.ui.session import SessionState
from tca_app.ui.table.grid import Column
from tca_app.ui.table.parts import download_link
from tca_app.ui.table.view import data_table, open_link
from tca_app.ui.var import as_var

PREVIEW = 6
state = MembersState
_project_id = ProjectState.project["id"]
_is_loaded = is_at_its_url(state) & state.members_loaded


def _may(action: str) -> Any:
    return as_var(ProjectState.allowed).contains(action)


def members_tab(import_members: rx.Component) -> rx.Component:
    """The members; `import_members` is a button for those who may add some."""
    return rx.el.div(
        rx.cond(
            _may("members.list"),
            at_its_url(TeamState, _team(import_members), skeleton_lines(4)),
            panel(
                t("Your role"),
                rx.el.p(
                    t(
                        "You are a {my_role}. Only maintainers and the owner see the list of members.",
                        my_role=_my_role(),
                    )
                ),
                roles_link(),
            ),
        ),
        rx.cond(
            _may("leave"),
            rx.el.div(button(t("Leave project"), kind="danger-quiet", on_click=ProjectState.ask(_project_id, "leave"))),
        ),
        _add_dialog(),
        _remove_dialog(),
        class_name="stack",
    )


def _my_role() -> rx.Component:
    return rx.el.strong(ProjectState.project["role_word"])


def _team(import_members: rx.Component) -> rx.Component:
    add = button(t("Add member"), kind="primary", icon="user-plus", on_click=state.open_add(_project_id))
    export = download_link(f"{routes.API_PROJECTS}/{_project_id}/members/export.csv", TeamState.export_query)
    return data_table(
        TeamState,
        columns=COLUMNS,
        label=t("Members"),
        search_label=t("Search members"),
        row_name=lambda row: row["name"],
        empty=empty_state(t("No members"), t("Add people to this project."), icon="users"),
        tools=(export, rx.cond(_may("members.write"), rx.fragment(import_members, add))),
    )


def _person(member: MemberRow) -> rx.Component:
    return rx.el.div(
        avatar(member["face"]),
        rx.el.div(_name(member), rx.el.div(member["username"], class_name="cell-sub")),
        class_name="person",
    )


def _role(member: MemberRow) -> rx.Component:
    return rx.el.div(
        rx.cond(member["can_change"], _role_select(member), rx.el.span(member["role_label"])),
        rx.cond(
            member["by_groups"] != "",
            rx.el.div(t("through group {by_groups}", by_groups=member["by_groups"]), class_name="cell-sub two-lines"),
        ),
    )


def _remove_button(member: MemberRow) -> rx.Component:
    remove = icon_button(
        t("Remove {name}", name=member["name"]),
        "user-minus",
        "ghost small",
        on_click=state.ask_remove(_project_id, member["id"]),
    )
    return rx.cond(member["can_change"] & ~member["is_me"], remove)


def _name(member: MemberRow) -> rx.Component:
    may_open = SessionState.is_superuser | as_var(member["is_me"]).to(bool)
    return rx.el.div(
        rx.cond(
            may_open,
            open_link(member["name"], routes.user(member["id"])),
            rx.el.span(member["name"], class_name="cell-title plain"),
        ),
        rx.cond(member["is_me"], rx.el.span(t(" (you)"), class_name="muted")),
        rx.cond(member["is_active"], None, badge(t("Inactive"), "", "circle-off")),
    )


def _role_select(member: MemberRow) -> rx.Component:
    return select_box(
        rx.foreach(state.role_options, lambda option: rx.el.option(option[1], value=option[0])),
        value=member["role"],
        on_change=lambda role: state.change_role(_project_id, member["id"], role),
        kind="compact",
        aria_label=t("Role of {name}", name=member["name"]),
    )


COLUMNS = (
    Column("name", t("Person"), cell=_person, sortable=True, wide=45),
    Column("role", t("Role"), cell=_role, sortable=True),
    Column("created_at", t("Joined"), cell=lambda row: relative_time(row["joined_at"]), sortable=True),
    Column("id", t("Actions"), cell=_remove_button, align_right=True, is_labelled=False),
)


def _add_dialog() -> rx.Component:
    return form_dialog(
        state,
        title=t("Add member to {form_name}", form_name=state.form_name),
        submit=t("Add"),
        on_submit=state.add,
        fields=[
            people_picker(state, t("Person"), error=state.form_errors["person"]),
            select_field(state, "role", t("Role"), state.role_options),
            roles_link(),
        ],
    )


def _remove_dialog() -> rx.Component:
    return confirm_dialog(
        open_=is_at_its_url(state) & (state.removed_id > 0),
        title=t("Remove {removed_name}?", removed_name=state.removed_name),
        text=t("They lose access to this project. You can add them again."),
        confirm=t("Remove"),
        on_confirm=state.remove(),
        on_cancel=state.cancel_remove(),
        busy=state.is_acting,
    )


def team_preview(url: Any) -> rx.Component:
    """The panel with the first few members and a link to all."""
    return panel(
        t("Team"),
        rx.cond(
            _is_loaded,
            rx.el.ul(rx.foreach(state.members[:PREVIEW], _preview_line), _preview_rest(url), class_name="lines"),
            rx.el.div(skeleton_lines(3), class_name="panel-body"),
        ),
        actions=(link(t("All members"), to=url),),
        flush=True,
    )


def _preview_rest(url: Any) -> rx.Component:
    rest = state.members_total - PREVIEW
    return rx.cond(rest > 0, rx.el.li(link(t("and {rest} more", rest=rest), to=url)))


def _preview_line(member: MemberRow) -> rx.Component:
    return rx.el.li(
        avatar(member["face"]),
        rx.el.span(member["name"], class_name="truncate grow"),
        rx.el.span(member["role_label"], class_name="muted"),
    )

"""The groups of a project, on its tab "Members"."""

import reflex as rx

from tca_app.features.groups.ui.project_state import ProjectGroupRow, ProjectGroupsState
from tca_app.features.projects.ui.detail_pages import may
from tca_app.features.projects.ui.detail_state import ProjectState
from tca_app.features.projects.ui.picker_pages import roles_link
from tca_app.ui import routes
from tca_app.ui.components.basic import button, icon_button, panel, select_box
from tca_app.ui.components.loading import or_failure
from tca_app.ui.components.text import t
from tca_app.ui.forms.choices import choice_field
from tca_app.ui.forms.fields import form_dialog, select_field
from tca_app.ui.record import is_at_its_url
from tca_app.ui.table.grid import cut
from tca_app.ui.table.parts import download_link, plain_table
from tca_app.ui.table.selection.ticks import row_attrs
from tca_app.ui.var import as_var

state = ProjectGroupsState
_project_id = ProjectState.project["id"]


def project_groups() -> rx.Component:
    heads = ((t("Group"), "wide", "name"), (t("People"), "", "member_count"), (t("Role"), "", "role"), ("", "act"))
    shown = rx.cond(
        as_var(state.groups).length() > 0,
        plain_table(t("Groups"), heads, rx.foreach(state.groups, _row), order=state),
        rx.el.p(
            t("No groups. A group gives its people a role here, also people who join it later."),
            class_name="panel-body muted",
        ),
    )
    export = download_link(f"{routes.API_PROJECTS}/{_project_id}/groups/export.csv", state.sort_query)
    add = button(t("Add group"), kind="small", icon="plus", on_click=state.open_add(_project_id))
    return rx.cond(
        is_at_its_url(state) & (state.is_shown | (state.failure != "")),
        rx.fragment(
            panel(
                t("Groups"),
                or_failure(state, shown),
                actions=(
                    rx.cond(as_var(state.groups).length() > 0, export),
                    rx.cond(state.is_shown & may("members.write"), add),
                ),
                flush=True,
            ),
            _add_dialog(),
        ),
    )


def _row(group: ProjectGroupRow) -> rx.Component:
    remove = icon_button(
        t("Remove {name}", name=group["name"]),
        "x",
        "ghost small",
        on_click=state.remove(_project_id, as_var(group["id"]).to(int)),
    )
    return rx.el.tr(
        rx.el.td(cut(group["name"], "cell-title plain"), class_name="wide"),
        rx.el.td(group["people"]),
        rx.el.td(rx.cond(group["can_change"], _role_select(group), rx.el.span(group["role_label"]))),
        rx.el.td(rx.cond(group["can_change"], remove), class_name="act"),
        key=as_var(group["id"]).to(str),
        **row_attrs(group),
    )


def _role_select(group: ProjectGroupRow) -> rx.Component:
    return select_box(
        rx.foreach(state.role_options, lambda option: rx.el.option(option[1], value=option[0])),
        value=group["role"],
        on_change=lambda role: state.change_role(_project_id, as_var(group["id"]).to(int), role),
        kind="compact",
        aria_label=t("Role of {name}", name=group["name"]),
    )


def _add_dialog() -> rx.Component:
    return form_dialog(
        state,
        title=t("Add group to {form_name}", form_name=state.form_name),
        submit=t("Add"),
        on_submit=state.add,
        fields=[
            choice_field(state, "group", t("Group"), state.choices),
            select_field(state, "role", t("Role"), state.role_options),
            roles_link(),
        ],
    )

"""The page of one user: profile and projects."""

import reflex as rx

from tca_app.features.auth.ui.acting_pages import acting_dialog, acting_item
from tca_app.features.users.ui.actions_state import ActState
from tca_app.features.users.ui.detail_state import MembershipRow, UserState
from tca_app.features.users.ui.dialog_pages import user_dialogs
from tca_app.features.users.ui.edit_state import UserFormState
from tca_app.features.users.ui.picture_pages import remove_picture_dialog
from tca_app.features.users.ui.picture_state import PictureState
from tca_app.ui import routes
from tca_app.ui.components.badges import active_badge, project_status_badge, role_badge
from tca_app.ui.components.basic import button, facts, icon_button, link, page_header, panel, relative_time
from tca_app.ui.components.faces import avatar, with_tile
from tca_app.ui.components.menus import menu
from tca_app.ui.components.placeholders import error_state, not_found, skeleton, skeleton_lines
from tca_app.ui.components.text import t
from tca_app.ui.detail import record_title, with_rail
from tca_app.ui.record import is_at_its_url
from tca_app.ui.session import SessionState
from tca_app.ui.table.parts import download_link, plain_table
from tca_app.ui.table.selection.ticks import row_attrs
from tca_app.ui.table.view import open_link
from tca_app.ui.var import as_var

_person = UserState.person
_is_here = is_at_its_url(UserState)
_is_loaded = _is_here & UserState.is_loaded
user_title = record_title(UserState, UserState.title, t("User"))


def user_detail(
    *panels: rx.Component, rail: rx.Component, below: rx.Component, who_else: rx.Component, editing_mark: rx.Component
) -> rx.Component:
    """The page of one person; other features give what is theirs, `below` under the panels."""
    failed = error_state(UserState.load_error, UserState.load)
    return rx.cond(
        _is_here & UserState.is_missing,
        not_found(),
        rx.fragment(
            rx.cond(_is_loaded, _header(who_else), page_header(user_title, skeleton("260px"))),
            rx.cond(_is_here & (UserState.load_error != ""), failed, _panels(*panels, rail=rail, below=below)),
            user_dialogs(editing_mark),
            rx.cond(SessionState.is_superuser, rx.fragment(acting_dialog(UserState.title), remove_picture_dialog())),
        ),
    )


def _panels(*panels: rx.Component, rail: rx.Component, below: rx.Component) -> rx.Component:
    profile = panel(t("Profile"), rx.cond(_is_loaded, _profile(), skeleton_lines(6)))
    theirs = panel(t("Projects"), _projects(), actions=(_download(),), flush=True)
    return with_rail(theirs, *panels, rail=(profile, rail), below=below)


def _header(who_else: rx.Component) -> rx.Component:
    return page_header(
        rx.el.span(avatar(_person["face"], "large"), rx.el.span(UserState.title), class_name="person"),
        rx.el.span(rx.el.span(_person["username"], class_name="mono"), who_else, class_name="row"),
        button(t("Edit"), icon="pencil", on_click=UserFormState.open_edit(_person["id"])),
        rx.cond(UserState.is_self, link(t("Change password"), to=f"{routes.SETTINGS}?tab=password", class_name="btn")),
        rx.cond(SessionState.is_superuser, _more()),
    )


def _more() -> rx.Component:
    ask, user_id = ActState.ask, _person["id"]
    return menu(
        lambda: icon_button(t("More actions"), "ellipsis", ""),
        rx.cond(
            _person["is_active"],
            rx.menu.item(t("Deactivate"), on_click=ask("deactivate", user_id)),
            rx.menu.item(t("Activate"), on_click=ActState.activate(user_id)),
        ),
        rx.cond(
            _person["is_superuser"],
            rx.menu.item(t("Remove administrator"), on_click=ask("demote", user_id)),
            rx.menu.item(t("Make administrator"), on_click=ask("promote", user_id)),
        ),
        rx.cond(
            ~UserState.is_self,
            rx.fragment(
                rx.cond(_person["is_active"] & ~_person["is_superuser"], acting_item(user_id)),
                rx.menu.item(t("Set password"), on_click=UserFormState.open_password(user_id)),
                rx.cond(
                    _person["face"]["picture"] != "",
                    rx.menu.item(t("Remove picture"), on_click=PictureState.ask_remove(user_id)),
                ),
                rx.menu.item(t("Delete"), on_click=ask("delete", user_id), color_scheme="red"),
            ),
        ),
    )


def _profile() -> rx.Component:
    return facts(
        (
            t("Full name"),
            rx.cond(_person["full_name"], _person["full_name"], rx.el.span(t("Not set"), class_name="muted")),
        ),
        (t("Email"), rx.el.a(_person["email"], href=f"mailto:{_person['email']}", class_name="link")),
        (t("Role"), role_badge(_person["is_superuser"])),
        (t("Status"), active_badge(_person["is_active"])),
        (t("Last sign-in"), relative_time(_person["last_login_at"])),
        (t("Created"), relative_time(_person["created_at"])),
        (t("Changed"), relative_time(_person["updated_at"])),
    )


def _projects() -> rx.Component:
    none = rx.el.p(t("Not a member of any project."), class_name="panel-body muted")
    rows = rx.fragment(
        plain_table(
            t("Projects"),
            ((t("Project"), "wide", "name"), (t("Role"), "", "role"), (t("Status"), "", "status")),
            rx.foreach(UserState.projects, _project_row),
            order=UserState,
        ),
        rx.cond(
            UserState.more_projects > 0,
            rx.el.div(
                rx.el.span(
                    t("And {more_projects} more.", more_projects=UserState.more_projects), class_name="muted num"
                ),
                button(t("Load more"), on_click=UserState.show_more_projects(_person["id"])),
                class_name="feed-more row",
            ),
        ),
    )
    return _when_loaded(rx.cond(as_var(UserState.projects).length() > 0, rows, none))


def _download() -> rx.Component:
    url = f"{routes.API_USERS}/{_person['id']}/projects/export.csv"
    return rx.cond(_is_loaded & (as_var(UserState.projects).length() > 0), download_link(url, UserState.sort_query))


def _project_row(row: MembershipRow) -> rx.Component:
    return rx.el.tr(
        rx.el.td(
            with_tile(
                row["mark"],
                rx.el.div(
                    open_link(row["name"], routes.project(row["id"])),
                    rx.el.div(row["slug"], class_name="cell-sub mono truncate"),
                ),
            ),
            class_name="wide",
        ),
        rx.el.td(row["role"]),
        rx.el.td(project_status_badge(row["status"])),
        **row_attrs(row),
    )


def _when_loaded(shown: rx.Component) -> rx.Component:
    return rx.cond(_is_loaded, shown, rx.el.div(skeleton_lines(3), class_name="panel-body"))

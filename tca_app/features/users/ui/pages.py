"""The list of users."""

from typing import Any

import reflex as rx

from tca_app.features.users.ui.actions_state import ActState
from tca_app.features.users.ui.dialog_pages import user_dialogs
from tca_app.features.users.ui.edit_state import UserFormState
from tca_app.features.users.ui.new_owner_pages import new_owner_picker
from tca_app.features.users.ui.palette import NEW_USER
from tca_app.features.users.ui.state import UserRow, UsersState
from tca_app.ui import routes
from tca_app.ui.components.badges import active_badge, badge, role_badge
from tca_app.ui.components.basic import button, list_header, relative_time
from tca_app.ui.components.faces import with_face
from tca_app.ui.components.placeholders import empty_state
from tca_app.ui.components.text import t
from tca_app.ui.forms.choices import plain_choice
from tca_app.ui.session import SessionState
from tca_app.ui.table.bulk import RESTORE
from tca_app.ui.table.grid import Column, RowAction, cut
from tca_app.ui.table.parts import download_link
from tca_app.ui.table.trash import trash_columns
from tca_app.ui.table.view import data_table, open_link


def users_header(invite: rx.Component) -> rx.Component:
    """The head of the page `/users`; `invite` is the button that lets people choose their own password."""
    new_user = button(
        t("New user"), icon="plus", on_click=UserFormState.open_create, custom_attrs={"data-command": NEW_USER}
    )
    return list_header(UsersState, t("Users"), t("People who can sign in to this console."), new_user, invite)


def users_list(
    editing_mark: rx.Component,
    instead: rx.Component | None = None,
    actions: tuple[RowAction, ...] = (),
    tools: tuple[rx.Component, ...] = (),
) -> rx.Component:
    """The list of the page `/users`; `editing_mark` goes into the form, `instead` into that of a new user.

    `actions` are added to the menu of each row, `tools` to those above the list.
    """
    return rx.fragment(
        data_table(
            UsersState,
            columns=COLUMNS,
            label=t("Users"),
            search_label=t("Search users"),
            row_name=lambda row: row["username"],
            actions=(*ACTIONS, *actions),
            question=rx.fragment(new_owner_picker(UsersState), _group_choice()),
            empty=empty_state(t("No users yet"), t("Invite the first one."), icon="users"),
            tools=(download_link(routes.API_USERS_EXPORT, UsersState.export_query), *tools),
        ),
        user_dialogs(editing_mark, instead),
    )


def _group_choice() -> rx.Component:
    state = UsersState
    choice = plain_choice("bulk-group", t("Group"), state.group_options, state.choose_group)
    return rx.cond(state.bulk_action == "group", choice)


def _name_cell(row: UserRow) -> rx.Component:
    opened = open_link(row["name"], routes.user(row["id"]))
    return with_face(row["face"], rx.cond(row["is_deleted"], cut(row["name"], "cell-title"), opened))


def _status_cell(row: UserRow) -> rx.Component:
    """The list of an earlier day also has users who are in the trash by now."""
    return rx.cond(row["is_deleted"], badge(t("Trash"), "", "trash-2"), active_badge(row["is_active"]))


COLUMNS = (
    Column("full_name", t("Full name"), cell=_name_cell, sortable=True, wide=30),
    Column(
        "username",
        t("Username"),
        cell=lambda row: cut(row["username"]),
        sortable=True,
        on_phone=False,
        on_tablet=False,
        wide=14,
    ),
    Column("email", t("Email"), cell=lambda row: cut(row["email"]), sortable=True, wide=46),
    Column(
        "is_superuser",
        t("Role"),
        cell=lambda row: role_badge(row["is_superuser"]),
        sortable=True,
        on_narrow=False,
        in_trash=False,
    ),
    Column("is_active", t("Status"), cell=_status_cell, sortable=True, in_trash=False),
    Column(
        "last_login_at",
        t("Last sign-in"),
        cell=lambda row: relative_time(row["last_login_at"]),
        sortable=True,
        in_trash=False,
    ),
    Column(
        "created_at",
        t("Created"),
        cell=lambda row: relative_time(row["created_at"]),
        sortable=True,
        on_phone=False,
        on_tablet=False,
        in_trash=False,
    ),
    *trash_columns(),
)


def _is_other(row: UserRow) -> Any:
    """Whether the user is not in the trash and not the viewer, who cannot delete their own account here."""
    return ~row["is_deleted"] & (row["id"] != SessionState.user_id)


ACTIONS = (
    RowAction(t("Open"), lambda row: rx.redirect(routes.user(row["id"])), shown=lambda row: ~row["is_deleted"]),
    RowAction(t("Edit"), lambda row: UserFormState.open_edit(row["id"]), shown=lambda row: ~row["is_deleted"], key="e"),
    RowAction(t("Set password"), lambda row: UserFormState.open_password(row["id"]), shown=_is_other),
    RowAction(
        t("Activate"),
        lambda row: ActState.activate(row["id"]),
        shown=lambda row: ~row["is_deleted"] & ~row["is_active"],
    ),
    RowAction(
        t("Deactivate"),
        lambda row: ActState.ask("deactivate", row["id"]),
        shown=lambda row: ~row["is_deleted"] & row["is_active"],
    ),
    RowAction(
        t("Make administrator"),
        lambda row: ActState.ask("promote", row["id"]),
        shown=lambda row: ~row["is_deleted"] & ~row["is_superuser"],
    ),
    RowAction(
        t("Remove administrator"),
        lambda row: ActState.ask("demote", row["id"]),
        shown=lambda row: ~row["is_deleted"] & row["is_superuser"],
    ),
    RowAction(t("Delete"), lambda row: ActState.ask("delete", row["id"]), danger=True, shown=_is_other),
    RowAction(
        t("Restore"), lambda row: UsersState.ask_rows(RESTORE.key, [row["id"]]), shown=lambda row: row["is_deleted"]
    ),
)

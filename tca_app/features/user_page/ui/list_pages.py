"""The page `/users`: the list of users, and that of invitations."""

import reflex as rx

from tca_app.features.imports.ui.upload_pages import import_button
from tca_app.features.invitations.ui.form_state import InviteState
from tca_app.features.invitations.ui.pages import invitation_links, invitations_list, invite_button, invite_dialogs
from tca_app.features.invitations.ui.state import InvitationsState
from tca_app.features.personal_data.ui.pages import ERASE_FROM_TRASH, erase_dialog
from tca_app.features.personal_data.ui.state import ErasureState
from tca_app.features.presence.ui.pages import editing_mark
from tca_app.features.users.ui.edit_state import UserFormState
from tca_app.features.users.ui.pages import users_header, users_list
from tca_app.features.users.ui.state import UsersState
from tca_app.ui import routes
from tca_app.ui.components.basic import button, tabs
from tca_app.ui.components.text import t
from tca_app.ui.layout.pages import page


@page(
    routes.USERS,
    t("Users"),
    permission="users.manage",
    on_load=(UsersState.load, InvitationsState.load, ErasureState.load),
)
def users_page() -> rx.Component:
    is_invitations = InvitationsState.is_shown
    return rx.fragment(
        users_header(invite_button(t("Invite"), 0)),
        tabs((t("Users"), routes.USERS, ~is_invitations), (t("Invitations"), routes.INVITATIONS, is_invitations)),
        invitation_links(),
        rx.cond(
            is_invitations,
            invitations_list(),
            users_list(
                editing_mark("user", UserFormState.form_id),
                _invite_instead(),
                (ERASE_FROM_TRASH,),
                (import_button("users"),),
            ),
        ),
        invite_dialogs(),
        erase_dialog(),
    )


def _invite_instead() -> rx.Component:
    return rx.el.div(
        rx.el.p(t("Better: invite them. They choose their own password.")),
        button(
            t("Invite instead"), kind="small", on_click=[UserFormState.close_form(False), InviteState.open_invite(0)]
        ),
        class_name="notice",
    )

"""The page `/users`: the list of users."""

import reflex as rx

from tca_app.features.presence.ui.pages import editing_mark
from tca_app.features.users.ui.edit_state import UserFormState
from tca_app.features.users.ui.pages import users_list
from tca_app.features.users.ui.state import UsersState
from tca_app.ui import routes
from tca_app.ui.layout.pages import page


@page(routes.USERS, "Users", permission="users.manage", on_load=(UsersState.load,))
def users_page() -> rx.Component:
    return users_list(editing_mark("user", UserFormState.form_id))

"""The page of one user: the profile, the other viewers, the sessions and the activity."""

import reflex as rx

from tca_app.features.activity.ui.pages import subject_activity
from tca_app.features.activity.ui.state import SubjectFeedState
from tca_app.features.auth.ui.acting_state import ActingState
from tca_app.features.auth.ui.sessions_pages import sessions_panel
from tca_app.features.auth.ui.sessions_state import SessionsState
from tca_app.features.factors.ui.user_pages import user_factors
from tca_app.features.factors.ui.user_state import UserFactorsState
from tca_app.features.personal_data.ui.pages import personal_data_panel
from tca_app.features.personal_data.ui.state import ErasureState, PersonalDataState
from tca_app.features.presence.ui.pages import editing_mark, who_else
from tca_app.features.presence.ui.state import PresenceState
from tca_app.features.user_page.ui.list_pages import users_page
from tca_app.features.users.ui.detail_pages import user_detail, user_title
from tca_app.features.users.ui.detail_state import UserState
from tca_app.features.users.ui.edit_state import UserFormState
from tca_app.ui import routes
from tca_app.ui.components.text import t
from tca_app.ui.layout.pages import page
from tca_app.ui.record import is_at_its_url
from tca_app.ui.session import SessionState

_back = (
    rx.cond(SessionState.is_superuser, t("Users"), t("Dashboard")),
    rx.cond(SessionState.is_superuser, routes.USERS, routes.DASHBOARD),
)


@page(
    routes.USER,
    user_title,
    on_load=(
        UserState.load,
        ActingState.load,
        SessionsState.load,
        UserFactorsState.load,
        SubjectFeedState.load,
        PresenceState.load,
        PersonalDataState.load,
        ErasureState.load,
    ),
    crumbs=(_back, (user_title, None)),
)
def user_page() -> rx.Component:
    return user_detail(
        rx.cond(SessionState.acting_name == "", sessions_panel()),
        rail=rx.fragment(user_factors(), _personal_data()),
        below=subject_activity(),
        who_else=who_else(),
        editing_mark=editing_mark("user", UserFormState.form_id),
    )


def _personal_data() -> rx.Component:
    return rx.cond(
        is_at_its_url(UserState) & UserState.is_loaded & SessionState.is_superuser,
        personal_data_panel(
            UserState.person["id"], t("Everything that the console stores about this user, as one file.")
        ),
    )


PAGES = [users_page, user_page]

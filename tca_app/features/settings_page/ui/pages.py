"""The settings of one's own account: each tab comes from the feature that it belongs to."""

import reflex as rx

from tca_app.features.auth.oauth.ui.state import IdentitiesState
from tca_app.features.auth.ui.region_pages import region_panel
from tca_app.features.auth.ui.region_state import RegionState
from tca_app.features.auth.ui.sessions_pages import sessions_panel
from tca_app.features.auth.ui.sessions_state import SessionsState
from tca_app.features.auth.ui.settings_pages import appearance_panel, password_panel, profile_panel
from tca_app.features.auth.ui.state import TABS_WHILE_ACTING, PasswordState, ProfileState, SettingsState
from tca_app.features.factors.ui.pages import two_factor_panels
from tca_app.features.factors.ui.state import FactorsState
from tca_app.features.personal_data.ui.pages import personal_data_setting
from tca_app.features.personal_data.ui.state import ErasureState, PersonalDataState
from tca_app.features.settings_page.ui.tabs import LABELS, tab_url
from tca_app.features.tokens.ui.pages import token_settings
from tca_app.features.tokens.ui.state import TokensState
from tca_app.features.users.ui.picture_pages import picture_panel
from tca_app.ui import routes
from tca_app.ui.components.basic import page_header, tabs
from tca_app.ui.components.text import t
from tca_app.ui.layout.pages import page
from tca_app.ui.session import SessionState


@page(
    routes.SETTINGS,
    t("Settings"),
    on_load=(
        ProfileState.load,
        PasswordState.load,
        RegionState.load,
        SettingsState.load,  # shows the tab: after its form is opened anew, which drops what is typed in it
        SessionsState.load,
        IdentitiesState.load,
        FactorsState.load,
        TokensState.load,
        PersonalDataState.load,
        ErasureState.load,
    ),
)
def settings_page() -> rx.Component:
    tab = SettingsState.tab
    return rx.fragment(
        page_header(t("Settings"), t("Your account on this console.")),
        rx.cond(SessionState.acting_name == "", _tabs(*LABELS), _tabs(*TABS_WHILE_ACTING)),
        rx.match(
            tab,
            ("sessions", sessions_panel()),
            ("tokens", token_settings()),
            rx.el.div(
                rx.match(
                    tab,
                    ("password", password_panel()),
                    ("two-factor", two_factor_panels()),
                    ("appearance", rx.fragment(appearance_panel(), region_panel())),
                    _profile(),
                ),
                class_name="settings",
            ),
        ),
    )


def _profile() -> rx.Component:
    return rx.fragment(
        picture_panel(),
        profile_panel(),
        rx.cond(
            SessionState.acting_name == "",
            personal_data_setting(t("Everything that the console stores about you, as one file.")),
        ),
    )


def _tabs(*names: str) -> rx.Component:
    own = [(LABELS[name], tab_url(name), SettingsState.tab == name) for name in names]
    return tabs(*own[:-1], (t("Notifications"), routes.PREFERENCES, False), own[-1])


PAGES = [settings_page]

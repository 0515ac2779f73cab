"""The name and the logo of the console, which administrators may change while the pages stay as they were built."""

from urllib.parse import quote

import reflex as rx

from tca_app.ui.session import BUILT_IN_NAME, SessionState
from tca_app.ui.theme import ASSETS

# In the page itself, so that a page that is drawn without a connection has its logo.
BUILT_IN_LOGO = "data:image/svg+xml," + quote((ASSETS / "logo.svg").read_text().strip())


def app_name() -> rx.Var[str]:
    """Returns the name. The pages are built with the default, so that one build serves any APP_NAME."""
    state = SessionState
    return rx.cond(state.instance_name != "", state.instance_name, BUILT_IN_NAME).to(str)


def logo() -> rx.Component:
    return rx.el.img(src=rx.cond(SessionState.logo_url != "", SessionState.logo_url, BUILT_IN_LOGO), alt="")

"""The name and the logo of the console, which administrators may change while the pages stay as they were built."""

import reflex as rx

from tca_app.config.settings import get_settings
from tca_app.ui.session import SessionState


def app_name() -> rx.Var[str]:
    state = SessionState
    return rx.cond(state.instance_name != "", state.instance_name, get_settings().app_name).to(str)


def logo() -> rx.Component:
    return rx.el.img(src=rx.cond(SessionState.logo_url != "", SessionState.logo_url, "/logo.svg"), alt="")

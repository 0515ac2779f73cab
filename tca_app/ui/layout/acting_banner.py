"""The banner of every page while an administrator acts as another user."""

import reflex as rx

from tca_app.ui.components.basic import button, relative_time
from tca_app.ui.components.text import t
from tca_app.ui.session import SessionState


def acting_banner() -> rx.Component:
    state = SessionState
    return rx.cond(
        state.acting_name != "",
        rx.el.div(
            rx.icon("user-round-cog", size=16, aria_hidden="true"),
            rx.el.span(
                t(
                    "{acting_name}, you act as {display_name}. It ends {acting_until}.",
                    acting_name=state.acting_name,
                    display_name=rx.el.strong(state.display_name),
                    acting_until=relative_time(state.acting_until),
                ),
            ),
            button(t("Stop"), kind="small", on_click=state.stop_acting),
            class_name="acting",
            role="region",
            aria_label=t("Acting as another user"),
        ),
    )

"""The banner of every page while an administrator acts as another user."""

import reflex as rx

from tca_app.ui.components.basic import button, relative_time
from tca_app.ui.session import SessionState


def acting_banner() -> rx.Component:
    state = SessionState
    return rx.cond(
        state.acting_name != "",
        rx.el.div(
            rx.icon("user-round-cog", size=16, aria_hidden="true"),
            rx.el.span(
                state.acting_name,
                ", you act as ",
                rx.el.strong(state.display_name),
                ". It ends ",
                relative_time(state.acting_until),
                ".",
            ),
            button("Stop", kind="small", on_click=state.stop_acting),
            class_name="acting",
            role="region",
            aria_label="Acting as another user",
        ),
    )

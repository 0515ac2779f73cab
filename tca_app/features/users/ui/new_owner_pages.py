"""The choice of a new owner in the confirmation that deletes users."""

import reflex as rx

from tca_app.features.projects.ui.picker_pages import people_picker
from tca_app.features.users.ui.new_owner_state import NewOwnerState
from tca_app.ui.components.text import t


def new_owner_picker(state: type[NewOwnerState]) -> rx.Component:
    """The picker of a NewOwnerState, while it offers the choice."""
    picker = people_picker(state, t("New owner"), error=state.owner_error)
    return rx.cond(state.owner_text != "", rx.el.div(rx.el.p(state.owner_text), picker, class_name="stack tight"))

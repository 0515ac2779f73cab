"""The choice of a new owner in the confirmation that deletes users."""

import reflex as rx

from tca_app.features.users.ui.new_owner_state import NewOwner, NewOwnerState
from tca_app.ui.components.text import t
from tca_app.ui.var import as_handler, as_var


def new_owner_picker(state: type[NewOwnerState]) -> rx.Component:
    """The picker of a NewOwnerState, while it offers the choice."""
    return rx.cond(state.owner_text != "", _picker(state))


def _picker(state: type[NewOwnerState]) -> rx.Component:
    """A search box over a list of names to choose one from. The choice is kept while the search changes."""
    return rx.el.div(
        rx.el.p(state.owner_text),
        rx.el.input(
            type="search",
            class_name="input",
            placeholder=t("Find a person"),
            aria_label=t("Find the new owner"),
            auto_complete="off",
            max_length=100,
            on_change=as_handler(state.find_owners).debounce(200),
            # Outside of every form: Enter here must not delete anybody.
            custom_attrs={"form": "no-form"},
        ),
        rx.el.div(
            rx.cond(state.new_owner["id"] > 0, _person(state, state.new_owner, True)),
            rx.foreach(state.owner_candidates, lambda person: _person(state, person, False)),
            rx.cond(
                (as_var(state.owner_candidates).length() == 0) & (state.new_owner["id"] == 0),
                rx.el.p(t("No active user matches."), class_name="muted"),
            ),
            class_name="choices-box",
            role="radiogroup",
            aria_label=t("New owner"),
        ),
        class_name="stack tight",
    )


def _person(state: type[NewOwnerState], person: NewOwner, chosen: bool) -> rx.Component:
    return rx.el.label(
        rx.el.input(
            type="radio",
            name="transfer_to",
            value=as_var(person["id"]).to(str),
            checked=chosen,
            on_change=state.choose_owner(person["id"]),
        ),
        rx.el.span(person["name"], class_name="truncate"),
        rx.el.span(person["username"], class_name="muted mono truncate"),
        class_name="pick",
    )

"""The field to choose one of many: a box to type into, with a list below it."""

from typing import Any

import reflex as rx

from tca_app.ui.forms.fields import described, labelled, options_of
from tca_app.ui.forms.state import FormState


def choice_field(
    state: type[FormState], name: str, label: str, options: Any, *, hint: str = "", **props: Any
) -> rx.Component:
    """A `select_field` for what may have many options, such as projects: the browser finds them by what is typed.

    A hidden select is the field of the form; assets/console/combobox.js draws the list from its options.
    """
    list_id = f"field-{name}-list"
    control = rx.el.div(
        rx.el.input(
            type="text",
            class_name="select",
            role="combobox",
            auto_complete="off",
            spell_check=False,
            # Of no form, so that Enter chooses and does not submit, and the draft has only what is chosen.
            form="no-form",
            aria_autocomplete="list",
            aria_expanded="false",
            aria_controls=list_id,
            **described(state, name, hint),
        ),
        rx.el.select(options_of(options), name=name, default_value=state.form_values[name], hidden=True, **props),
        rx.el.div(custom_attrs={"id": list_id}, class_name="found", role="listbox", aria_label=label, hidden=True),
        key=f"{name}-{state.form_nonce}",
        custom_attrs={"data-choice": ""},
    )
    return labelled(state, name, label, control, required=True, hint=hint)

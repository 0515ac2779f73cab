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
    chosen = {"name": name, "default_value": state.form_values[name], **props}
    control = _control(name, label, options, described(state, name, hint), chosen, f"{name}-{state.form_nonce}")
    return labelled(state, name, label, control, required=True, hint=hint)


def plain_choice(name: str, label: str, options: Any, on_change: Any) -> rx.Component:
    """The same outside of a form, such as in a confirmation. The first option is chosen."""
    box = {"custom_attrs": {"id": f"field-{name}"}}
    return rx.el.div(
        rx.el.label(label, html_for=f"field-{name}"),
        _control(name, label, options, box, {"on_change": on_change}, name),
        class_name="field",
    )


def _control(
    name: str, label: str, options: Any, box: dict[str, Any], chosen: dict[str, Any], key: Any
) -> rx.Component:
    """The box with the attributes `box`, and the hidden select with `chosen`."""
    list_id = f"field-{name}-list"
    return rx.el.div(
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
            **box,
        ),
        rx.el.select(options_of(options), hidden=True, **chosen),
        rx.el.div(custom_attrs={"id": list_id}, class_name="found", role="listbox", aria_label=label, hidden=True),
        key=key,
        custom_attrs={"data-choice": ""},
    )

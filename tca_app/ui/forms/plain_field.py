"""A text field of a form that has no FormState, such as the reason in a confirmation."""

from typing import Any

import reflex as rx

from tca_app.ui.components.basic import Child
from tca_app.ui.components.text import t


def plain_field(
    name: str, label: Child, error: Any, *, id_: str = "", required: bool = True, lines: int = 1, **props: Any
) -> rx.Component:
    """A labelled field with its error tied to it. When the server refuses the form, the focus moves to it (forms.js).

    The handler empties the error before it checks, so that the browser notices the same error a second time.
    """
    field_id = id_ or f"field-{name}"
    optional = None if required else rx.el.span(t(" (optional)"), class_name="optional", aria_hidden="true")
    attributes = {
        "name": name,
        "class_name": "input",
        "auto_complete": "off",
        "aria_required": required,
        "aria_invalid": error != "",
        "aria_describedby": f"{field_id}-error",
        "custom_attrs": {"id": field_id},
        **props,
    }
    return rx.el.div(
        rx.el.label(label, optional, html_for=field_id),
        rx.el.textarea(rows=str(lines), **attributes) if lines > 1 else rx.el.input(**attributes),
        rx.el.span(error, id=f"{field_id}-error", class_name="field-error", role="alert"),
        class_name="field",
    )

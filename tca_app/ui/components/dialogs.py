"""The dialog that asks for confirmation of an action."""

from typing import Any

import reflex as rx

from tca_app.ui.components.basic import Child, button

# Radix renders a dialog's title as an h1 by default, but a page already has its h1.
DIALOG_TITLE = {"as": "h2", "size": "4", "mb": "1"}
DIALOG_TEXT = {"size": "2", "color": "gray"}


def confirm_dialog(
    *,
    open_: rx.Var[bool] | bool,
    title: Child,
    text: Child,
    confirm: Child,
    on_confirm: Any,
    on_cancel: Any,
    busy: rx.Var[bool] | bool = False,
    blocked: rx.Var[bool] | bool = False,
    body: rx.Component | None = None,
    type_name: Any = None,
    kind: str = "danger",
    cancel: str = "Cancel",
    draft: Any = "",
) -> rx.Component:
    """Asks for confirmation of an action. `kind` is "primary" when the action destroys nothing.

    `cancel` labels the button that closes the dialog, for an action that is itself called Cancel.
    `body` may contain more fields, such as the new owner, or say why the action is `blocked`; `draft` is `draft_of`.

    With `type_name` the user must type that name: the browser checks it with the field's pattern, and the handler gets
    the form as `dict[str, str]` and must compare `form["confirm_name"]` again.
    """
    typed = _type_name_field(type_name) if type_name is not None else None
    return rx.alert_dialog.root(
        rx.alert_dialog.content(
            rx.alert_dialog.title(title, custom_attrs=DIALOG_TITLE),
            rx.alert_dialog.description(text, custom_attrs=DIALOG_TEXT),
            rx.el.form(
                body,
                typed,
                rx.el.div(
                    # Radix focuses its own Cancel when the dialog opens; without one the focus stays outside.
                    rx.alert_dialog.cancel(button(cancel, disabled=busy)),
                    button(confirm, kind=kind, busy=busy, disabled=blocked, type="submit"),
                    class_name="dialog-foot",
                ),
                on_submit=on_confirm,
                class_name="stack",
                custom_attrs={"data-draft": draft},
            ),
            max_width="440px",
        ),
        open=open_,
        on_open_change=on_cancel,
    )


def _type_name_field(name: Any) -> rx.Component:
    return rx.el.div(
        rx.el.label("Type ", rx.el.strong(name), " to confirm", html_for="confirm_name"),
        rx.el.input(
            custom_attrs={"id": "confirm_name"},
            name="confirm_name",
            class_name="input",
            required=True,
            auto_complete="off",
            pattern=_literal_pattern(name),
            title="Enter the name exactly as shown",
        ),
        class_name="field",
    )


def _literal_pattern(name: Any) -> rx.Var[str]:
    """A pattern that matches exactly `name`. Browsers refuse an escaped hyphen or slash here."""
    text = rx.Var.create(name)
    return rx.Var(
        f"String({text!s}).replace(/[\\\\^$.*+?()[\\]{{}}|]/g, '\\\\$&')",
        _var_type=str,
        _var_data=text._get_all_var_data(),
    ).to(str)

"""The dialog that asks for confirmation of an action."""

from typing import Any

import reflex as rx

from tca_app.ui.components.basic import Child, button
from tca_app.ui.components.open_dialogs import is_open_here
from tca_app.ui.components.text import t
from tca_app.ui.session import SessionState

# Radix renders a dialog's title as an h1 by default, but a page already has its h1.
DIALOG_TITLE = {"as": "h2", "size": "4", "mb": "1"}
CLOSES = {"data-closes": ""}  # the button of a form that closes it: the browser asks first when something is typed
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
    kind: str | rx.Var[str] = "danger",
    cancel: Child = t("Cancel"),
    draft: Any = "",
) -> rx.Component:
    """Asks for confirmation of an action. `kind` is "primary" when the action destroys nothing.

    It is shown only on the page where the handler that opened it called `_note_dialog`.

    `cancel` labels the button that closes the dialog, for an action that is itself called Cancel.
    `body` may contain more fields, such as the new owner, or say why the action is `blocked`; `draft` is `draft_of`.

    With `type_name` the button works once that name is typed (assets/console/confirm-name.js). The handler gets the
    form as `dict[str, str]` and must compare `form["confirm_name"]` again.
    """
    typed = _type_name_field(type_name) if type_name is not None else None
    confirms = {"data-confirms": ""} if type_name is not None else {}
    return rx.alert_dialog.root(
        rx.alert_dialog.content(
            rx.alert_dialog.title(title, custom_attrs=DIALOG_TITLE),
            rx.alert_dialog.description(text, custom_attrs=DIALOG_TEXT),
            rx.el.form(
                body,
                typed,
                rx.el.div(
                    # Radix focuses its own Cancel when the dialog opens; without one the focus stays outside.
                    rx.alert_dialog.cancel(button(cancel, disabled=busy, custom_attrs=CLOSES)),
                    _confirm_button(confirm, kind, busy, blocked, is_blocked_first=type_name is not None),
                    class_name="dialog-foot",
                ),
                on_submit=on_confirm,
                no_validate=True,
                class_name="stack",
                custom_attrs={"data-draft": draft, **confirms},
            ),
            max_width="440px",
        ),
        open=is_open_here(SessionState, open_),
        on_open_change=on_cancel,
    )


def _confirm_button(
    label: Child, kind: str | rx.Var[str], busy: Any, blocked: Any, *, is_blocked_first: bool
) -> rx.Component:
    """`is_blocked_first`: the browser lets it work once a name is typed, and `data-blocked` says whether it may."""
    if not is_blocked_first:
        return button(label, kind=kind, busy=busy, disabled=blocked, type="submit")
    attributes = {"data-blocked": busy | blocked}
    return button(label, kind=kind, busy=busy, disabled=True, type="submit", custom_attrs=attributes)


def _type_name_field(name: Any) -> rx.Component:
    return rx.el.div(
        rx.el.label(t("Type {name} to confirm", name=rx.el.strong(name)), html_for="confirm_name"),
        rx.el.input(
            custom_attrs={"id": "confirm_name", "data-confirm-name": name},
            name="confirm_name",
            class_name="input",
            auto_complete="off",
            spell_check=False,
            aria_describedby="confirm_name-error",
        ),
        rx.el.span(id="confirm_name-error", class_name="field-error", role="alert"),
        class_name="field",
    )

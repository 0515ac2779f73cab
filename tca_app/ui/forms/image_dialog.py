"""The dialog that uploads an image: the browser sends it by REST, because frames of the live connection are small."""

from typing import Any

import reflex as rx

from tca_app.ui.components.basic import button
from tca_app.ui.components.dialogs import DIALOG_TEXT, DIALOG_TITLE
from tca_app.ui.components.open_dialogs import is_open_here
from tca_app.ui.components.text import t


def image_dialog(
    name: str, *, title: str, text: str, url: str, types: str, max_kb: int, side: int = 0, state: Any
) -> rx.Component:
    """Its form is sent by assets/console/image-upload.js. `state` has `is_choosing`, `close_upload` and `uploaded`.

    With `side` the browser cuts a square and makes it that small first, so that a photo of a phone can be chosen.
    """
    return rx.dialog.root(
        rx.dialog.content(
            rx.dialog.title(title, custom_attrs=DIALOG_TITLE),
            rx.dialog.description(text, custom_attrs=DIALOG_TEXT),
            rx.el.form(
                rx.el.div(class_name="notice error", role="alert", hidden=True, custom_attrs={"data-form-error": ""}),
                _file_field(name, types),
                rx.el.div(
                    button(t("Cancel"), on_click=state.close_upload(False)),
                    button(t("Upload"), kind="primary", type="submit"),
                    rx.el.button(
                        type="button", hidden=True, on_click=state.uploaded, custom_attrs={"data-uploaded": ""}
                    ),
                    class_name="dialog-foot",
                ),
                no_validate=True,
                class_name="dialog-form",
                custom_attrs={"data-image": url, "data-max-kb": str(max_kb), "data-side": str(side)},
            ),
            max_width="440px",
        ),
        open=is_open_here(state, state.is_choosing),
        on_open_change=state.close_upload,
    )


def _file_field(name: str, types: str) -> rx.Component:
    return rx.el.div(
        rx.el.label(t("Image"), html_for=f"{name}-file"),
        rx.el.input(
            type="file",
            name="content",
            accept=types,
            class_name="input file",
            aria_describedby=f"{name}-file-error",
            custom_attrs={"id": f"{name}-file"},
        ),
        rx.el.span(
            id=f"{name}-file-error",
            class_name="field-error",
            role="alert",
            custom_attrs={"data-error-for": "content"},
        ),
        class_name="field",
    )

"""The form that asks the browser for a passkey and sends its response."""

from typing import Any

import reflex as rx


def passkey_form(ceremony: str, options: Any, on_response: Any) -> rx.Component:
    """Shows nothing. Once there are `options`, assets/console/passkeys.js asks the device ("create" or "get").

    The handler gets the response as JSON in `credential`, or "" when there is none.
    """
    return rx.el.form(
        rx.el.input(type="hidden", name="credential"),
        on_submit=on_response,
        hidden=True,
        custom_attrs={"data-passkey": ceremony, "data-options": options},
    )

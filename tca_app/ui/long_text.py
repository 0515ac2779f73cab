"""Text that may be very long, such as a version that is an image reference with its digest."""

from typing import Any

import reflex as rx

TAIL = 12  # characters of the end that stay, enough to tell two digests apart


def cut_in_middle(text: Any) -> rx.Component:
    """One line that loses its middle where it does not fit; the whole text is shown on hover.

    Only the stylesheet cuts: a screen reader, a search in the page and a copy get everything.
    """
    whole = rx.Var.create(text).to(str)
    cut = rx.el.span(
        rx.el.span(whole[:-TAIL], class_name="start"),
        rx.el.span(whole[-TAIL:], class_name="end"),
        class_name="cut-middle",
        title=whole,
    )
    return rx.cond(whole.length() > 2 * TAIL, cut, whole)

"""Shortens very long text, such as a version that is an image reference with its digest."""

import re
from typing import Any

import reflex as rx

HEAD, TAIL = 24, 12  # characters to keep; the end is enough to tell two digests apart
_LONG_WORD = re.compile(rf"\S{{{2 * (HEAD + TAIL)},}}")


def shorten_words(text: str) -> str:
    """Cuts the middle out of very long words of a sentence, so that it fits in a line or two."""
    return _LONG_WORD.sub(lambda word: f"{word[0][:HEAD]}…{word[0][-TAIL:]}", text)


def cut_in_middle(text: Any) -> rx.Component:
    """One line whose middle is cut where it does not fit. The whole text is shown on hover.

    Only the stylesheet cuts it: screen readers, a search in the page and the clipboard get the whole text.
    """
    whole = rx.Var.create(text).to(str)
    cut = rx.el.span(
        rx.el.span(whole[:-TAIL], class_name="start"),
        rx.el.span(whole[-TAIL:], class_name="end"),
        class_name="cut-middle",
        title=whole,
    )
    return rx.cond(whole.length() > 2 * TAIL, cut, rx.el.span(whole, class_name="cut-end", title=whole))

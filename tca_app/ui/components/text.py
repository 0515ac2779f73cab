"""Texts of pages in the language of the viewer.

A page is compiled once, for everybody. So a text of it is an expression for the browser, which looks the message up in
the catalogue that the page was loaded with; without one it is the English message itself.
"""

from dataclasses import dataclass
from typing import Any, cast

import reflex as rx
from reflex.vars import StringVar, VarData
from reflex.vars.base import LiteralVar
from reflex_base.utils.imports import ImportVar

from tca_app.core.language.messages import _, is_speaking, ngettext

MODULE = "$/public/console/language.js"
PAGE_MESSAGES: set[str] = set()  # of the pages that were compiled: what the catalogue of a page has to hold


@dataclass(frozen=True, eq=False)
class Message(StringVar[str]):
    """A text of a page. It is never empty, so that `if hint` asks whether there is one."""

    def __bool__(self) -> bool:
        return True


def t(message: str, **values: Any) -> str:
    """Returns the message of a page, with the values in place of `{name}`.

    A value is a text, a var, or a component that stands in the sentence, such as a link. What is returned is a var,
    whose text the browser never reads as markup. A function that an event calls gets the text itself.
    """
    if is_speaking():
        return _(message, **values)
    PAGE_MESSAGES.add(message)
    has_parts = any(isinstance(value, rx.Component) for value in values.values())
    return _call("parts" if has_parts else "t", message, *([values] if values else []))


def shown(text: Any) -> Any:
    """Returns a label for a page: that of a constant in the language of the viewer, a var as it is."""
    return t(text) if isinstance(text, str) and text else text


def nt(one: str, many: str, count: Any, **values: Any) -> str:
    """Returns the message in the plural form for `count`, a var, which is a value too."""
    if is_speaking():
        return ngettext(one, many, count, **values)
    PAGE_MESSAGES.add(one)
    return _call("nt", one, many, count, *([values] if values else []))


def _call(function: str, *arguments: Any) -> str:
    literals = [LiteralVar.create(argument) for argument in arguments]
    data = VarData(imports={MODULE: [ImportVar(tag=function, alias=f"{function}_")]})
    expression = f"{function}_({', '.join(map(str, literals))})"
    merged = VarData.merge(data, *(one._get_all_var_data() for one in literals))
    # A page is built of it as of a text, and mypy knows texts: see ui/var.py, where it is the other way round.
    return cast("str", Message(_js_expr=expression, _var_type=str, _var_data=merged))

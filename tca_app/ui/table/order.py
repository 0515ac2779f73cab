"""The order of a list in the URL: the heads that change it, and the state of a short list without pages."""

import functools
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, get_args

import reflex as rx
from pydantic import BaseModel

from tca_app.ui.components.basic import glyph, select_box
from tca_app.ui.components.text import shown, t
from tca_app.ui.session import SessionMixin
from tca_app.ui.table.urls import query_url
from tca_app.ui.url import fields_of, page_url
from tca_app.ui.var import as_var


@dataclass(frozen=True, slots=True)
class Order:
    """The orders of a short list, and the parameter of the URL: a page may have several lists."""

    parameter: str
    sorts: tuple[str, ...]
    default: str

    @classmethod
    def of(cls, parameter: str, query: type[BaseModel]) -> "Order":
        """Returns the orders of the field `sort` of a query."""
        field = query.model_fields["sort"]
        return cls(parameter, get_args(field.annotation), field.default)

    def in_url(self, url: str) -> str:
        """Returns the order that a URL names, which may have been typed by hand."""
        given = fields_of(url).get(self.parameter, "")
        return given if given in self.sorts else self.default


class OrderState(SessionMixin, mixin=True):
    """Mixin of a short list without search and pages. The feature sets `_order` and asks its service for `_sorted()`.

    `sort` is what the heads show; `sort_query` is the same for the link of a file.
    """

    sort: str = ""
    sort_query: str = ""

    _order: ClassVar[Order]

    def _sorted(self) -> str:
        """Returns the order in the URL, and shows it."""
        sort = self._order.in_url(page_url(self.router_data))
        if self.sort != sort:
            self.sort = sort
            self.sort_query = "" if sort == self._order.default else f"sort={sort}"
        return sort


def sort_button(
    state: Any, label: Any, key: Any, *, is_descending: bool = False, parameter: str = "sort", **props: Any
) -> rx.Component:
    """The button that sorts by `key`, at first ascending unless `is_descending`, and turned round by the next click."""
    first, second = (f"-{key}", key) if is_descending else (key, f"-{key}")
    order = rx.cond(state.sort == key, "ascending", rx.cond(state.sort == f"-{key}", "descending", ""))
    return rx.el.button(
        shown(label),
        glyph("arrow-down"),
        type="button",
        class_name="sort",
        on_click=rx.redirect(_sorted_url(parameter, rx.cond(state.sort == first, second, first))),
        custom_attrs={"data-order": order},
        **props,
    )


def sort_direction(state: Any, *keys: Any) -> rx.Var[str]:
    """The `aria-sort` of a head that sorts by these keys."""
    sort = as_var(state.sort).to(str)
    ascending, descending = (
        functools.reduce(operator.or_, (sort == f"{sign}{key}" for key in keys)) for sign in ("", "-")
    )
    return rx.cond(ascending, "ascending", rx.cond(descending, "descending", "none"))


def sortable_head(
    state: Any,
    key: str,
    label: Any,
    *,
    parameter: str = "sort",
    attributes: Mapping[str, Any] | None = None,
    **props: Any,
) -> rx.Component:
    """The head of a column by which a list can be sorted. `attributes` are those without a name in Python."""
    return rx.el.th(
        sort_button(state, label, key, parameter=parameter),
        scope="col",
        custom_attrs={"aria-sort": sort_direction(state, key), **(attributes or {})},
        **props,
    )


def _sorted_url(parameter: str, sort: Any) -> rx.Var[str]:
    """Returns this page's URL with another order. A list with pages shows its first one again."""
    return query_url(**{parameter: sort}, **({"page": ""} if parameter == "sort" else {}))


def sort_select(
    state: Any, sorts: Sequence[tuple[str, Any]], *others: rx.Component | None, default: str, parameter: str = "sort"
) -> rx.Component:
    """The same choice for a phone, where rows are cards without heads. `sorts` are (sort key, label).

    `default` is the order without a choice, which may be by what no column shows.
    """
    is_shown = default.removeprefix("-") in dict(sorts)
    return select_box(
        None if is_shown else rx.el.option(t("Default order"), value=default),
        *(
            rx.el.option(label, ", ", word, value=f"{sign}{key}")
            for key, label in sorts
            for sign, word in (("", t("ascending")), ("-", t("descending")))
        ),
        *others,
        value=state.sort,
        on_change=lambda key: rx.redirect(_sorted_url(parameter, key)),
        aria_label=t("Sort by"),
    )

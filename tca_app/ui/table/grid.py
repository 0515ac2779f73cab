"""The grid of the shared table: its head, its rows with checkbox and menu, and the placeholder while it loads."""

import functools
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import reflex as rx

from tca_app.ui.components.basic import icon_button
from tca_app.ui.components.menus import menu
from tca_app.ui.components.text import shown, t
from tca_app.ui.table.order import sort_button as sort_button, sort_direction as sort_direction, sortable_head
from tca_app.ui.table.parts import as_cards
from tca_app.ui.table.preferences import hidden_numbers
from tca_app.ui.table.selection.ticks import row_attrs, tick_cell, tick_head
from tca_app.ui.var import as_var

SKELETON_ROWS = 8
# Computed by the browser when it sends the event.
FOCUSED_ROW: rx.Var[int] = rx.Var(
    "Number(document.activeElement?.closest('[data-row]')?.dataset.row ?? 0)", _var_type=int
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column. `cell` renders the row var; without it the row's `key` is shown. `sort_key` if not `key`.

    A `wide` column takes this share, in percent, of the width that the others leave, and cuts what does not fit: see
    `cut`. A column that is not `on_tablet` is shown only where there is room for it, one that is not `on_narrow` also
    where there is a little less, and in the cards of a phone: the list is measured, because the sidebar may be open or
    not. One that is `in_trash` is shown only there, after the others; one that is not is hidden there. On a phone a row
    is a card: the first column is its title, the last badge stands beside it, and the others follow with their labels,
    unless they are not `on_phone`, because the title says the same. The label of one that is not `is_labelled` is for
    screen readers.
    """

    key: str
    label: str
    cell: Callable[[Any], Any] | None = None
    sortable: bool = False
    sort_key: str = ""
    on_phone: bool = True
    align_right: bool = False
    wide: int = 0
    on_tablet: bool = True
    on_narrow: bool = True
    is_labelled: bool = True
    in_trash: bool | None = None  # None: always

    @property
    def class_name(self) -> str:
        flags = (
            ("hide-phone", not self.on_phone),
            ("hide-tablet", not self.on_tablet),
            ("hide-narrow", not self.on_narrow),
            ("right num", self.align_right),
            ("wide", self.wide),
        )
        return " ".join(name for name, is_on in flags if is_on)

    @property
    def attributes(self) -> dict[str, Any]:
        """The share of its head. As a plain attribute: the stylesheet has shares for heads without one."""
        return {"style": {"width": f"{self.wide}%"}} if self.wide else {}


def cut(text: Any, class_name: str = "") -> rx.Component:
    """One line of text in a cell. The whole text is shown on hover."""
    return rx.el.span(text, class_name=f"truncate {class_name}".strip(), title=text)


def sort_head(state: Any, column: Column, **props: Any) -> rx.Component:
    """The head of a column by which the list can be sorted."""
    return sortable_head(
        state,
        column.sort_key or column.key,
        shown(column.label),
        class_name=column.class_name,
        attributes=column.attributes,
        **props,
    )


@dataclass(frozen=True, slots=True)
class RowAction:
    """An entry of a row's menu, which sends `event(row)`. `shown(row)` may hide it.

    `key` does it for the focused row: `event` may then read only the id of `row`, and must refuse what is not allowed.
    """

    label: str
    event: Callable[[Any], Any]
    danger: bool = False
    shown: Callable[[Any], Any] | None = None
    key: str = ""


@dataclass(frozen=True, slots=True)
class Grid:
    """The rows of one table."""

    state: Any
    columns: tuple[Column, ...]
    label: str
    row_name: Callable[[Any], Any]
    actions: tuple[RowAction, ...]
    is_selectable: bool

    def body(self) -> rx.Component:
        heads = (self._where_shown(column, self._head(column)) for column in self.columns)
        return rx.el.div(
            rx.el.table(
                rx.el.caption(self.label, class_name="sr-only"),
                rx.el.thead(
                    rx.el.tr(
                        tick_head(self.state) if self.is_selectable else None,
                        *heads,
                        self._end(),
                    )
                ),
                rx.cond(
                    self.state.is_loaded,
                    rx.el.tbody(rx.foreach(self.state.rows, lambda row: self._row(row))),
                    # One cell for each row: the browser draws them before it runs the first script.
                    rx.el.tbody(
                        *(rx.el.tr(rx.el.td(col_span=99)) for _ in range(SKELETON_ROWS)),
                        class_name="skeleton-rows",
                        aria_hidden="true",
                    ),
                ),
                **as_cards(
                    rx.cond(self.state.is_compact, "table row-cards compact", "table row-cards"),
                    self._labels(),
                    **{"data-hide": self._hidden()},
                ),
            ),
            *(self._hotkey(action) for action in self.actions if action.key),
            class_name="table-scroll",
        )

    def _hidden(self) -> rx.Var[str]:
        before = [""] if self.is_selectable else []
        chosen = hidden_numbers(self.state, [*before, *(column.key for column in self.columns)])
        elsewhere = [f"c{n}" for n, column in enumerate(self.columns, len(before) + 1) if column.in_trash is False]
        return rx.cond(self.state.is_trash, chosen.to(str) + f" {' '.join(elsewhere)}", chosen) if elsewhere else chosen

    def _where_shown(self, column: Column, cell: rx.Component) -> rx.Component:
        return rx.cond(self.state.is_trash, cell) if column.in_trash else cell

    def _labels(self) -> list[Any]:
        """The labels of the cards, one for each cell of a row. The first column is the title and has none."""
        before = [""] if self.is_selectable else []
        return [*before, "", *(shown(column.label) if column.is_labelled else "" for column in self.columns[1:])]

    def _hotkey(self, action: RowAction) -> rx.Component:
        """A hidden button that console/grid.js presses for the key. Each row would need its own otherwise."""
        row = {"id": FOCUSED_ROW}
        return rx.el.button(
            type="button", hidden=True, on_click=action.event(row), custom_attrs={"data-row-key": action.key}
        )

    def _head(self, column: Column) -> rx.Component:
        if not column.sortable:
            label = shown(column.label) if column.is_labelled else rx.el.span(shown(column.label), class_name="sr-only")
            return rx.el.th(label, scope="col", class_name=column.class_name, custom_attrs=column.attributes)
        return sort_head(self.state, column)

    def _row(self, row: Any) -> rx.Component:
        return rx.el.tr(
            tick_cell(self.state, row, self.row_name(row)) if self.is_selectable else None,
            *(self._where_shown(column, self._cell(column, row)) for column in self.columns),
            self._menu(row),
            # No key, so that the next page reuses the rendered rows, which is much cheaper.
            class_name=rx.cond(
                self.state.flashed.contains(row["id"]), rx.cond(self.state.flash_turn, "flash-a", "flash-b"), ""
            ),
            **row_attrs(row, self.state),
        )

    def _cell(self, column: Column, row: Any) -> rx.Component:
        shown = column.cell(row) if column.cell else row[column.key]
        return rx.el.td(shown, class_name=column.class_name)

    def _menu(self, row: Any) -> rx.Component | None:
        if not self.actions:
            return None
        row_menu = menu(
            lambda: icon_button(t("Actions for {row}", row=self.row_name(row)), "ellipsis", "ghost small"),
            *(self._menu_item(action, row) for action in self.actions),
        )
        conditions = [as_var(action.shown(row)).to(bool) for action in self.actions if action.shown]
        if len(conditions) == len(self.actions):
            row_menu = rx.cond(functools.reduce(operator.or_, conditions), row_menu)
        return rx.el.td(row_menu, class_name="act")

    def _menu_item(self, action: RowAction, row: Any) -> rx.Component:
        item = rx.menu.item(
            shown(action.label), on_click=action.event(row), **({"color_scheme": "red"} if action.danger else {})
        )
        return rx.cond(action.shown(row), item) if action.shown else item

    def _end(self) -> rx.Component | None:
        if not self.actions:
            return None
        return rx.el.th(rx.el.span(t("Actions"), class_name="sr-only"), scope="col", class_name="act")

"""The rows of a long table, of which only those near the view are drawn."""

from collections.abc import Callable
from typing import Any

import reflex as rx
from reflex.vars.function import ArgsFunctionOperation, FunctionStringVar
from reflex_base.constants import MemoizationMode

_MAP: FunctionStringVar[Any] = FunctionStringVar.create("Array.prototype.map.call")


class RowBlocks(rx.Component):
    """The component of assets/console/row-blocks.js."""

    library = "$/public/console/row-blocks.js"
    tag = "RowBlocks"

    rows: rx.Var[list[Any]]
    changes: rx.Var[dict[str, Any]]
    order: rx.Var[str]
    draw: rx.Var[Any]

    _memoization_mode = MemoizationMode(recursive=False)


Draw = Callable[[Any, Any], rx.Component]


def row_blocks(rows: Any, draw: Draw, **live: Any) -> rx.Component:
    """The bodies of a table. `draw(row, index)` is a row; it is called in the browser for the rows near the view.

    `changes` are newer rows by their id; with another `order` the view begins at the top. Columns need fixed widths,
    because the widest cell may not be drawn.
    """
    return RowBlocks.create(rows=rows, draw=_function(rows, ("row", "index"), draw), **live)


def cells_in_row(cells: Any, draw: Draw) -> rx.Component:
    """The cells of a row of `row_blocks`, where `rx.foreach` cannot stand. `draw(cell, column)` is a cell."""
    return rx.fragment(_MAP.call(cells, _function(cells, ("cell", "column"), draw)))


def _function(items: Any, names: tuple[str, str], draw: Draw) -> rx.Var[Any]:
    item, number = rx.Var(names[0]).to(items[0]._var_type), rx.Var(names[1]).to(int)
    drawn = draw(item, number)
    drawn.key = number
    return ArgsFunctionOperation.create(names, rx.Var.create(drawn))

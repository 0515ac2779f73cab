"""The selected rows of a list."""

from typing import Any, ClassVar

import reflex as rx

from tca_app.ui.handlers import handler
from tca_app.ui.session import SessionMixin


class SelectionState(SessionMixin, mixin=True):
    """Mixin for a list whose rows can be selected. Its handler `load` reads `rows`, `total` and more than these."""

    rows: list[Any] = []  # a feature annotates its own TypedDict, with an `id: int`
    total: int = 0
    selected: list[int] = []
    is_everything: bool = False  # with all rows of the page those of the other pages are selected, too

    _anchor: int = 0  # the row that was selected last, from which a range starts
    load: ClassVar[Any]  # the feature's handler

    def _keep_selected(self, rows: list[Any]) -> None:
        """Deselects the rows that are no longer in the list."""
        here = {row["id"] for row in rows}
        if any(row_id not in here for row_id in self.selected):
            self.selected = [row_id for row_id in self.selected if row_id in here]

    @rx.var
    def is_trash(self) -> bool:
        """Whether the list is the trash. Only tables have one."""
        return False

    @rx.var
    def is_all_selected(self) -> bool:
        return bool(self.rows) and len(self.selected) == len(self.rows)

    @handler("signed_in")
    async def toggle_row(self, row_id: int, is_range: bool = False) -> None:
        """Selects or deselects a row of the page, or with `is_range` all rows between the last one and this one."""
        shown = [row["id"] for row in self.rows]
        if row_id not in shown:
            return
        start = self._anchor if is_range and self._anchor in shown else row_id
        first, last = sorted((shown.index(start), shown.index(row_id)))
        between = shown[first : last + 1]
        others = [kept for kept in self.selected if kept not in between]
        self.selected = others if row_id in self.selected else [*others, *between]
        self._anchor, self.is_everything = row_id, False

    @handler("signed_in")
    async def toggle_all(self) -> None:
        self.selected = [] if len(self.selected) == len(self.rows) else [row["id"] for row in self.rows]
        self.is_everything = False

    @handler("signed_in")
    async def clear_selection(self) -> None:
        self.selected, self.is_everything = [], False

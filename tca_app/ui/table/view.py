"""The shared table: server-side search, filters, sort and pagination in the URL, selection, row actions, keyboard.

A feature writes its state from `TableState` and its page with `data_table`:

    class UserRow(TypedDict):
        id: int
        username: str

    class UsersState(TableState, SessionState):
        rows: list[UserRow] = []
        _spec: ClassVar = TableSpec(sorts=("username", "created_at"), default_sort="-created_at",
                          filters=(Filter("active", "Status", (("true", "Active"), ("false", "Inactive"))),))

        async def _fetch(self, session, actor, query):
            page = await users.list_users(session, actor, search=query.search, sort=query.sort,
                                          is_active=query.filters["active"], skip=query.skip, limit=query.limit)
            return [UserRow(id=u.id, username=u.username) for u in page.items], page.total, page.capped

        @handler("users.manage", supersedes=True)
        async def load(self) -> None:
            await self._load()

    @page(routes.USERS, "Users", permission="users.manage", on_load=(UsersState.load,))
    def users_page():
        return rx.fragment(
            page_header("Users", "...", button("New user", kind="primary", on_click=UsersState.open_create)),
            data_table(UsersState, columns=[Column("username", "User", cell=..., sortable=True)], ...),
        )

A change of search, filter, sort or page is a navigation in the browser; the page's on_load then reads the URL. This
takes one round trip, and back, reload and a shared link restore the view.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import reflex as rx

from tca_app.ui.components import button, empty_state, error_state, icon_button, link, skeleton
from tca_app.ui.table.parts import foot, no_match, query_url, tools_row
from tca_app.ui.table.state import Filter, TableQuery, TableSpec, TableState

__all__ = [
    "BulkAction",
    "Column",
    "Filter",
    "RowAction",
    "TableQuery",
    "TableSpec",
    "TableState",
    "data_table",
    "open_link",
]

SKELETON_ROWS = 8


@dataclass(frozen=True, slots=True)
class Column:
    """A column. `cell` renders the row var; without it the row's `key` is shown. `sort_key` if not `key`."""

    key: str
    label: str
    cell: Callable[[Any], Any] | None = None
    sortable: bool = False
    sort_key: str = ""
    on_phone: bool = True
    align_right: bool = False

    @property
    def class_name(self) -> str:
        return " ".join(n for n, on in (("hide-phone", not self.on_phone), ("right num", self.align_right)) if on)


@dataclass(frozen=True, slots=True)
class RowAction:
    """An entry of a row's menu, which sends `event(row)`. `shown(row)` may hide it."""

    label: str
    event: Callable[[Any], Any]
    danger: bool = False
    shown: Callable[[Any], Any] | None = None


@dataclass(frozen=True, slots=True)
class BulkAction:
    """A button that appears while rows are selected and, if given, `shown` is true; it reads `self.selected`."""

    label: str
    event: Any
    danger: bool = False
    shown: Any = None


def data_table(
    state: Any,
    *,
    columns: Sequence[Column],
    label: str,
    search_label: str,
    on_retry: Any,
    row_name: Callable[[Any], Any] | None = None,
    actions: Sequence[RowAction] = (),
    bulk: Sequence[BulkAction] = (),
    empty: rx.Component | None = None,
    tools: Sequence[rx.Component] = (),
    instead: tuple[Any, rx.Component] | None = None,
) -> rx.Component:
    """The table of a TableState.

    `label` names it for screen readers ("Users"), `search_label` is the search box's name and placeholder. The first
    column's cell should contain `open_link(text, url)`: Enter on the row follows it. `row_name(row)` is in the names of
    the row's checkbox and menu. `empty` is shown when there are no rows yet; `tools` are beside the filters. `instead`
    is another view of the same rows, and when to show it.
    """
    table = _Table(state, tuple(columns), label, row_name or (lambda row: row["id"]), tuple(actions), tuple(bulk))
    body, bulk_bar = table.body(), table.bulk_bar() if bulk else None
    if instead:
        body = rx.cond(instead[0], instead[1], body)
        bulk_bar = rx.cond(~instead[0], bulk_bar) if bulk else None
    nothing = empty or empty_state("Nothing here yet", "New entries appear here.")
    return rx.el.div(
        tools_row(state, search_label, tools),
        rx.el.div(
            bulk_bar,
            rx.cond(
                state.load_error != "",
                error_state(state.load_error, on_retry),
                rx.cond(
                    state.is_loaded & (state.rows.length() == 0),
                    rx.cond(state.is_filtered, no_match(state), nothing),
                    rx.fragment(body, foot(state)),
                ),
            ),
            class_name="table-frame",
        ),
    )


def open_link(text: Any, to: Any) -> rx.Component:
    """The link of a row's first cell; Enter on the row follows it."""
    return link(text, to=to, class_name="cell-title", custom_attrs={"data-open": ""})


@dataclass(frozen=True, slots=True)
class _Table:
    state: Any
    columns: tuple[Column, ...]
    label: str
    row_name: Callable[[Any], Any]
    actions: tuple[RowAction, ...]
    bulk: tuple[BulkAction, ...]

    def body(self) -> rx.Component:
        return rx.el.div(
            rx.el.table(
                rx.el.caption(self.label, class_name="sr-only"),
                rx.el.thead(rx.el.tr(self._all_tick(), *(self._head(column) for column in self.columns), self._end())),
                rx.cond(
                    self.state.is_loaded,
                    rx.el.tbody(rx.foreach(self.state.rows, lambda row: self._row(row))),
                    rx.el.tbody(*(self._skeleton_row(i) for i in range(SKELETON_ROWS)), aria_hidden="true"),
                ),
                class_name="table",
            ),
            class_name="table-scroll",
        )

    def _head(self, column: Column) -> rx.Component:
        if not column.sortable:
            return rx.el.th(column.label, scope="col", class_name=column.class_name)
        key = column.sort_key or column.key
        state = self.state
        turned = rx.cond(state.sort == key, f"-{key}", key)
        return rx.el.th(
            rx.el.button(
                column.label,
                rx.icon("arrow-down", size=12, aria_hidden="true", class_name="arrow"),
                type="button",
                class_name="sort",
                on_click=rx.redirect(query_url(sort=turned, page="")),
            ),
            scope="col",
            class_name=column.class_name,
            custom_attrs={
                "aria-sort": rx.cond(
                    state.sort == key, "ascending", rx.cond(state.sort == f"-{key}", "descending", "none")
                )
            },
        )

    def _row(self, row: Any) -> rx.Component:
        return rx.el.tr(
            self._tick(row),
            *(self._cell(column, row) for column in self.columns),
            self._menu(row),
            # No key, so that the next page reuses the rendered rows, which is much cheaper.
            tab_index=-1,
            class_name=rx.cond(
                self.state.flashed.contains(row["id"]), rx.cond(self.state.flash_turn, "flash-a", "flash-b"), ""
            ),
            custom_attrs={"data-row": row["id"], "data-selected": self.state.selected.contains(row["id"])},
        )

    def _cell(self, column: Column, row: Any) -> rx.Component:
        shown = column.cell(row) if column.cell else row[column.key]
        return rx.el.td(shown, class_name=column.class_name)

    def _all_tick(self) -> rx.Component | None:
        if not self.bulk:
            return None
        return rx.el.th(
            rx.el.input(
                type="checkbox",
                class_name="checkbox",
                aria_label="Select all rows of this page",
                checked=self.state.is_all_selected,
                on_change=self.state.toggle_all(),
            ),
            scope="col",
            class_name="tick",
        )

    def _tick(self, row: Any) -> rx.Component | None:
        if not self.bulk:
            return None
        return rx.el.td(
            rx.el.input(
                type="checkbox",
                class_name="checkbox",
                aria_label=f"Select {self.row_name(row)}",
                checked=self.state.selected.contains(row["id"]),
                on_change=self.state.toggle_row(row["id"]),
            ),
            class_name="tick",
        )

    def _menu(self, row: Any) -> rx.Component | None:
        if not self.actions:
            return None
        return rx.el.td(
            rx.menu.root(
                rx.menu.trigger(icon_button(f"Actions for {self.row_name(row)}", "ellipsis", "ghost small")),
                rx.menu.content(*(self._menu_item(action, row) for action in self.actions), align="end"),
            ),
            class_name="act",
        )

    def _menu_item(self, action: RowAction, row: Any) -> rx.Component:
        item = rx.menu.item(
            action.label, on_click=action.event(row), **({"color_scheme": "red"} if action.danger else {})
        )
        return rx.cond(action.shown(row), item) if action.shown else item

    def _end(self) -> rx.Component | None:
        if not self.actions:
            return None
        return rx.el.th(rx.el.span("Actions", class_name="sr-only"), scope="col", class_name="act")

    def _skeleton_row(self, index: int) -> rx.Component:
        widths = ("60%", "45%", "70%", "50%")
        return rx.el.tr(
            rx.el.td(class_name="tick") if self.bulk else None,
            *(
                rx.el.td(skeleton(widths[(index + place) % 4]), class_name=column.class_name)
                for place, column in enumerate(self.columns)
            ),
            rx.el.td(class_name="act") if self.actions else None,
        )

    def bulk_bar(self) -> rx.Component:
        count = self.state.selected.length()
        return rx.cond(
            count > 0,
            rx.el.div(
                rx.el.strong(count, " selected", class_name="num", role="status"),
                *(self._bulk_button(action) for action in self.bulk),
                button("Clear", kind="small ghost", on_click=self.state.clear_selection()),
                class_name="bulk-bar",
                role="region",
                aria_label="Selected rows",
            ),
        )

    def _bulk_button(self, action: BulkAction) -> rx.Component:
        kind = "small danger-quiet" if action.danger else "small"
        shown = button(action.label, kind=kind, on_click=action.event)
        return shown if action.shown is None else rx.cond(action.shown, shown)

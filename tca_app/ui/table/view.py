"""The shared table: server-side search, filters, sort and pagination in the URL, selection, row actions, keyboard.

A feature writes its state from `TableState`, or from `BulkActions` where rows can be selected, and its page with
`data_table`:

    class UserRow(TypedDict):
        id: int
        username: str

    class UsersState(BulkActions, SessionState):
        rows: list[UserRow] = []
        _spec: ClassVar = TableSpec(sorts=("username", "created_at"), default_sort="-created_at", filters=(TRASH,))
        _bulk: ClassVar = BulkSpec("users.manage", "user", (BulkAction("delete", "Delete", "moved to trash"), RESTORE))

        async def _fetch(self, session, actor, query):
            page = await users.list_users(session, actor, search=query.search, sort=query.sort,
                                          deleted=query.filters["view"] == "trash", skip=query.skip, limit=query.limit)
            return [UserRow(id=u.id, username=u.username) for u in page.items], page.total, page.capped

        async def _apply(self, session, actor, action, ids):
            return await users.bulk_users(session, actor, UserBulk(action=action, ids=ids))

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
from typing import Any, get_args

import reflex as rx

from tca_app.features.views.lists import ViewedList
from tca_app.ui.components.basic import icon_button, link
from tca_app.ui.components.placeholders import empty_state, error_state
from tca_app.ui.components.text import shown, t
from tca_app.ui.saved_views.view import views_menu
from tca_app.ui.table.bulk import BulkActions
from tca_app.ui.table.bulk_view import bulk_bar, bulk_dialog, refusals_notice
from tca_app.ui.table.filters import chips
from tca_app.ui.table.grid import Column, Grid, RowAction
from tca_app.ui.table.parts import foot, no_match, tools_row
from tca_app.ui.table.preferences import view_menu
from tca_app.ui.table.state import TRASH, TableState
from tca_app.ui.table.urls import query_url
from tca_app.ui.var import as_var


def data_table(
    state: type[TableState],
    *,
    columns: Sequence[Column],
    label: str,
    search_label: str,
    row_name: Callable[[Any], Any],
    empty: rx.Component,
    actions: Sequence[RowAction] = (),
    question: rx.Component | None = None,
    switch: rx.Component | None = None,
    tools: Sequence[rx.Component] = (),
    instead: tuple[Any, rx.Component] | None = None,
    above: rx.Component | None = None,
) -> rx.Component:
    """The table of a TableState.

    `label` names it for screen readers ("Users"), `search_label` is the search box's name and placeholder. The first
    column's cell should contain `open_link(text, url)`: Enter on the row follows it. `row_name(row)` is in the names of
    the row's checkbox and menu. `question` is shown in the confirmation of bulk actions. `empty` is shown when there
    are no rows yet. Beside the filters are `switch`, which chooses a view, and `tools`. `instead` is another view of
    the same rows, and when to show it; `above` stands between the filters and the table, and follows the filters, too.
    """
    bulk = state if issubclass(state, BulkActions) else None
    body = Grid(state, tuple(columns), label, row_name, tuple(actions), bulk is not None).body()
    bar = bulk_bar(bulk) if bulk else None
    if TRASH in state._spec.filters:
        empty = rx.cond(state.is_trash, empty_state(t("The trash is empty"), state.trash_text, icon="trash-2"), empty)
    before = [switch] if switch else []
    if instead:
        body = rx.cond(instead[0], instead[1], body)
        bar = rx.cond(~instead[0], bar) if bar else None
    return rx.el.div(
        refusals_notice(bulk) if bulk else None,
        tools_row(state, search_label, [*before, *_view_menu(state, columns), *tools], _sorts(columns)),
        chips(state),
        above,
        rx.el.div(
            bar,
            rx.cond(
                state.load_error != "",
                error_state(state.load_error, state.load),
                rx.cond(
                    state.is_loaded & (as_var(state.rows).length() == 0),
                    rx.cond(state.is_filtered, no_match(state), empty),
                    rx.fragment(body, foot(state)),
                ),
            ),
            class_name="table-frame",
        ),
        bulk_dialog(bulk, question) if bulk else None,
    )


def _view_menu(state: type[TableState], columns: Sequence[Column]) -> list[rx.Component]:
    menu = [view_menu(state, {column.key: shown(column.label) for column in columns})] if state._spec.name else []
    trash = [_trash_button(state)] if TRASH in state._spec.filters else []
    return [*([views_menu()] if state._spec.name in get_args(ViewedList) else []), *menu, *trash]


def _trash_button(state: type[TableState]) -> rx.Component:
    """Shows the trash of the list, and the list again."""
    return icon_button(
        t("Trash"),
        "trash-2",
        "",
        aria_pressed=rx.cond(state.is_trash, "true", "false"),
        on_click=rx.redirect(query_url(**{TRASH.key: rx.cond(state.is_trash, "", "trash"), "page": ""})),
    )


def _sorts(columns: Sequence[Column]) -> list[tuple[str, Any]]:
    return [
        (column.sort_key or column.key, shown(column.label))
        for column in columns
        if column.sortable and not column.in_trash
    ]


def open_link(text: Any, to: Any) -> rx.Component:
    """The link of a row's first cell; Enter on the row follows it."""
    title = {"title": text} if isinstance(text, rx.Var) else {}
    return link(text, to=to, class_name="cell-title truncate", custom_attrs={"data-open": ""}, **title)

"""The toolbar above the shared table and the pagination below it. Both change only the URL."""

from collections.abc import Sequence
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from tca_app.core.lists.query import PAGE_SIZES
from tca_app.core.schema import MAX_SEARCH
from tca_app.ui.components.basic import button, icon_button, link, select_box
from tca_app.ui.components.menus import menu
from tca_app.ui.components.placeholders import empty_state
from tca_app.ui.components.text import t
from tca_app.ui.table.filters import cleared_url, filter_controls
from tca_app.ui.table.order import OrderState, sort_select, sortable_head
from tca_app.ui.table.preferences import PreferenceState, hidden_numbers
from tca_app.ui.table.selection.state import SelectionState
from tca_app.ui.table.selection.ticks import tick_head
from tca_app.ui.table.sheet import filter_menu, filter_sheet
from tca_app.ui.table.state import TableState
from tca_app.ui.table.urls import query_url as query_url
from tca_app.ui.var import as_var

Head = tuple[str, str] | tuple[str, str, str]


def plain_table(
    label: str,
    heads: Sequence[Head],
    rows: rx.Component,
    *,
    is_cards: bool = True,
    order: type[OrderState] | None = None,
    selects: type[SelectionState] | None = None,
    preference: type[PreferenceState] | None = None,
) -> rx.Component:
    """A short table without search and pagination. A head is a label (empty above actions), a class, and a sort key.

    On a phone its rows are cards, unless it has its own manner there. `order` is the state of a list with sort keys.
    `selects` is that of a list whose rows start with a `tick_cell`, `preference` that of one with a `view_menu`, whose
    columns have their sort keys.
    """
    kind, hidden = "table row-cards" if is_cards else "table", {}
    before = [""] if selects else []
    if preference:
        hidden = {"data-hide": hidden_numbers(preference, [*before, *("".join(head[2:]) for head in heads)])}
    table = rx.el.table(
        rx.el.caption(label, class_name="sr-only"),
        rx.el.thead(rx.el.tr(tick_head(selects) if selects else None, *(_plain_head(order, *head) for head in heads))),
        rx.el.tbody(rows),
        **as_cards(
            rx.cond(preference.is_compact, f"{kind} compact", kind) if preference else kind,
            [*before, "", *(label for label, *_ in heads[1:])] if is_cards else [],
            **hidden,
        ),
    )
    return rx.el.div(_plain_order(order, heads), table, class_name="table-scroll")


def _plain_head(order: type[OrderState] | None, label: str, class_name: str, key: str = "") -> rx.Component:
    if order and key:
        return sortable_head(order, key, label, parameter=order._order.parameter, class_name=class_name)
    return rx.el.th(label or rx.el.span(t("Actions"), class_name="sr-only"), scope="col", class_name=class_name)


def _plain_order(order: type[OrderState] | None, heads: Sequence[Head]) -> rx.Component | None:
    if order is None:
        return None
    sorts = [(head[2], head[0]) for head in heads if len(head) == 3]
    return rx.el.div(
        sort_select(order, sorts, default=order._order.default, parameter=order._order.parameter),
        class_name="only-phone sort-select",
    )


def as_cards(class_name: Any, labels: Sequence[Any], **attributes: Any) -> dict[str, Any]:
    """The attributes of a table whose rows are cards on a phone: the labels of its cells, which the stylesheet writes.

    So no cell needs one of its own. The title and the actions have an empty one. A plain attribute, because what
    Emotion makes of `style` stays English in a prerendered page.
    """
    texts: dict[str, Any] = {
        f"--c{at}": rx.Var(f"JSON.stringify({rx.Var.create(text)!s})") for at, text in enumerate(labels, 1) if text
    }
    return {"class_name": class_name, "custom_attrs": {"style": texts, **attributes}}


# One step back leaves the search: its first letters are an entry of the history, and further ones replace it.
_IS_SEARCHED: rx.Var[bool] = rx.Var("new URLSearchParams(window.location.search).has('q')", _var_type=bool)


def _search(text: rx.Var[str]) -> EventSpec:
    found: EventSpec = rx.redirect(query_url(q=text, page=""), replace=_IS_SEARCHED)  # type: ignore[call-overload]
    return found.debounce(300)


def tools_row(
    state: Any,
    search_label: str,
    tools: Sequence[rx.Component],
    sorts: Sequence[tuple[str, Any]] = (),
    orders: rx.Component | None = None,
) -> rx.Component:
    """One row: the search, the filters and at its end `tools`. On a phone the filters are in a `filter_sheet`."""
    menu = filter_menu(state)
    return rx.el.div(
        rx.el.div(
            rx.icon("search", size=16, aria_hidden="true"),
            rx.el.input(
                type="search",
                role="searchbox",
                class_name="input",
                placeholder=search_label,
                aria_label=search_label,
                aria_keyshortcuts="/",
                auto_complete="off",
                max_length=MAX_SEARCH,
                on_change=_search,
                custom_attrs={"data-hotkey-search": "", "data-value": state.search},
            ),
            rx.el.kbd("/", aria_hidden="true"),
            class_name="search",
        ),
        rx.el.div(*filter_controls(state), menu, class_name="filters more" if menu else "filters"),
        filter_sheet(state, sorts, orders),
        rx.el.div(*tools, class_name="tools") if tools else None,
        class_name="table-tools",
        role="search",
    )


def no_match(state: Any) -> rx.Component:
    return empty_state(
        t("No results"),
        t("No entries match the search and filters."),
        button(t("Clear search and filters"), on_click=rx.redirect(cleared_url(state, q=""))),
        icon="search-x",
    )


def view_switch(
    label: str, key: str, shown: Any, *views: tuple[str, str, Any], ends: tuple[str, ...] = ()
) -> rx.Component:
    """Buttons that store the view in the URL under `key`: (value, label, whether it is offered).

    They lead to the first page and remove the parameters that a choice `ends`.
    """
    return rx.el.div(
        *(
            rx.el.button(
                word,
                type="button",
                on_click=rx.redirect(query_url(**{key: value} | dict.fromkeys(("page", *ends), ""))),
                disabled=~offered if isinstance(offered, rx.Var) else not offered,
                aria_pressed=rx.cond(shown == value, "true", "false"),
            )
            for value, word, offered in views
        ),
        role="group",
        aria_label=label,
        class_name="segments",
    )


def export_menu(url: str, query: rx.Var[str] | str) -> rx.Component:
    """A menu of files with the rows of the list. `url` is the REST route, `query` the filters of the list."""
    return menu(
        lambda: button(t("Export"), icon="download"),
        *(
            rx.menu.item(_file_link(label, f"{url}?format={kind}&{query}"), as_child=True)
            for label, kind in ((t("CSV file"), "csv"), (t("JSON file"), "json"))
        ),
    )


def download_link(url: str, query: rx.Var[str] | str) -> rx.Component:
    """A link to the CSV file with the rows of the list. `url` is the REST route, `query` the filters of the list."""
    return link(
        rx.icon("download", size=16, aria_hidden="true"),
        to=f"{url}?{query}",
        class_name="btn icon",
        title=t("Download CSV"),
        aria_label=t("Download CSV"),
        reload_document=True,
        custom_attrs={"download": ""},
    )


def _file_link(label: str, url: rx.Var[str] | str) -> rx.Component:
    """A link to the REST API that the browser opens itself, without the client-side router.

    With `download` it is no navigation: on a navigation Reflex would close the websocket of the page.
    """
    return link(label, to=url, class_name="", reload_document=True, custom_attrs={"download": ""})


def foot(state: type[TableState]) -> rx.Component:
    sizes = sorted({*PAGE_SIZES, state._spec.size})
    return rx.el.div(
        rx.el.span(
            rx.cond(
                state.is_loaded,
                t("{range_text} of {total_text}", range_text=state.range_text, total_text=state.total_text),
                "",
            ),
            class_name="num",
            role="status",
        ),
        rx.el.span(class_name="spacer"),
        select_box(
            *(rx.el.option(t("{size} per page", size=size), value=str(size)) for size in sizes),
            kind="compact",
            value=as_var(state.page_size).to(str),
            on_change=lambda size: rx.redirect(query_url(size=size, page="")),
            aria_label=t("Rows per page"),
        ),
        rx.el.div(
            _page_box(state),
            _turn(state, t("Previous page"), "chevron-left", -1, state.page <= 1),
            _turn(state, t("Next page"), "chevron-right", 1, ~state.has_next_page),
            class_name="row",
        ),
        class_name="table-foot",
    )


def _page_box(state: type[TableState]) -> rx.Component:
    """The number of the page, to type another one."""
    return rx.cond(
        state.page_count > 1,
        rx.el.span(
            t(
                "Page {number} of {str}",
                number=rx.el.input(
                    type="number",
                    min=1,
                    max=state.page_count,
                    class_name="input page-box",
                    aria_label=t("Page"),
                    on_change=lambda text: rx.redirect(query_url(page=text)).debounce(500),
                    custom_attrs={"data-value": as_var(state.page).to(str)},
                ),
                str=as_var(state.page_count).to(str),
            ),
            class_name="hide-phone num",
        ),
    )


def _turn(state: type[TableState], label: str, icon: str, step: int, disabled: Any) -> rx.Component:
    to = rx.redirect(query_url(page=state.page + step))
    return icon_button(label, icon, "small", on_click=to, disabled=disabled)

"""All filters of a list behind one button: in a menu below it, or on a phone in a sheet from the bottom, which also
has the order."""

from collections.abc import Sequence
from typing import Any

import reflex as rx

from tca_app.core.lists.query import Choice
from tca_app.ui.components.basic import button
from tca_app.ui.components.dialogs import DIALOG_TITLE
from tca_app.ui.components.text import t
from tca_app.ui.table.filter_state import FilterState
from tca_app.ui.table.filters import (
    MAX_SHOWN,
    active_count,
    cleared_url,
    day_fields,
    option_list,
    select_of,
    selects,
)
from tca_app.ui.table.order import sort_select
from tca_app.ui.var import as_var


def filter_sheet(
    state: Any, sorts: Sequence[tuple[str, Any]], orders: rx.Component | None = None
) -> rx.Component | None:
    """The button "Filters" with its sheet. `sorts` are (sort key, label) of the columns that can be sorted by.

    `orders` are the options of more orders.

    Each change is in force at once, as with the controls of a larger screen, so that the list behind it and the number
    on the button below follow.
    """
    sections = [*([_order(state, sorts, orders)] if sorts else []), *_sections(state)]
    if not sections:
        return None
    return rx.dialog.root(
        rx.dialog.trigger(_opener(state, "only-phone")),
        rx.dialog.content(
            rx.el.div(
                rx.dialog.title(t("Filters"), custom_attrs=DIALOG_TITLE),
                _clear(state),
                class_name="sheet-head",
            ),
            rx.el.div(*sections, class_name="sheet-body"),
            rx.el.div(rx.dialog.close(button(_done(state), kind="primary block")), class_name="sheet-foot"),
            class_name="sheet",
            custom_attrs={"aria-describedby": rx.Var("undefined")},
        ),
        on_open_change=state.show_filter(state.open_filter, False),
    )


def filter_menu(state: type[FilterState]) -> rx.Component | None:
    """The button "Filters" of a larger screen, for a list with more filters than stand beside it."""
    sections = _sections(state)
    if len(sections) <= MAX_SHOWN:
        return None
    return rx.popover.root(
        rx.popover.trigger(_opener(state, "hide-phone")),
        rx.popover.content(
            rx.el.div(rx.el.h2(t("Filters")), _clear(state), class_name="sheet-head"),
            *sections,
            align="start",
            class_name="filter-panel",
            aria_label=t("Filters"),
        ),
        on_open_change=state.show_filter(state.open_filter, False),
    )


def _opener(state: type[FilterState], where: str) -> rx.Component:
    count = active_count(state)
    return button(
        t("Filters"),
        rx.cond(count > 0, rx.el.span(count, class_name="filter-count num")),
        kind=f"filter {where}",
        icon="list-filter",
        aria_label=rx.cond(count > 0, t("Filters, {count_} active", count_=count), t("Filters")),
    )


def _clear(state: type[FilterState]) -> rx.Component:
    clear = button(t("Clear all"), kind="small ghost", on_click=rx.redirect(cleared_url(state)))
    return rx.cond(active_count(state) > 0, clear)


def _sections(state: type[FilterState]) -> list[rx.Component]:
    spec = state._spec
    return [
        *(_choice(state, choice) for choice in spec.choices),
        *([_section(t(spec.dates), *day_fields(state))] if spec.dates else []),
        *(_section(t(entry.label), select_of(state, entry)) for entry in selects(state)),
    ]


def _done(state: Any) -> Any:
    """The label of the button that closes the sheet: "Show 34 results" where the list knows their number."""
    if not hasattr(state, "total_text"):
        return t("Show results")
    return rx.cond(state.total == 1, t("Show 1 result"), t("Show {total_text} results", total_text=state.total_text))


def _order(state: Any, sorts: Sequence[tuple[str, Any]], orders: rx.Component | None) -> rx.Component:
    return _section(t("Sort by"), sort_select(state, sorts, orders, default=state._spec.default_sort))


def _section(label: Any, *children: rx.Component) -> rx.Component:
    return rx.el.section(rx.el.h3(label), *children)


def _choice(state: type[FilterState], choice: Choice) -> rx.Component:
    """A line that opens the values of a choice below it, one choice at a time."""
    count, is_open = as_var(state.chosen_counts[choice.key]).to(int), state.open_filter == choice.key
    return rx.el.section(
        rx.el.button(
            rx.el.span(t(choice.label), class_name="grow"),
            rx.cond(count > 0, rx.el.span(count, class_name="filter-count num")),
            rx.icon("chevron-down", size=16, aria_hidden="true"),
            type="button",
            class_name="sheet-choice",
            aria_expanded=rx.cond(is_open, "true", "false"),
            aria_label=rx.cond(
                count > 0, t("{label}, {count_} chosen", label=t(choice.label), count_=count), t(choice.label)
            ),
            on_click=state.show_filter(choice.key, ~is_open),
        ),
        rx.cond(is_open, rx.el.div(*option_list(state, choice), class_name="sheet-options")),
    )

"""The filters of a list as they are drawn: menus of values with counts, days, and chips of what is in force.

All of them change only the URL, in the browser.
"""

from typing import Any

import reflex as rx

from tca_app.core.lists.query import Choice, Filter
from tca_app.core.schema import MAX_SEARCH
from tca_app.ui.components.basic import button
from tca_app.ui.components.placeholders import skeleton_lines
from tca_app.ui.table.filter_state import Chip, FilterState, Option
from tca_app.ui.table.urls import query_url, toggled_url
from tca_app.ui.var import as_var

QUICK = ((1, "Today"), (7, "7 days"), (30, "30 days"), (90, "90 days"))


def filter_controls(state: type[FilterState]) -> list[rx.Component]:
    spec = state._spec
    return [
        *(_choice(state, choice) for choice in spec.choices),
        *([_days(state, spec.dates)] if spec.dates else []),
        *(_select(state, entry) for entry in spec.filters if not entry.is_hidden),
    ]


def _select(state: type[FilterState], entry: Filter) -> rx.Component:
    return rx.el.select(
        rx.el.option(f"{entry.label}: {entry.default}", value=""),
        *(rx.el.option(text, value=value) for value, text in entry.options),
        value=as_var(state.filters[entry.key]).to(str) | "",
        on_change=lambda value: rx.redirect(query_url(**{entry.key: value, "page": ""})),
        class_name="select",
        aria_label=entry.label,
    )


def _trigger(state: type[FilterState], key: str, label: str) -> rx.Component:
    count = as_var(state.chosen_counts[key]).to(int)
    return rx.popover.trigger(
        button(
            label,
            rx.cond(count > 0, rx.el.span(count, class_name="filter-count num")),
            rx.icon("chevron-down", size=16, aria_hidden="true"),
            kind="filter",
            aria_label=rx.cond(count > 0, f"{label} filter, {count} chosen", f"{label} filter"),
        )
    )


def _choice(state: type[FilterState], choice: Choice) -> rx.Component:
    search = rx.el.input(
        type="search",
        class_name="input",
        placeholder=f"Search {choice.label.lower()}",
        aria_label=f"Search {choice.label.lower()}",
        auto_complete="off",
        max_length=MAX_SEARCH,
        on_change=lambda text: state.find_option(text).debounce(250),
    )
    lines = rx.el.ul(rx.foreach(state.options, lambda option: _option(choice, option)))
    return rx.popover.root(
        _trigger(state, choice.key, choice.label),
        rx.popover.content(
            search if choice.searchable else None,
            rx.cond(
                state.is_loading_options,
                skeleton_lines(3),
                rx.cond(as_var(state.options).length() > 0, lines, rx.el.p("No options.", class_name="muted")),
            ),
            rx.cond(
                as_var(state.chosen_counts[choice.key]).to(int) > 0,
                button("Clear", kind="small ghost", on_click=rx.redirect(query_url(**{choice.key: "", "page": ""}))),
            ),
            align="start",
            class_name="filter-menu",
            aria_label=choice.label,
        ),
        on_open_change=lambda is_open: state.show_filter(choice.key, is_open),
    )


def _option(choice: Choice, option: Option) -> rx.Component:
    return rx.el.li(
        rx.el.label(
            rx.el.input(
                type="checkbox",
                class_name="checkbox",
                checked=option["is_on"],
                on_change=rx.redirect(toggled_url(choice.key, option["value"])),
            ),
            rx.el.span(option["label"], class_name="truncate grow", title=option["label"]),
            rx.el.span(option["count"], class_name="num muted"),
        ),
        key=as_var(option["value"]).to(str),
    )


def _days(state: type[FilterState], label: str) -> rx.Component:
    return rx.popover.root(
        _trigger(state, "dates", label),
        rx.popover.content(
            rx.el.div(
                *(
                    button(
                        word,
                        kind="small",
                        on_click=rx.redirect(query_url(since=_days_ago(days - 1), until="", page="")),
                    )
                    for days, word in QUICK
                ),
                class_name="row",
            ),
            _day("From", "since", state.since),
            _day("Until", "until", state.until),
            rx.cond(
                as_var(state.chosen_counts["dates"]).to(int) > 0,
                button("Clear", kind="small ghost", on_click=rx.redirect(query_url(since="", until="", page=""))),
            ),
            align="start",
            class_name="filter-menu",
            aria_label=label,
        ),
    )


def _days_ago(days: int) -> rx.Var[str]:
    """The day in the browser's time zone, computed at the click. Swedish dates are ISO 8601."""
    return rx.Var(f'(new Date(Date.now() - {days * 86_400_000}).toLocaleDateString("sv"))', _var_type=str).to(str)


def _day(label: str, key: str, value: Any) -> rx.Component:
    return rx.el.label(
        rx.el.span(label),
        rx.el.input(
            type="date",
            value=value,
            class_name="input",
            on_change=lambda day: rx.redirect(query_url(**{key: day, "page": ""})),
        ),
        class_name="day",
    )


def chips(state: type[FilterState]) -> rx.Component:
    """The filters in force, each with a button that removes it."""
    return rx.cond(
        as_var(state.chips).length() > 0,
        rx.el.div(
            rx.foreach(state.chips, _chip),
            button("Clear filters", kind="small ghost", on_click=rx.redirect(cleared_url(state))),
            class_name="chips",
            role="group",
            aria_label="Active filters",
        ),
    )


def _chip(chip: Chip) -> rx.Component:
    return rx.el.button(
        rx.el.span(chip["text"], class_name="truncate", title=chip["text"]),
        rx.icon("x", size=12, aria_hidden="true"),
        type="button",
        class_name="chip",
        aria_label=f"Remove filter {chip['text']}",
        on_click=rx.redirect(toggled_url(chip["key"], chip["value"])),
        key=f"{chip['key']} {chip['value']}",
    )


def cleared_url(state: type[FilterState], **others: str) -> rx.Var[str]:
    return query_url(page="", **others, **dict.fromkeys(state._spec.narrowing, ""))

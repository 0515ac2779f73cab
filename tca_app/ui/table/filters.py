"""The filters of a list as they are drawn: menus of values with counts, days, and chips of what is in force.

All of them change only the URL, in the browser. A list shows its first few filters above it; a button opens the rest.
"""

from typing import Any

import reflex as rx

from tca_app.core.lists.query import ANY, Choice, Filter
from tca_app.core.schema import MAX_SEARCH
from tca_app.ui.components.basic import button, select_box
from tca_app.ui.components.faces import avatar, tile
from tca_app.ui.components.placeholders import skeleton_lines
from tca_app.ui.components.text import shown, t
from tca_app.ui.table.filter_state import Chip, FilterState, Option
from tca_app.ui.table.urls import query_url, toggled_url
from tca_app.ui.var import as_var

QUICK = ((1, t("Today")), (7, t("7 days")), (30, t("30 days")), (90, t("90 days")))


MAX_SHOWN = 3  # filters above a list; one with more has a menu of all


def filter_controls(state: type[FilterState]) -> list[rx.Component]:
    """The first filters of the list, each with a menu of its own."""
    spec = state._spec
    controls = [
        *(_choice(state, choice) for choice in spec.choices),
        *([_days(state, spec.dates)] if spec.dates else []),
        *(select_of(state, entry) for entry in selects(state)),
    ]
    return controls[:MAX_SHOWN]


def select_of(state: type[FilterState], entry: Filter) -> rx.Component:
    return select_box(
        rx.el.option(f"{t(entry.label)}: {t(entry.default)}", value=""),
        *(rx.el.option(shown(text), value=value) for value, text in entry.options),
        value=as_var(state.filters[entry.key]).to(str) | "",
        on_change=lambda value: rx.redirect(query_url(**{entry.key: value, "page": ""})),
        aria_label=t(entry.label),
    )


def _trigger(state: type[FilterState], key: str, label: str) -> rx.Component:
    count = as_var(state.chosen_counts[key]).to(int)
    return rx.popover.trigger(
        button(
            label,
            rx.cond(count > 0, rx.el.span(count, class_name="filter-count num")),
            rx.icon("chevron-down", size=16, aria_hidden="true"),
            kind="filter",
            aria_label=rx.cond(
                count > 0,
                t("{label} filter, {count_} chosen", label=label, count_=count),
                t("{label} filter", label=label),
            ),
        )
    )


def _choice(state: type[FilterState], choice: Choice) -> rx.Component:
    cleared = {choice.key: ANY if choice.default else "", "page": ""}
    return rx.popover.root(
        _trigger(state, choice.key, t(choice.label)),
        rx.popover.content(
            *option_list(state, choice),
            rx.cond(
                as_var(state.chosen_counts[choice.key]).to(int) > 0,
                button(t("Clear"), kind="small ghost", on_click=rx.redirect(query_url(**cleared))),
            ),
            align="start",
            class_name="filter-menu",
            aria_label=t(choice.label),
        ),
        on_open_change=lambda is_open: state.show_filter(choice.key, is_open),
    )


def option_list(state: type[FilterState], choice: Choice) -> list[rx.Component]:
    """The values of the choice that is open, and for many a search."""
    search = rx.el.input(
        type="search",
        class_name="input",
        placeholder=t("Search"),
        aria_label=t("{label}: search", label=t(choice.label)),
        auto_complete="off",
        max_length=MAX_SEARCH,
        on_change=lambda text: state.find_option(text).debounce(250),
    )
    lines = rx.el.ul(rx.foreach(state.options, lambda option: _option(state, choice, option)))
    found = rx.cond(
        state.is_loading_options,
        skeleton_lines(3),
        rx.cond(as_var(state.options).length() > 0, lines, rx.el.p(t("No options."), class_name="muted")),
    )
    return [search, found] if choice.searchable else [found]


def _option(state: type[FilterState], choice: Choice, option: Option) -> rx.Component:
    return rx.el.li(
        rx.el.label(
            rx.el.input(
                type="checkbox",
                class_name="checkbox",
                checked=option["is_on"],
                on_change=rx.redirect(toggled_url(state._spec, choice.key, option["value"])),
            ),
            rx.cond(option["mark"]["text"] != "", tile(option["mark"], "small")),
            rx.cond(option["face"]["initials"] != "", avatar(option["face"], "small")),
            rx.el.span(option["label"], class_name="truncate grow", title=option["label"]),
            rx.el.span(option["count"], class_name="num muted"),
        ),
        key=as_var(option["value"]).to(str),
    )


def _days(state: type[FilterState], label: str) -> rx.Component:
    return rx.popover.root(
        _trigger(state, "dates", t(label)),
        rx.popover.content(
            *day_fields(state),
            rx.cond(
                as_var(state.chosen_counts["dates"]).to(int) > 0,
                button(t("Clear"), kind="small ghost", on_click=rx.redirect(query_url(since="", until="", page=""))),
            ),
            align="start",
            class_name="filter-menu",
            aria_label=t(label),
        ),
    )


def day_fields(state: type[FilterState]) -> list[rx.Component]:
    """Buttons of the usual periods, and the first and last day."""
    return [
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
        _day(t("From"), "since", state.since),
        _day(t("Until"), "until", state.until),
    ]


def _days_ago(days: int) -> rx.Var[str]:
    """The day in the viewer's time zone, computed at the click. Swedish dates are ISO 8601."""
    zone = "{ timeZone: document.querySelector('[data-time-zone]')?.dataset.timeZone || undefined }"
    day = f'new Date(Date.now() - {days * 86_400_000}).toLocaleDateString("sv", {zone})'
    return rx.Var(f"({day})", _var_type=str).to(str)


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
        active_count(state) > 0,
        rx.el.div(
            rx.foreach(state.chips, lambda chip: _chip(state, chip)),
            *(_chip_of_select(state, entry) for entry in selects(state)),
            button(t("Clear filters"), kind="small ghost", on_click=rx.redirect(cleared_url(state))),
            class_name="chips",
            role="group",
            aria_label=t("Active filters"),
        ),
    )


def active_count(state: type[FilterState]) -> Any:
    """The number of filters in force."""
    count = as_var(state.chips).length()
    for entry in selects(state):
        count = count + rx.cond(state.filters[entry.key], 1, 0)
    return count


def selects(state: type[FilterState]) -> list[Filter]:
    return [entry for entry in state._spec.filters if not entry.is_hidden]


def _chip_of_select(state: type[FilterState], entry: Filter) -> rx.Component:
    value = as_var(state.filters[entry.key]).to(str)
    label = rx.match(value, *((option, f"{t(entry.label)}: {shown(text)}") for option, text in entry.options), value)
    return rx.cond(value, _chip_button(label, rx.redirect(query_url(**{entry.key: "", "page": ""}))))


def _chip(state: type[FilterState], chip: Chip) -> rx.Component:
    removed = rx.redirect(toggled_url(state._spec, chip["key"], chip["value"]))
    return _chip_button(chip["text"], removed, key=f"{chip['key']} {chip['value']}")


def _chip_button(text: Any, on_click: Any, **props: Any) -> rx.Component:
    return rx.el.button(
        rx.el.span(text, class_name="truncate", title=text),
        rx.icon("x", size=12, aria_hidden="true"),
        type="button",
        class_name="chip",
        aria_label=t("Remove filter {text}", text=text),
        on_click=on_click,
        **props,
    )


def cleared_url(state: type[FilterState], **others: str) -> rx.Var[str]:
    return query_url(page="", **others, **dict.fromkeys(state._spec.narrowing, ""))

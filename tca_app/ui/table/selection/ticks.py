"""The checkboxes that select rows of a list."""

from typing import Any

import reflex as rx

from tca_app.ui.components.text import t

# Computed by the browser when it sends the event.
IS_SHIFT: rx.Var[bool] = rx.Var("(window.event?.shiftKey ?? false)", _var_type=bool)


def checkbox(label: str, is_checked: Any, on_change: Any, **props: Any) -> rx.Component:
    return rx.el.input(
        type="checkbox", class_name="checkbox", aria_label=label, checked=is_checked, on_change=on_change, **props
    )


def tick(state: Any, row: Any, name: Any, **props: Any) -> rx.Component:
    """The checkbox of a row."""
    toggle = state.toggle_row(row["id"], IS_SHIFT)
    return checkbox(t("Select {row}", row=name), state.selected.contains(row["id"]), toggle, **props)


def tick_cell(state: Any, row: Any, name: Any) -> rx.Component:
    return rx.el.td(tick(state, row, name), class_name="tick")


def tick_head(state: Any) -> rx.Component:
    """The head above the checkboxes, with the one that selects all rows."""
    every = checkbox(t("Select all rows of this page"), state.is_all_selected, state.toggle_all())
    label = rx.el.span(t("Select all"), class_name="only-phone", aria_hidden="true")
    return rx.el.th(every, label, scope="col", class_name="tick")


def select_all(state: Any, **props: Any) -> rx.Component:
    """The checkbox above a list without heads."""
    box = checkbox(t("Select all"), state.is_all_selected, state.toggle_all(), **props)
    return rx.el.label(box, t("Select all"), class_name="row muted select-all")


def row_attrs(row: Any, state: Any = None) -> dict[str, Any]:
    """The attributes of a row that takes the keys. `state` is that of a list with checkboxes."""
    attrs = {"data-row": row["id"]}
    if state:
        attrs["data-selected"] = state.selected.contains(row["id"])
    return {"tab_index": -1, "custom_attrs": attrs}

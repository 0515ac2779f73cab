"""The button "Customize" and its dialog: what to show and in which order. It works with the keyboard alone."""

import reflex as rx

from tca_app.features.dashboard.ui.customize_state import CustomizeState, Line
from tca_app.ui.components.basic import button, icon_button
from tca_app.ui.components.dialogs import DIALOG_TEXT, DIALOG_TITLE
from tca_app.ui.components.open_dialogs import is_open_here
from tca_app.ui.components.text import t
from tca_app.ui.var import as_var

state = CustomizeState


def customize_button() -> rx.Component:
    label = rx.el.span(t("Customize"), class_name="hide-phone")
    return button(label, icon="layout-dashboard", on_click=state.open_arrange, aria_label=t("Customize"))


def customize_dialog() -> rx.Component:
    return rx.dialog.root(
        rx.dialog.content(
            rx.dialog.title(t("Customize your dashboard"), custom_attrs=DIALOG_TITLE),
            rx.dialog.description(
                t("Choose and reorder what you see. Only you are affected."), custom_attrs=DIALOG_TEXT
            ),
            rx.el.div(_list(t("Cards"), state.cards), _list(t("Panels"), state.panels), class_name="arrange"),
            rx.el.p(state.announcement, class_name="sr-only", role="status"),
            rx.el.div(
                button(
                    t("Reset to default"), kind="ghost reset", on_click=state.use_standard, disabled=state.is_saving
                ),
                button(t("Cancel"), on_click=state.close(False), disabled=state.is_saving),
                button(t("Save"), kind="primary", on_click=state.save, busy=state.is_saving),
                class_name="dialog-foot",
            ),
            max_width="520px",
        ),
        open=is_open_here(state, state.is_open),
        on_open_change=state.close,
    )


def _list(title: str, lines: list[Line]) -> rx.Component:
    return rx.el.section(
        rx.el.h3(title), rx.el.ol(rx.foreach(lines, _line), class_name="lines", aria_label=title), class_name="panel"
    )


def _line(line: Line) -> rx.Component:
    name = as_var(line["name"]).to(str)
    return rx.el.li(
        rx.el.label(
            rx.el.input(
                type="checkbox",
                class_name="checkbox",
                checked=as_var(line["is_shown"]).to(bool),
                on_change=lambda is_shown: state.show(name, is_shown),
            ),
            rx.el.span(line["label"]),
            class_name="check grow",
        ),
        _step(line, t("Move {label} up", label=line["label"]), "up", -1, line["is_first"]),
        _step(line, t("Move {label} down", label=line["label"]), "down", 1, line["is_last"]),
        key=name,
    )


def _step(line: Line, label: str, way: str, step: int, is_at_end: bool) -> rx.Component:
    """A button that moves a line. At the end of the list it is not `disabled`, so that it keeps the focus."""
    return icon_button(
        label,
        f"arrow-{way}",
        "ghost small",
        on_click=state.move(as_var(line["name"]).to(str), step),
        custom_attrs={"aria-disabled": rx.cond(is_at_end, "true", "false"), "data-moves": f"{line['name']} {way}"},
    )

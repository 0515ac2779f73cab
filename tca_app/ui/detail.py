"""Parts of the pages of one record: loading states, the rail of details, and a secret that is shown once."""

from typing import Any

import reflex as rx

from tca_app.ui.components.basic import Child, button, page_header
from tca_app.ui.components.placeholders import error_state, not_found, skeleton_lines
from tca_app.ui.components.text import t
from tca_app.ui.record import is_at_its_url


def by_phase(state: Any, kind: str, shown: rx.Component) -> rx.Component:
    """Shows `shown` once the record is loaded, and before that or on an error a page with the name of its `kind`.

    A RecordState with another record than that of the URL counts as not loaded.
    """
    loading = rx.fragment(page_header(kind), skeleton_lines(4))
    return rx.match(
        rx.cond(is_at_its_url(state), state.phase, ""),
        ("ready", shown),
        ("missing", not_found()),
        ("failed", rx.fragment(page_header(kind), error_state(state.failure, state.load))),
        loading,
    )


def record_title(state: Any, title: Any, kind: str) -> Any:
    """The `title` of a RecordState while it belongs to the URL, else the name of the `kind` of record."""
    return rx.cond(is_at_its_url(state), title, kind)


def with_rail(*main: Child, rail: tuple[rx.Component, ...], below: Child = None, is_long: bool = False) -> rx.Component:
    """The page of a record: `main`, and beside it the panels with its details.

    Below 1100 px they are under it, or above a `main` that `is_long`; then nothing in the rail takes the focus. `below`
    continues `main`, and then follows the rail.
    """
    return rx.el.div(
        rx.el.div(*main, class_name="stack"),
        rx.el.aside(*rail, class_name="stack rail", aria_label=t("Details")),
        rx.el.div(below, class_name="stack below") if below is not None else None,
        class_name="with-rail facts-first" if is_long else "with-rail",
    )


def secret_once(
    field: str,
    *head: Child,
    hidden: rx.Var[bool],
    on_done: Any,
    label: str = t("Secret"),
    title: str = t("New secret"),
) -> rx.Component:
    """The notice with a new secret. It is always in the page, so that the secret never passes through a state."""
    return rx.el.section(
        *head,
        rx.el.div(
            rx.el.input(
                id=field,
                class_name="input mono grow",
                read_only=True,
                aria_label=label,
                auto_complete="off",
                spell_check=False,
            ),
            button(
                rx.el.span(t("Copy"), class_name="to-copy"),
                rx.el.span(t("Copied"), class_name="copied", role="status"),
                icon="copy",
                kind="primary",
                custom_attrs={"data-action": "copy", "data-from": field},
            ),
            button(t("Done"), on_click=on_done),
            class_name="row secret-row",
        ),
        class_name="notice secret",
        aria_label=title,
        hidden=hidden,
    )

"""What the screens of one subject have in common: how they begin, and a secret that is shown once."""

from typing import Any

import reflex as rx

from tca_app.ui.components import Child, button, error_state, not_found, page_header, skeleton_lines
from tca_app.ui.record import is_at_its_url


def by_phase(state: Any, kind: str, shown: rx.Component) -> rx.Component:
    """`shown` once it is read; until then, or when that fails, a page with the name of the `kind` of subject.

    Of a RecordState: another record than that of the address counts as not read yet.
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
    """The `title` of a RecordState while it belongs to the address, else the name of the `kind` of record."""
    return rx.cond(is_at_its_url(state), title, kind)


def secret_once(field: str, *head: Child, hidden: rx.Var[bool], on_done: Any) -> rx.Component:
    """Always there, so that the secret can be put into the `field` from outside any state; hidden most of the time."""
    return rx.el.section(
        *head,
        rx.el.div(
            rx.el.input(
                id=field,
                class_name="input mono grow",
                read_only=True,
                aria_label="Secret",
                auto_complete="off",
                spell_check=False,
            ),
            button(
                rx.el.span("Copy", class_name="to-copy"),
                rx.el.span("Copied", class_name="copied", role="status"),
                icon="copy",
                kind="primary",
                custom_attrs={"data-action": "copy", "data-from": field},
            ),
            button("Done", on_click=on_done),
            class_name="row secret-row",
        ),
        class_name="notice secret",
        aria_label="New secret",
        hidden=hidden,
    )

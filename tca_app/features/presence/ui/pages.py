"""The viewers beside a title, and the mark in a form that shows others that someone is editing."""

from typing import Any

import reflex as rx

from tca_app.features.presence.ui.state import PresenceState
from tca_app.ui.components.faces import avatar
from tca_app.ui.components.text import t
from tca_app.ui.record import is_at_its_url
from tca_app.ui.var import as_var

state = PresenceState
MOST = 3


def who_else() -> rx.Component:
    """Shows who else has this page open: the name of the first, and all as avatars."""
    first = state.others[0]
    return rx.cond(
        is_at_its_url(state) & (as_var(state.others).length() > 0),
        rx.el.span(
            rx.foreach(state.others[:MOST], lambda other: avatar(other["face"])),
            rx.el.span(
                first["name"],
                rx.cond(
                    as_var(state.others).length() > 1,
                    t(" and {length} more", length=as_var(state.others).length() - 1),
                    "",
                ),
                rx.cond(
                    first["is_editing"],
                    rx.cond(as_var(state.others).length() > 1, t(" are here, one is editing"), t(" is editing")),
                    rx.cond(as_var(state.others).length() > 1, t(" are here"), t(" is here")),
                ),
            ),
            class_name="who-else",
            role="status",
            custom_attrs={"data-editing": rx.cond(first["is_editing"], "true", "false")},
        ),
    )


def editing_mark(kind: str, subject_id: Any) -> rx.Component:
    """Marks an open form, so that others see that this user is editing."""
    return rx.el.span(
        hidden=True,
        on_mount=state.begin_edit(kind, subject_id),
        on_unmount=state.end_edit(),
    )

"""Drafts of forms: assets/console/drafts keeps typed text in the browser, so that it survives an outage."""

from typing import Any

import reflex as rx

from tca_app.ui.components.basic import button
from tca_app.ui.components.text import t


def draft_note(on_discard: Any = None) -> rx.Component:
    """The note inside a form that the browser shows, with the time, after it restored a draft."""
    events = {"on_click": on_discard} if on_discard is not None else {}
    return rx.el.div(
        rx.el.span(t("Unsaved changes from {time} were restored.", time=rx.el.time())),
        button(t("Discard"), kind="small", custom_attrs={"data-action": "discard-draft"}, **events),
        class_name="notice draft-note",
        role="status",
        hidden=True,
        custom_attrs={"data-draft-note": ""},
    )


def draft_keeper(name: str, ended: Any, on_resume: Any) -> rx.Component:
    """The element beside a dialog through which the browser sends drafts; `ended` tells it when to drop one."""
    return rx.el.form(on_submit=on_resume, hidden=True, custom_attrs={"data-draft-of": name, "data-ended": ended})

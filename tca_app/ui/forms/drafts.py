"""What a form needs so that typed text outlives an outage: assets/console.js keeps a draft of it in the browser."""

from typing import Any

import reflex as rx

from tca_app.ui.components import button


def draft_note(on_discard: Any = None) -> rx.Component:
    """Inside the form. The browser shows it, with the time, when it has put a draft back."""
    events = {"on_click": on_discard} if on_discard is not None else {}
    return rx.el.div(
        rx.el.span("Unsaved changes from ", rx.el.time(), " were restored."),
        button("Discard", kind="small", custom_attrs={"data-action": "discard-draft"}, **events),
        class_name="notice draft-note",
        role="status",
        hidden=True,
        custom_attrs={"data-draft-note": ""},
    )


def draft_keeper(name: str, ended: Any, on_resume: Any) -> rx.Component:
    """Beside the dialog. The browser sends drafts through it, and learns by `ended` when to drop one."""
    return rx.el.form(on_submit=on_resume, hidden=True, custom_attrs={"data-draft-of": name, "data-ended": ended})

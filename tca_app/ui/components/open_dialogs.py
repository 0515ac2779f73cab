"""The dialogs that a tab has open: none follows to another page, or opens by itself after a reload or "Back"."""

from typing import Any

import reflex as rx

from tca_app.ui.record import browser_url
from tca_app.ui.url import record_url

MAX_NOTED = 20  # on one page, the last ones


class OpenDialogs(rx.State, mixin=True):
    """Part of SessionState. A handler that opens a dialog names its field with `_note_dialog`.

    The forms of a FormState know their page themselves, because their drafts outlive a reload.
    """

    dialog_url: str = ""  # the page on which the dialogs were opened, or "" after a reload

    _open_dialogs: list[tuple[str, str]] = []  # the full name of a state, and the field that opens its dialog

    def _note_dialog(self, field: str) -> None:
        """Notes that this field of this state opens a dialog on the current page."""
        self.dialog_url = record_url(self.router_data)
        self._open_dialogs = [*self._open_dialogs[-MAX_NOTED:], (type(self).get_full_name(), field)]

    async def _close_left_dialogs(self) -> None:
        """Empties the fields of the dialogs that were opened on another page, or before a reload.

        After a break of the connection the page is still the same, so they stay open.
        """
        if not self._open_dialogs or self.dialog_url == record_url(self.router_data):
            return
        for name, field in set(self._open_dialogs):
            state = await self.get_state(rx.State.get_class_substate(name))
            setattr(state, field, type(getattr(state, field))())
        self._open_dialogs, self.dialog_url = [], ""


def is_open_here(state: Any, is_open: Any) -> Any:
    """Returns whether the dialog is open on the page that the browser shows, before the server knows that page."""
    return is_open & (state.dialog_url == browser_url())

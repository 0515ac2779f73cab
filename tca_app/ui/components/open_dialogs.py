"""The dialogs that a tab has open: none follows to another page, or opens by itself after a reload or "Back"."""

from typing import Any

import reflex as rx

from tca_app.ui.record import browser_url
from tca_app.ui.url import record_url

MAX_NOTED = 20  # on one page, the last ones
PAGE_FIELDS = ("tab", "hook")  # query parameters that make another page of the same path


class OpenDialogs(rx.State, mixin=True):
    """Part of SessionState. A handler that opens a dialog names its field with `_note_dialog`.

    So a page that loads closes no dialog itself: someone may have opened it here before the page had its data.
    The forms of a FormState know their page themselves. A reload hides them (`ui.forms.state.hide_forms`), and the
    browser opens the one with typed text again.
    """

    dialog_url: str = ""  # the page on which the dialogs were opened, or "" after a reload

    # The page, the full name of a state, and the field that opens its dialog.
    _noted_dialogs: list[tuple[str, str, str]] = []

    def _note_dialog(self, field: str) -> None:
        """Notes that this field of this state opens a dialog on the current page."""
        self.dialog_url = record_url(self.router_data, *PAGE_FIELDS)
        noted = (self.dialog_url, type(self).get_full_name(), field)
        self._noted_dialogs = [*self._noted_dialogs[-MAX_NOTED:], noted]

    def _note_reload(self) -> None:
        """Notes that the page was loaded anew, so that `_close_left_dialogs` closes what was open on it."""
        self.dialog_url = ""
        self._noted_dialogs = [("", name, field) for _, name, field in self._noted_dialogs]

    async def _close_left_dialogs(self) -> None:
        """Empties the fields of the dialogs that were opened on another page, or before a reload.

        After a break of the connection the page is still the same, so they stay open.
        """
        here = record_url(self.router_data, *PAGE_FIELDS)
        opened = {(name, field) for url, name, field in self._noted_dialogs if url == here}
        left = {(name, field) for url, name, field in self._noted_dialogs if url != here} - opened
        for name, field in left:
            state = await self.get_state(rx.State.get_class_substate(name))
            setattr(state, field, type(getattr(state, field))())
        if left:
            self._noted_dialogs = [(here, name, field) for name, field in opened]
            self.dialog_url = here if opened else ""


def is_open_here(state: Any, is_open: Any) -> Any:
    """Returns whether the dialog is open on the page that the browser shows, before the server knows that page."""
    return is_open & (state.dialog_url == browser_url(*PAGE_FIELDS))

"""The dialog that asks before a row of a list is deleted."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

from tca_app.core.actor import Actor
from tca_app.core.database.session import Session, transaction
from tca_app.core.errors import AppError
from tca_app.ui.handlers import Events, handler
from tca_app.ui.session import SessionMixin

Removal = Callable[[Session, Actor, int], Awaitable[Any]]


class RemovalState(SessionMixin, mixin=True):
    """Mixin for a state with rows to delete. List it before the state's base class.

    `removed_id` is the row that the open dialog asks about, or 0.
    """

    removed_id: int = 0
    removed_name: str = ""
    remove_error: str = ""
    is_acting: bool = False

    def _ask_to_remove(self, row_id: int, name: str) -> None:
        self.removed_id, self.removed_name, self.remove_error = row_id, name, ""
        self._note_dialog("removed_id")

    @handler("signed_in")
    async def cancel_remove(self) -> None:
        """Closes the dialog on Cancel or Esc, unless the row is being deleted."""
        if not self.is_acting:
            self.removed_id = 0

    async def _remove_row(self, act: Removal, done: str, then: Events) -> AsyncGenerator[Any, None]:
        """Deletes the row once, however often the button is pressed. An error is shown in the dialog."""
        if not self.removed_id or self.is_acting:
            return
        self.is_acting, self.remove_error = True, ""
        yield
        try:
            async with transaction() as session:
                await act(session, self._as_actor(), self.removed_id)
        except AppError as error:
            self.remove_error = error.detail
            return
        finally:
            self.is_acting = False
        self.removed_id = 0
        self._toast(done)
        yield then

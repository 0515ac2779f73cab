"""State of the upload and removal of a person's picture."""

from collections.abc import AsyncGenerator
from typing import Any

from tca_app.core.database.session import transaction
from tca_app.core.errors import AppError
from tca_app.core.language.messages import _
from tca_app.features.users import pictures
from tca_app.features.users.ui.detail_state import reload_of, require_person
from tca_app.ui.handlers import Events, handler
from tca_app.ui.session import SessionState


class PictureState(SessionState):
    """State of the dialogs. `removed_id` is the user whose picture is to be removed, or 0."""

    is_choosing: bool = False
    removed_id: int = 0
    is_acting: bool = False
    remove_error: str = ""

    @handler("signed_in")
    async def open_upload(self) -> None:
        self.is_choosing = True
        self._note_dialog("is_choosing")

    @handler("signed_in")
    async def close_upload(self, is_open: bool = False) -> None:
        self.is_choosing = is_open

    @handler("signed_in")
    async def uploaded(self) -> Events:
        self.is_choosing = False
        self._toast(_("Picture saved"))
        return reload_of(self)

    @handler("signed_in")
    async def ask_remove(self, user_id: int) -> None:
        require_person(self, user_id)
        self.removed_id, self.remove_error = user_id, ""
        self._note_dialog("removed_id")

    @handler("signed_in")
    async def cancel_remove(self) -> None:
        if not self.is_acting:
            self.removed_id = 0

    @handler("signed_in")
    async def remove(self, _form: dict[str, str]) -> AsyncGenerator[Any, None]:
        user_id = self.removed_id
        if not user_id or self.is_acting:
            return
        require_person(self, user_id)
        self.is_acting, self.remove_error = True, ""
        yield
        try:
            async with transaction() as session:
                await pictures.delete_picture(session, self._as_actor(), user_id)
        except AppError as error:
            self.remove_error = error.detail
            return
        finally:
            self.is_acting = False
        self.removed_id = 0
        self._show(self._as_actor())
        self._toast(_("Picture removed"))
        yield reload_of(self)

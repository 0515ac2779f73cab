"""State of the export and the erasure of personal data: in the settings, on the page of a user and in the trash."""

from collections.abc import AsyncGenerator
from typing import Any

import reflex as rx

from tca_app.core.database.session import reading, transaction
from tca_app.core.errors import AppError
from tca_app.core.language.messages import _
from tca_app.features.personal_data import erasure, service as personal_data
from tca_app.features.users.ui.detail_state import require_person
from tca_app.features.users.ui.state import UsersState
from tca_app.ui import routes
from tca_app.ui.handlers import handler
from tca_app.ui.record import RecordState
from tca_app.ui.session import SessionState
from tca_app.ui.url import page_path
from tca_app.ui.websocket.sockets import OPEN_SOCKETS


class PersonalDataState(SessionState):
    ready_id: int = 0  # whose file may be downloaded now

    @handler("signed_in")
    async def load(self) -> None:
        self.ready_id = 0

    @handler("signed_in")
    async def prepare(self, user_id: int) -> None:
        """Shows the link to the file. Asks who the viewer is first, because the browser could only fail to get it."""
        async with reading() as session:
            await personal_data.require_export(session, self._as_actor(), user_id)
        self.ready_id = user_id


class ErasureState(RecordState, SessionState):
    """The confirmation, in which the username has to be typed."""

    person_id: int = 0
    username_to_type: str = ""
    is_asking: bool = False
    is_erasing: bool = False
    erase_error: str = ""

    @handler("signed_in")
    async def load(self) -> None:
        if self._enter_record():
            self.is_asking = False

    @handler("signed_in")
    async def ask(self, user_id: int) -> None:
        """Opens the confirmation, unless the account cannot be erased now. A refusal says why."""
        require_person(self, user_id)
        async with reading() as session:
            username = await erasure.require_erasure(session, self._as_actor(), user_id)
        self._enter_record()
        self.person_id, self.username_to_type = user_id, username
        self.is_asking, self.erase_error = True, ""
        self._note_dialog("is_asking")

    @handler("signed_in")
    async def cancel(self) -> None:
        self.is_asking = self.is_erasing

    @handler("signed_in")
    async def erase(self, form: dict[str, str]) -> AsyncGenerator[Any, None]:
        if not self.is_asking or self.is_erasing or form.get("confirm_name") != self.username_to_type:
            return
        self._require_url()
        self.is_erasing, self.erase_error = True, ""
        yield
        is_own = self.person_id == self.user_id
        if is_own:  # the watchdog may be the first to lead the tab away
            OPEN_SOCKETS.lead_to(str(self.router_data.get("sid", "")), routes.ACCOUNT_DELETED)
        try:
            async with transaction() as session:
                await erasure.erase_user(session, self._as_actor(), self.person_id)
        except AppError as error:
            self.erase_error = error.detail
            return
        finally:
            self.is_erasing = False
        self.is_asking = False
        if is_own:
            yield rx.redirect(routes.ACCOUNT_DELETED)
        else:
            self._toast(_("Account erased"))
            is_in_list = page_path(self.router_data) == routes.USERS
            yield UsersState.load if is_in_list else rx.redirect(routes.USERS)

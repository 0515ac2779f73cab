"""State of the dialog by which an administrator acts as the user of the page."""

from collections.abc import AsyncGenerator
from typing import Any

import reflex as rx
from pydantic import ValidationError

from tca_app.core.database.session import transaction
from tca_app.core.errors import AppError
from tca_app.core.schema import in_words
from tca_app.features.auth import acting
from tca_app.features.auth.schemas import ActingStart
from tca_app.ui import routes
from tca_app.ui.handlers import handler
from tca_app.ui.record import RecordState
from tca_app.ui.session import SessionState
from tca_app.ui.url import record_id


class ActingState(RecordState, SessionState):
    """State of the confirmation, which asks for the reason."""

    person_id: int = 0
    is_asking: bool = False
    is_starting: bool = False
    reason_error: str = ""
    act_error: str = ""

    @handler("signed_in")
    async def load(self) -> None:
        if self._enter_record():
            self.is_asking = False
        self.person_id = record_id(self.router_data, routes.USERS)

    @handler("users.manage")
    async def ask(self, user_id: int) -> None:
        self._require_record(user_id, self.person_id)
        self.is_asking, self.act_error, self.reason_error = True, "", ""
        self._note_dialog("is_asking")

    @handler("users.manage")
    async def cancel(self) -> None:
        if not self.is_starting:
            self.is_asking = False

    @handler("users.manage")
    async def start(self, form: dict[str, str]) -> AsyncGenerator[Any, None]:
        """Starts to act as the user. Every open tab of this browser follows."""
        if not self.is_asking or self.is_starting:
            return
        self._require_url()
        self.is_starting, self.act_error, self.reason_error = True, "", ""
        yield
        try:
            data = ActingStart(reason=form.get("reason", "").strip())
            async with transaction() as session:
                await acting.start_acting(session, self._as_actor(), self.person_id, data)
        except ValidationError as error:
            self.reason_error = in_words(error.errors()[0])
            return
        except AppError as error:
            self.act_error = error.detail
            return
        finally:
            self.is_starting = False
        self.is_asking = False
        yield rx.redirect(routes.DASHBOARD)

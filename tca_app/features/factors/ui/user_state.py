"""State of the second factors of a user, on the page that administrators see."""

from collections.abc import AsyncGenerator
from typing import Any

from tca_app.core.database.session import reading, transaction
from tca_app.core.errors import AppError
from tca_app.core.language.messages import _
from tca_app.features.factors import service as factors
from tca_app.features.factors.ui.state import FactorRow, factor_row
from tca_app.ui import routes
from tca_app.ui.handlers import PERMISSIONS, handler
from tca_app.ui.record import RecordState
from tca_app.ui.session import SessionState
from tca_app.ui.url import record_id


class UserFactorsState(RecordState, SessionState):
    person_id: int = 0
    is_shown: bool = False
    factors: list[FactorRow] = []
    codes_left: int = 0
    is_asking: bool = False
    is_acting: bool = False
    act_error: str = ""

    @handler("signed_in", supersedes=True)
    async def load(self) -> None:
        """Loads the factors of the user of the URL, only for administrators."""
        if self._enter_record():
            self.is_asking = False
        self.is_shown = False
        self.person_id = record_id(self.router_data, routes.USERS)
        actor = self._as_actor()
        if not PERMISSIONS["users.manage"](actor):
            return
        try:
            async with reading() as session:
                found = await factors.list_user_factors(session, actor, self.person_id)
        except AppError:
            return  # the page reports a missing user itself
        self.factors = [factor_row(factor) for factor in found.factors]
        self.codes_left, self.is_shown = found.recovery_codes_left, True

    @handler("users.manage")
    async def ask_reset(self, user_id: int) -> None:
        self._require_record(user_id, self.person_id)
        self.is_asking, self.act_error = True, ""
        self._note_dialog("is_asking")

    @handler("users.manage")
    async def cancel_reset(self) -> None:
        if not self.is_acting:
            self.is_asking = False

    @handler("users.manage")
    async def reset_factors(self, _form: dict[str, str]) -> AsyncGenerator[Any, None]:
        if not self.is_asking or self.is_acting:
            return
        self._require_url()
        self.is_acting, self.act_error = True, ""
        yield
        try:
            async with transaction() as session:
                await factors.reset_factors(session, self._as_actor(), self.person_id)
        except AppError as error:
            self.act_error = error.detail
            return
        finally:
            self.is_acting = False
        self.is_asking = False
        self._toast(_("Two-factor authentication reset"))
        yield UserFactorsState.load

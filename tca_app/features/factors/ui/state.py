"""State of two-factor authentication in the settings: the factors, a new one, and the recovery codes."""

import json
from collections.abc import AsyncGenerator
from typing import Any, TypedDict

import reflex as rx
from pydantic import ValidationError

from tca_app.core.database.session import reading, transaction
from tca_app.core.errors import AppError, Invalid
from tca_app.core.instance import instance_settings
from tca_app.core.language.messages import _
from tca_app.features.factors import passkey_service, service as factors
from tca_app.features.factors.requirement import needs_second_factor
from tca_app.features.factors.schemas import FactorRead, GivenCode, PasskeyCreate
from tca_app.ui import routes
from tca_app.ui.forms.state import faults_of
from tca_app.ui.handlers import Events, handler
from tca_app.ui.session import SessionState
from tca_app.ui.url import query_param

TAB = "two-factor"
# Fields of the page that show secrets. These pass through no state: with several replicas, states are stored in Redis.
SECRET, QR_CODE, CODES = "totp-secret", "totp-qr-code", "recovery-codes"


class FactorRow(TypedDict):
    id: int
    kind: str
    name: str
    created_at: str
    last_used_at: str


class FactorsState(SessionState):
    factors: list[FactorRow] = []
    codes_left: int = 0
    required_from: str = ""  # when the instance settings require a factor that is not there yet
    is_required: bool = False
    is_loaded: bool = False
    load_error: str = ""
    setup_id: int = 0  # the authenticator app that waits for its first code
    setup_name: str = ""
    setup_error: str = ""
    passkey_name: str = ""
    passkey_options: str = ""  # JSON for the browser, while it makes a passkey; its challenge is no secret
    are_codes_shown: bool = False
    asking: str = ""  # which confirmation is open: "remove" or "renew"
    asked: FactorRow = FactorRow(id=0, kind="", name="", created_at="", last_used_at="")
    is_acting: bool = False
    act_error: str = ""

    @rx.var
    def is_last(self) -> bool:
        return len(self.factors) == 1

    @rx.var
    def is_kept(self) -> bool:
        """True if the factor whose removal is asked for is required."""
        return self.asking == "remove" and self.is_last and self.is_required

    @handler("second_factor.setup", supersedes=True)
    async def load(self) -> None:
        """Loads the factors, only on their tab. What is shown once disappears with the page that showed it."""
        self.setup_id, self.setup_error, self.are_codes_shown = 0, "", False
        self.passkey_options = ""
        if query_param(self.router_data, "tab") == TAB:
            await self._read_factors()

    @handler("second_factor.setup", supersedes=True)
    async def load_setup(self) -> Events:
        """Loads the page of those who must add a factor first. It leads all others to their settings."""
        if not self._as_actor().lacks_second_factor:
            return rx.redirect(f"{routes.SETTINGS}?tab={TAB}", replace=True)
        self.setup_id, self.setup_error, self.are_codes_shown = 0, "", False
        self.passkey_options = ""
        await self._read_factors()
        return None

    @handler("second_factor.setup", supersedes=True)
    async def refresh(self) -> None:
        await self._read_factors()

    async def _read_factors(self) -> None:
        self.load_error = ""
        try:
            async with reading() as session:
                found = await factors.list_factors(session, self._as_actor())
                required_from = await needs_second_factor(session, self._as_actor())
                self.is_required = instance_settings().requires_two_factor(is_superuser=self._as_actor().is_superuser)
        except AppError as error:
            self.load_error = error.detail
            return
        self.factors = [factor_row(factor) for factor in found.factors]
        self.required_from = required_from.isoformat() if required_from else ""
        self.codes_left, self.is_loaded = found.recovery_codes_left, True

    @handler("second_factor.setup")
    async def confirm_setup(self, form: dict[str, str]) -> AsyncGenerator[Any, None]:
        """Confirms the new authenticator app with a code of it."""
        if not self.setup_id or self.is_acting:
            return
        self.is_acting, self.setup_error = True, ""
        yield
        try:
            code = GivenCode(code=form.get("code", "").strip())
            async with transaction() as session:
                done = await factors.confirm_totp(session, self._as_actor(), self.setup_id, code)
        except ValidationError as error:
            self.setup_error = next(iter(faults_of(error).values()))
            return
        except AppError as error:
            self.setup_error = next(iter(error.field_details.values()), error.detail)
            return
        finally:
            self.is_acting = False
        self._toast(_("{name} added. Your other sessions are signed out.", name=done.factor.name))
        yield [*self._end_setup(), *self._show_codes(done.recovery_codes), FactorsState.refresh]

    @handler("second_factor.setup")
    async def add_passkey(self, form: dict[str, str]) -> Any:
        """Adds the passkey that the browser made. It sends nothing when the person or the device refused."""
        if not self.passkey_options:
            return None
        self.passkey_options = ""
        try:
            data = PasskeyCreate.model_validate_json(
                f'{{"name": {json.dumps(self.passkey_name)}, "credential": {form.get("credential") or "null"}}}'
            )
        except ValidationError:
            raise Invalid(_("No passkey was added. Try again, or use another device.")) from None
        async with transaction() as session:
            done = await passkey_service.add_passkey(session, self._as_actor(), data)
        self._toast(_("{name} added. Your other sessions are signed out.", name=done.factor.name))
        return [*self._show_codes(done.recovery_codes), FactorsState.refresh]

    @handler("second_factor.setup")
    async def cancel_setup(self) -> Any:
        return self._end_setup()

    def _end_setup(self) -> list[Any]:
        self.setup_id, self.setup_error = 0, ""
        return [rx.set_value(SECRET, ""), rx.set_value(QR_CODE, "")]

    def _show_codes(self, codes: list[str] | None) -> list[Any]:
        """Writes new recovery codes into the page's field."""
        if codes is None:
            return []
        self.are_codes_shown = True
        return [rx.set_value(CODES, "\n".join(codes))]

    @handler("second_factor.setup")
    async def hide_codes(self) -> Any:
        self.are_codes_shown = False
        return rx.set_value(CODES, "")

    @handler("second_factor.setup")
    async def ask_remove(self, factor_id: int) -> None:
        for row in self.factors:
            if row["id"] == factor_id:
                self.asked, self.asking, self.act_error = row, "remove", ""
                self._note_dialog("asking")

    @handler("second_factor.setup")
    async def ask_renew(self) -> None:
        self.asking, self.act_error = "renew", ""
        self._note_dialog("asking")

    @handler("second_factor.setup")
    async def cancel_asking(self) -> None:
        if not self.is_acting:
            self.asking = ""

    @handler("second_factor.setup")
    async def act(self, _form: dict[str, str]) -> AsyncGenerator[Any, None]:
        """Does what was confirmed."""
        if not self.asking or self.is_acting:
            return
        self.is_acting, self.act_error = True, ""
        yield
        try:
            events = await self._remove() if self.asking == "remove" else await self._renew()
        except AppError as error:
            self.act_error = error.detail
            return
        finally:
            self.is_acting = False
        self.asking = ""
        yield [*events, FactorsState.refresh]

    async def _remove(self) -> list[Any]:
        async with transaction() as session:
            await factors.remove_factor(session, self._as_actor(), self.asked["id"])
        self._toast(_("{name} removed. Your other sessions are signed out.", name=self.asked["name"]))
        return []

    async def _renew(self) -> list[Any]:
        async with transaction() as session:
            made = await factors.renew_recovery_codes(session, self._as_actor())
        return self._show_codes(made.recovery_codes)


def factor_row(factor: FactorRead) -> FactorRow:
    return FactorRow(
        id=factor.id,
        kind=factor.kind,
        name=factor.name,
        created_at=factor.created_at.isoformat(),
        last_used_at=factor.last_used_at.isoformat() if factor.last_used_at else "",
    )

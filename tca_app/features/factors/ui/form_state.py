"""State of the form that names a second factor: a new one, or one that is renamed."""

import json
from collections.abc import AsyncGenerator
from typing import Any, ClassVar

import reflex as rx

from tca_app.core.database.session import transaction
from tca_app.core.language.messages import _
from tca_app.features.factors import passkey_service, service as factors
from tca_app.features.factors.schemas import FactorName
from tca_app.features.factors.ui.state import QR_CODE, SECRET, FactorsState
from tca_app.ui.forms.state import FormState
from tca_app.ui.handlers import handler, set_permission
from tca_app.ui.session import SessionState


class FactorFormState(FormState, SessionState):
    """`form_mode` is "totp" for a new authenticator app, "passkey" for a new passkey, else "edit"."""

    _openers: ClassVar = {"totp": "open_totp", "passkey": "open_passkey", "edit": "open_rename"}

    @handler("second_factor.setup")
    async def open_totp(self) -> None:
        self._open_form("totp", {"name": "Authenticator app"})

    @handler("second_factor.setup")
    async def open_passkey(self) -> None:
        self._open_form("passkey", {"name": "Passkey"})

    @handler("second_factor.setup")
    async def open_rename(self, factor_id: int) -> None:
        listed = await self.get_state(FactorsState)
        for row in listed.factors:
            if row["id"] == factor_id:
                self._open_form("edit", {"name": row["name"]}, row_id=factor_id, name=row["name"])

    @handler("second_factor.setup")
    async def save(self, form: dict[str, str]) -> AsyncGenerator[Any, None]:
        values = self._begin_save(form)
        if values is None:
            return
        yield
        with self._showing_errors():
            data = FactorName(**values)
            act = {"totp": self._add_totp, "passkey": self._ask_for_passkey}.get(self.form_mode, self._rename)
            events = await act(data)
            self._close_form()
            yield events

    async def _add_totp(self, data: FactorName) -> list[Any]:
        async with transaction() as session:
            made = await factors.add_totp(session, self._as_actor(), data)
        listed = await self.get_state(FactorsState)
        listed.setup_id, listed.setup_name, listed.setup_error = made.id, made.name, ""
        return [rx.set_value(SECRET, made.secret), rx.set_value(QR_CODE, made.qr_code)]

    async def _ask_for_passkey(self, data: FactorName) -> list[Any]:
        """Gives the page what the browser needs to make a passkey; the page sends the result to `add_passkey`."""
        async with transaction() as session:
            options = await passkey_service.begin_registration(session, self._as_actor())
        listed = await self.get_state(FactorsState)
        listed.passkey_name, listed.passkey_options = data.name, json.dumps(options.options)
        return []

    async def _rename(self, data: FactorName) -> list[Any]:
        async with transaction() as session:
            await factors.rename_factor(session, self._as_actor(), self.form_id, data)
        self._toast(_("Renamed"))
        return [FactorsState.refresh]


for _name in ("close_form", "resume_form", "discard_draft"):  # of the mixin
    set_permission(FactorFormState.event_handlers[_name].fn, "second_factor.setup")

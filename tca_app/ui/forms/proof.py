"""A proof of identity: a page asks for it before a sensitive change, and makes the change afterwards."""

import json
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Literal

from pydantic import ValidationError
from reflex.event import Event
from reflex_base.event.context import EventContext

from tca_app.core.actor import Actor
from tca_app.core.database.session import reading, transaction
from tca_app.core.errors import AppError
from tca_app.core.language.messages import _
from tca_app.core.schema import in_words
from tca_app.features.auth.oauth.identities import ways_to_sign_in
from tca_app.features.auth.oauth.providers import StartLink
from tca_app.features.auth.second_factor import methods_of
from tca_app.features.auth.step_up import reauthenticate
from tca_app.features.factors import passkey_service
from tca_app.features.factors.schemas import GivenCode, GivenPasskey, UsedCredential
from tca_app.features.factors.sign_in import confirm_with_code
from tca_app.ui.components.open_dialogs import OpenDialogs
from tca_app.ui.handlers import CALL, handler
from tca_app.ui.websocket.sockets import OPEN_SOCKETS


class Proof(OpenDialogs, mixin=True):
    """Part of SessionState. The event that was refused waits until the dialog is confirmed or closed."""

    # A sensitive change was refused until the password is confirmed (features.auth.step_up).
    proof_is_asked: bool = False
    proof_error: str = ""
    proof_is_checked: bool = False
    proof_methods: list[str] = []  # the second factors by which it can be confirmed too
    proof_by: str = "password"  # or "code"
    proof_options: str = ""  # JSON for the browser, while it asks for a passkey; its challenge is no secret
    proof_has_password: bool = True
    proof_links: list[StartLink] = []  # providers where the viewer can sign in again instead

    if TYPE_CHECKING:

        def _as_actor(self) -> Actor: ...
        def _toast(self, text: str) -> None: ...

    @handler("second_factor.setup")
    async def close_proof(self, is_open: bool = False) -> None:
        if not is_open and not self.proof_is_checked:
            self.proof_is_asked, self.proof_error = False, ""
            OPEN_SOCKETS.take_held(self._socket_id())

    async def _ask_for_proof(self) -> None:
        """Opens the dialog, with the second factors of the account and the providers to sign in at again."""
        async with reading() as session:
            self.proof_methods = list(await methods_of(session, self._as_actor().user_id))
            ways = await ways_to_sign_in(session, self._as_actor())
        here = str(self.router_data.get("asPath", ""))
        OPEN_SOCKETS.take_held(self._socket_id())
        event = CALL.get().event
        if event is not None and EventContext.get().parent_txid is None:  # what a page loads follows another event
            OPEN_SOCKETS.hold(self._socket_id(), Event(name=event.name, payload=event.payload))
        self._note_dialog("proof_is_asked")
        self.proof_has_password = ways.has_password
        self.proof_links = [provider.link("reauthenticate", here) for provider in ways.linked]
        self.proof_is_asked, self.proof_error, self.proof_by, self.proof_options = True, "", "password", ""

    @handler("second_factor.setup")
    async def choose_proof(self, by: Literal["password", "code"]) -> None:
        self.proof_by, self.proof_error = by, ""

    @handler("second_factor.setup")
    async def ask_for_passkey(self) -> None:
        """Gives the page what the browser needs to use a passkey; the page sends the result to `give_passkey`."""
        async with transaction() as session:
            options = await passkey_service.begin_proof(session, self._as_actor())
        self.proof_error, self.proof_options = "", json.dumps(options.options)

    @handler("second_factor.setup")
    async def give_passkey(self, form: dict[str, str]) -> Event | None:
        self.proof_options = ""
        try:
            credential = UsedCredential.model_validate_json(form.get("credential") or "null")
            async with transaction() as session:
                data = GivenPasskey(credential=credential)
                await passkey_service.confirm_with_passkey(session, self._as_actor(), data)
        except ValidationError:
            self.proof_error = _("No passkey was used. Try again, or use your password.")
        except AppError as error:
            self.proof_error = " ".join(error.field_details.values()) or error.detail
        else:
            return self._go_on()
        return None

    def _socket_id(self) -> str:
        return str(self.router_data.get("sid", ""))

    def _go_on(self) -> Event | None:
        """Closes the dialog and returns the event that was refused. It passes Gate like any other."""
        held = OPEN_SOCKETS.take_held(self._socket_id()) if self.proof_is_asked else None
        self.proof_is_asked = False
        if held is None:  # the connection is a new one, or the page asked by itself
            self._toast(_("Confirmed. You can continue now."))
        return held

    @handler("second_factor.setup")
    async def give_proof(self, form: dict[str, str]) -> AsyncGenerator[Event | None, None]:
        """Confirms the password or a code, and repeats what was refused. Its dialog or form is still open."""
        self.proof_is_checked, self.proof_error = True, ""
        yield None
        try:
            async with transaction() as session:
                if "code" in form:
                    await confirm_with_code(session, self._as_actor(), GivenCode(code=form["code"].strip()))
                else:
                    await reauthenticate(session, self._as_actor(), form.get("password", ""))
        except ValidationError as error:
            self.proof_error = in_words(error.errors()[0])
            return
        except AppError as error:
            self.proof_error = " ".join(error.field_details.values()) or error.detail
            return
        finally:
            self.proof_is_checked = False
        yield self._go_on()

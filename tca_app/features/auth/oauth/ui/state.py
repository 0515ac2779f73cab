"""State of the panel "Sign-in" in the settings: the identities of the viewer, to link and unlink."""

from collections.abc import AsyncGenerator
from typing import Any, TypedDict

from tca_app.core.database.session import reading, transaction
from tca_app.core.errors import AppError
from tca_app.core.language.messages import _
from tca_app.features.auth.oauth import identities
from tca_app.features.auth.oauth.identity import REASONS
from tca_app.features.auth.oauth.providers import StartLink
from tca_app.features.auth.step_up import require_recent_proof
from tca_app.ui import routes
from tca_app.ui.handlers import handler
from tca_app.ui.session import SessionState
from tca_app.ui.url import query_param


class IdentityRow(TypedDict):
    """A linked identity as the panel shows it."""

    id: int
    label: str
    name: str
    is_usable: bool
    used_at: str


class IdentitiesState(SessionState):
    """Your ways to sign in. `error` says why the last attempt to link one was refused."""

    has_password: bool = True
    rows: list[IdentityRow] = []
    links: list[StartLink] = []
    error: str = ""
    unlink_id: int = 0
    unlink_label: str = ""
    unlink_error: str = ""
    is_unlinking: bool = False

    @handler("signed_in")
    async def load(self) -> None:
        """Loads the identities. After a link that needed a proof of identity it asks for one."""
        reason = query_param(self.router_data, "reason")
        self.error = _(REASONS.get(reason, ""))
        await self._read()
        if reason == "needs_proof":
            async with reading() as session:
                await require_recent_proof(session, self._as_actor())

    async def _read(self) -> None:
        if self._as_actor().acting_id:
            self.rows, self.links = [], []
            return
        async with reading() as session:
            ways = await identities.ways_to_sign_in(session, self._as_actor())
        self.has_password = ways.has_password
        self.links = [provider.link("link", routes.SETTINGS) for provider in ways.linkable]
        self.rows = [
            IdentityRow(
                id=row.id,
                label=row.label,
                name=row.name,
                is_usable=row.is_usable,
                used_at=row.last_used_at.isoformat() if row.last_used_at else "",
            )
            for row in ways.identities
        ]

    @handler("signed_in")
    async def ask_unlink(self, identity_id: int) -> None:
        found = next((row for row in self.rows if row["id"] == identity_id), None)
        if found is not None:
            self.unlink_id, self.unlink_label, self.unlink_error = identity_id, found["label"], ""
            self._note_dialog("unlink_id")

    @handler("signed_in")
    async def cancel_unlink(self) -> None:
        if not self.is_unlinking:
            self.unlink_id = 0

    @handler("signed_in")
    async def unlink(self, _form: dict[str, str]) -> AsyncGenerator[Any, None]:
        if not self.unlink_id or self.is_unlinking:
            return
        self.is_unlinking, self.unlink_error = True, ""
        yield
        try:
            async with transaction() as session:
                await identities.unlink(session, self._as_actor(), self.unlink_id)
        except AppError as error:
            self.unlink_error = error.detail
            return
        finally:
            self.is_unlinking = False
        self.unlink_id = 0
        self._toast(_("{unlink_label} unlinked", unlink_label=self.unlink_label))
        await self._read()

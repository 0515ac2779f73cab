"""State of the page that the link of an invitation opens."""

import contextlib

from pydantic import ValidationError

from tca_app.core.database.session import reading
from tca_app.core.errors import Gone
from tca_app.core.language.messages import _
from tca_app.features.auth.oauth.identity import REASONS
from tca_app.features.auth.oauth.providers import StartLink, providers
from tca_app.features.invitations import acceptance
from tca_app.features.invitations.schemas import InvitationDetails, InvitationToken
from tca_app.features.users import service as users
from tca_app.ui.components.roles import role_word
from tca_app.ui.handlers import CALL, handler
from tca_app.ui.session import SessionState
from tca_app.ui.url import query_param


class AcceptState(SessionState):
    """State of the page. `phase`: "" unknown, gone, closed (nobody creates accounts), new (create the
    account), join (signed in with the invited address), sign_in (it has an account), other (signed in with another
    address)."""

    phase: str = ""
    email: str = ""
    project: str = ""
    role: str = ""
    invited_by: str = ""
    providers: list[StartLink] = []  # where the person may sign in to accept
    error: str = ""  # why that was refused

    @handler("public")
    async def enter_invitation(self) -> None:
        details = await self._look_up()
        if details is None:
            self.phase = "gone"
            return
        self.email, self.invited_by = details.email, details.invited_by
        self.project, self.role = details.project_name or "", role_word(details.role)
        self.providers = [provider.invitation_link for provider in providers()]
        self.error = _(REASONS.get(query_param(self.router_data, "reason"), ""))
        self.phase = await self._phase_of(details)

    async def _look_up(self) -> InvitationDetails | None:
        with contextlib.suppress(ValidationError, Gone):
            data = InvitationToken(token=query_param(self.router_data, "token"))
            async with reading() as session:
                return await acceptance.look_up(session, data.token)
        return None

    async def _phase_of(self, details: InvitationDetails) -> str:
        actor = CALL.get().actor
        if not details.has_account and not acceptance.creates_accounts():
            return "closed"
        if actor is None:
            return "sign_in" if details.has_account else "new"
        async with reading() as session:
            own = await users.get_user(session, actor, actor.user_id)
        return "join" if own.email == details.email else "other"

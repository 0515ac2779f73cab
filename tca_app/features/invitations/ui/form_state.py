"""State of inviting people by email, and of the actions on one invitation."""

from collections.abc import AsyncGenerator
from typing import Any, ClassVar

import reflex as rx

from tca_app.core.database.session import reading, transaction
from tca_app.core.language.messages import N_, _, ngettext
from tca_app.features.idempotency.service import once
from tca_app.features.invitations import service as invitations
from tca_app.features.invitations.addresses import addresses_in
from tca_app.features.invitations.schemas import InvitationCreate, InvitationRead, InvitationsSent
from tca_app.features.invitations.ui.state import InvitationsState, ProjectInvitationsState
from tca_app.features.projects import policy, service as projects
from tca_app.ui import routes
from tca_app.ui.forms.state import FormState
from tca_app.ui.handlers import Events, handler
from tca_app.ui.record import RecordState
from tca_app.ui.session import SessionState
from tca_app.ui.url import record_id

LINKS = "invitation-links"  # the field that shows links while mail is off
ROLES = (("viewer", N_("Viewer")), ("deployer", N_("Deployer")), ("maintainer", N_("Maintainer")))


class InviteState(FormState, RecordState, SessionState):
    """State of the dialog that invites, and of the confirmation that revokes."""

    role_options: list[list[str]] = []
    has_links: bool = False  # the links themselves are never stored in a state
    revoked_id: int = 0
    revoked_email: str = ""
    is_acting: bool = False

    _openers: ClassVar = {"invite": "open_invite"}

    @handler("signed_in")
    async def open_invite(self, project_id: int) -> None:
        """Opens the form for a project, or (0) for the console alone. The service checks the permission."""
        self._enter_record()
        if not project_id:
            self._open_form("invite", {"emails": ""})
            return
        self._require_record(project_id, record_id(self.router_data, routes.PROJECTS))
        async with reading() as session:
            project = await projects.get_project(session, self._as_actor(), project_id)
        grants = policy.may(self._as_actor(), "members.grant_maintainer", project.my_role)
        self.role_options = [[value, _(label)] for value, label in ROLES if grants or value != "maintainer"]
        self._open_form("invite", {"emails": "", "role": "viewer"}, row_id=project_id, name=project.name)

    def _opener(self, mode: str, row_id: int) -> Any:
        return InviteState.open_invite(row_id) if mode == "invite" else None

    @handler("signed_in")
    async def save(self, form: dict[str, str]) -> AsyncGenerator[Any, None]:
        values = self._begin_save(form)
        if values is None:
            return
        yield
        with self._showing_errors():
            sent = await self._invite(values)
            self._close_form()
            self._toast(ngettext("Invited {count} person", "Invited {count} people", len(sent.invitations)))
            yield [self._reload(), *self._show_links(sent)]

    def _show_faults(self, faults: dict[str, str], detail: str) -> None:
        """The service points at `/emails/2`; the form has one field for all of them, and the detail names them."""
        super()._show_faults({"emails": detail} if any(name.isdigit() for name in faults) else faults, detail)

    async def _invite(self, values: dict[str, str]) -> InvitationsSent:
        data = InvitationCreate.model_validate(
            {
                "emails": addresses_in(values["emails"]),
                "project_id": self.form_id or None,
                "role": values.get("role") or None,
            }
        )
        actor = self._as_actor()
        async with transaction() as session:
            return await once(
                session,
                actor,
                self.form_key,
                f"invite\n{data.model_dump_json()}",
                InvitationsSent,
                lambda: invitations.invite(session, actor, data),
                lambda made: invitations.get_sent(session, actor, made.invitations),
            )

    def _show_links(self, sent: InvitationsSent) -> list[Any]:
        """Writes the links directly into the page's field: with several replicas, states are stored in Redis."""
        if not sent.secret_links:
            return []
        self._enter_record()
        self.has_links = True
        pairs = zip(sent.invitations, sent.secret_links, strict=True)
        return [rx.set_value(LINKS, "\n".join(f"{row.email} {url}" for row, url in pairs))]

    @handler("signed_in")
    async def hide_links(self) -> Events:
        self.has_links = False
        return rx.set_value(LINKS, "")

    @handler("signed_in")
    async def resend(self, invitation_id: int) -> Events:
        async with transaction() as session:
            sent = await invitations.resend_invitation(session, self._as_actor(), invitation_id)
        self._toast(_("New invitation for {email}", email=sent.invitations[0].email))
        return [self._reload(), *self._show_links(sent)]

    @handler("signed_in")
    async def ask_revoke(self, invitation_id: int) -> None:
        self._enter_record()
        row = await self._read(invitation_id)
        self.revoked_id, self.revoked_email = row.id, row.email
        self._note_dialog("revoked_id")

    async def _read(self, invitation_id: int) -> InvitationRead:
        async with transaction() as session:  # it locks the project
            return await invitations.get_invitation(session, self._as_actor(), invitation_id)

    @handler("signed_in")
    async def cancel_revoke(self) -> None:
        if not self.is_acting:
            self.revoked_id = 0

    @handler("signed_in")
    async def revoke(self) -> AsyncGenerator[Any, None]:
        invitation_id, email = self.revoked_id, self.revoked_email
        if not invitation_id:
            return
        self._require_url()
        self.is_acting = True
        yield
        try:
            async with transaction() as session:
                await invitations.revoke_invitation(session, self._as_actor(), invitation_id)
        finally:
            self.is_acting, self.revoked_id = False, 0
        self._toast(_("Invitation of {email} revoked", email=email))
        yield self._reload()

    def _reload(self) -> Any:
        is_project = record_id(self.router_data, routes.PROJECTS) > 0
        return ProjectInvitationsState.load if is_project else InvitationsState.load

"""State of Slack in a project's settings: the connection, its events and the result of the last message."""

from collections.abc import AsyncGenerator
from typing import Any, ClassVar

from tca_app.core.database.session import reading, transaction
from tca_app.core.errors import AppError, Forbidden, Invalid, NotFound
from tca_app.core.language.messages import N_, _
from tca_app.features.slack import service as slack
from tca_app.features.slack.schemas import TOPICS, SlackRead, SlackUpdate
from tca_app.ui import routes
from tca_app.ui.components.loading import LoadState
from tca_app.ui.forms.state import FormState
from tca_app.ui.handlers import handler
from tca_app.ui.record import RecordState
from tca_app.ui.session import SessionState
from tca_app.ui.url import query_param, record_id

URL = "webhook_url"  # never stored in a state: see FormState
LABELS = {
    "deployments": N_("Deployments"),
    "approvals": N_("Approvals"),
    "health": N_("Health"),
    "freezes": N_("Freezes"),
}


class SlackState(LoadState, FormState, RecordState, SessionState):
    project_id: int = 0
    is_shown: bool = False
    is_connected: bool = False
    topics: str = ""
    changed_at: str = ""
    sent_at: str = ""
    error: str = ""
    is_removing: bool = False
    is_acting: bool = False
    remove_error: str = ""

    _topics: list[str] = []
    _openers: ClassVar = {"create": "open_edit", "edit": "open_edit"}

    @handler("signed_in", supersedes=True)
    async def load(self) -> None:
        """Loads the channel, only while the settings are open and only for users who may see it."""
        if self._enter_record():
            self._hide_left_form()
            self.is_removing = False
        self.is_shown, self.failure = False, ""
        self.project_id = record_id(self.router_data, routes.PROJECTS)
        if query_param(self.router_data, "tab") != "settings":
            return
        self._watch(SlackState.refresh, f"slack:{self.project_id}")
        await self._read_channel()

    @handler("signed_in", supersedes=True)
    async def refresh(self) -> None:
        """Reloads the channel. A dialog stays open."""
        await self._read_channel()

    async def _read_channel(self) -> None:
        with self._loading():
            try:
                async with reading() as session:
                    found = await slack.read_channel(session, self._as_actor(), self.project_id)
            except (Forbidden, NotFound):
                self.is_shown = False  # the page reports a missing project itself
                return
            self._show_channel(found)

    def _show_channel(self, found: SlackRead) -> None:
        self.is_shown, self.is_connected = True, found.is_connected
        self._topics = list(found.topics)
        self.topics = ", ".join(_(LABELS[topic]) for topic in found.topics)
        self.changed_at = found.changed_at.isoformat() if found.changed_at else ""
        self.sent_at = found.sent_at.isoformat() if found.sent_at else ""
        self.error = found.error

    @handler("signed_in")
    async def open_edit(self, project_id: int) -> None:
        self._require_record(project_id, self.project_id)
        ticks = {topic: "on" if topic in self._topics else "" for topic in TOPICS}
        mode = "edit" if self.is_connected else "create"
        self._open_form(mode, {URL: ""} | ticks, row_id=project_id)

    @handler("signed_in")
    async def save(self, form: dict[str, str]) -> AsyncGenerator[Any, None]:
        values = self._begin_save(form)
        if values is None:
            return
        yield
        with self._showing_errors():
            given: dict[str, Any] = {"topics": [topic for topic in TOPICS if values[topic]]}
            if not given["topics"]:
                raise Invalid.at(TOPICS[0], _("Choose at least one kind of event."))
            given |= {"url": values[URL].strip()} if values[URL].strip() else {}
            async with transaction() as session:
                data = SlackUpdate(**given)
                found = await slack.update_channel(session, self._as_actor(), self.form_id, data)
            self._close_form()
            self._show_channel(found)
            self._toast(_("Slack settings saved"))

    def _show_faults(self, faults: dict[str, str], detail: str) -> None:
        """Shows the errors. The field of the URL has another name in this form."""
        super()._show_faults({URL if name == "url" else name: text for name, text in faults.items()}, detail)

    @handler("signed_in")
    async def send_test(self, project_id: int) -> None:
        self._require_record(project_id, self.project_id)
        async with transaction() as session:
            await slack.send_test(session, self._as_actor(), project_id)
        self._toast(_("Test message queued. The result appears here."))

    @handler("signed_in")
    async def ask_remove(self, project_id: int) -> None:
        self._require_record(project_id, self.project_id)
        self.is_removing, self.remove_error = True, ""
        self._note_dialog("is_removing")

    @handler("signed_in")
    async def cancel_remove(self) -> None:
        if not self.is_acting:
            self.is_removing = False

    @handler("signed_in")
    async def remove(self, _form: dict[str, str]) -> AsyncGenerator[Any, None]:
        if not self.is_removing or self.is_acting:
            return
        self._require_url()
        self.is_acting, self.remove_error = True, ""
        yield
        try:
            async with transaction() as session:
                await slack.remove_channel(session, self._as_actor(), self.project_id)
        except AppError as error:
            self.remove_error = error.detail
            return
        finally:
            self.is_acting = False
        self.is_removing = False
        self._toast(_("Slack removed"))
        await self._read_channel()

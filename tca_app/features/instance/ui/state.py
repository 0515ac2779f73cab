"""State of the page `/admin`: the form of the instance settings, the logo and the history."""

from collections.abc import AsyncGenerator
from typing import Any

from tca_app.core.database.session import reading, transaction
from tca_app.core.errors import AppError, Stale
from tca_app.core.language.messages import N_, _
from tca_app.features.activity.schemas import ActivityQuery
from tca_app.features.activity.ui.state import BATCH, Feed
from tca_app.features.auth.step_up import require_recent_proof
from tca_app.features.instance import service as instance
from tca_app.features.instance.schemas import InstanceRead, InstanceUpdate
from tca_app.ui.components.faces import Face, face_of
from tca_app.ui.components.loading import LoadState
from tca_app.ui.forms.state import FormState
from tca_app.ui.handlers import handler
from tca_app.ui.session import SessionState
from tca_app.ui.url import query_param

TABS = ("settings", "history")
LABELS = {
    "app_name": N_("Name"),
    "time_zone": N_("Default time zone"),
    "language": N_("Default language"),
    "status_public": N_("Public status page"),
    "sign_up": N_("Who can create an account"),
    "two_factor_required": N_("Require two-factor"),
    "two_factor_grace_days": N_("Days to set it up"),
    "session_days": N_("Longest session (days)"),
    "session_idle_minutes": N_("Idle time (minutes)"),
    "password_min_length": N_("Shortest password (characters)"),
}


def _values(read: InstanceRead) -> dict[str, str]:
    """Returns the values of the form, without what the environment sets."""
    names = [name for name in LABELS if name not in read.set_by_environment]
    return {name: _text(getattr(read, name)) for name in names}


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else ""
    return str(value)


def _given(values: dict[str, str]) -> dict[str, Any]:
    """Returns the values of the form with their types. Text that is no number stays text, which the schema refuses."""
    given: dict[str, Any] = {}
    for name, text in values.items():
        if name == "status_public":
            given[name] = text == "on"
        elif name in ("app_name", "time_zone", "language", "sign_up", "two_factor_required"):
            given[name] = text.strip()
        else:
            given[name] = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text
    return given


class InstanceState(LoadState, FormState, SessionState):
    """State of the form. What the environment sets is shown beside it."""

    tab: str = TABS[0]
    fixed: dict[str, str] = {}  # the variable that sets a field, and the value
    fixed_values: dict[str, str] = {}
    changed_at: str = ""
    changed_by: str = ""
    changed_by_face: Face = face_of("")

    @handler("instance.manage")
    async def load(self) -> None:
        wanted = query_param(self.router_data, "tab")
        self.tab = wanted if wanted in TABS else TABS[0]
        self._watch(InstanceState.refresh, "instance")
        with self._loading():
            self._open(await self._read())

    @handler("instance.manage", supersedes=True)
    async def refresh(self) -> None:
        """Shows who changed the settings. The form stays as it is; saving it merges what others changed in it."""
        read = await self._read()
        if _values(read) == self._form_base:  # something else changed, such as the logo
            self.form_version = read.version
        self._show_change(read)

    async def _read(self) -> InstanceRead:
        async with reading() as session:
            return await instance.get_instance(session, self._as_actor())

    def _open(self, read: InstanceRead) -> None:
        self.fixed = read.set_by_environment
        self.fixed_values = {name: _text(getattr(read, name)) for name in read.set_by_environment}
        self._show_change(read)
        self._open_form("edit", _values(read), row_id=1, version=read.version)

    def _show_change(self, read: InstanceRead) -> None:
        self.changed_by_face = face_of(read.changed_by, read.changed_by_id)
        self.changed_by, self.changed_at = read.changed_by, read.changed_at.isoformat() if read.changed_at else ""
        self._show(self._as_actor())

    @handler("instance.manage")
    async def save(self, form: dict[str, str]) -> AsyncGenerator[Any, None]:
        values = self._begin_save(form)
        if values is None:
            return
        yield
        with self._showing_errors():
            try:
                data = InstanceUpdate(**_given(values))
                async with transaction() as session:
                    saved = await instance.update_instance(session, self._as_actor(), data, self.form_version)
                self._close_form()
                self._open(saved)
                self._toast(_("Instance settings saved"))
            except Stale as stale:
                read = await self._read()
                self._ask_to_merge(_values(read), stale, version=read.version, labels=LABELS)

    def _opener(self, mode: str, row_id: int) -> Any:
        return InstanceState.load


class LogoState(SessionState):
    """State of the logo. The browser sends the image by REST, because frames of the live connection are small."""

    is_choosing: bool = False
    is_removing: bool = False
    is_acting: bool = False
    remove_error: str = ""

    @handler("instance.manage")
    async def open_upload(self) -> None:
        """Opens the dialog, after a recent proof of identity, which the browser's own request cannot ask for."""
        async with reading() as session:
            await require_recent_proof(session, self._as_actor())
        self.is_choosing = True
        self._note_dialog("is_choosing")

    @handler("instance.manage")
    async def close_upload(self, is_open: bool = False) -> None:
        self.is_choosing = is_open

    @handler("instance.manage")
    async def uploaded(self) -> None:
        self.is_choosing = False
        self._toast(_("Logo saved"))

    @handler("instance.manage")
    async def ask_remove(self) -> None:
        self.is_removing, self.remove_error = True, ""
        self._note_dialog("is_removing")

    @handler("instance.manage")
    async def cancel_remove(self) -> None:
        if not self.is_acting:
            self.is_removing = False

    @handler("instance.manage")
    async def remove(self, _form: dict[str, str]) -> AsyncGenerator[Any, None]:
        if not self.is_removing or self.is_acting:
            return
        self.is_acting, self.remove_error = True, ""
        yield
        try:
            async with transaction() as session:
                await instance.delete_logo(session, self._as_actor())
        except AppError as error:
            self.remove_error = error.detail
            return
        finally:
            self.is_acting = False
        self.is_removing = False
        self._show(self._as_actor())
        self._toast(_("Logo removed"))


class HistoryState(Feed, SessionState):
    """State of the history: the events of the instance settings."""

    @handler("instance.manage", supersedes=True)
    async def load(self) -> None:
        if query_param(self.router_data, "tab") != "history":
            return
        self._watch(HistoryState.load, "instance")
        await self._load_feed(ActivityQuery(subject_type=["instance"], limit=BATCH))

"""State of the form that plans or changes maintenance, and of cancelling it."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tca_app.core.database.session import reading, transaction
from tca_app.core.errors import Forbidden, Stale
from tca_app.core.language.messages import N_, _
from tca_app.features.health import policy
from tca_app.features.health.components import Scopes, read_scopes
from tca_app.features.health.maintenance import queries, service as maintenance
from tca_app.features.health.maintenance.schemas import MaintenanceCreate, MaintenanceRead, MaintenanceUpdate
from tca_app.features.health.ui.scoped_form import ScopedForm, project_of
from tca_app.ui.handlers import handler
from tca_app.ui.session import SessionState
from tca_app.ui.zone import field_of, time_in_field, zone_of, zone_words

LABELS = {
    "title": N_("Title"),
    "message": N_("Message"),
    "starts_at": N_("From"),
    "ends_at": N_("Until"),
    "is_public": N_("On the public page"),
}
TIMES = ("starts_at", "ends_at")


class MaintenanceForm(ScopedForm, SessionState):
    """State of the form. Times are entered in the viewer's time zone, which the form shows."""

    zone_text: str = ""
    cancel_id: int = 0
    cancel_title: str = ""
    cancel_is_active: bool = False

    _zone: str = "UTC"  # the zone of the open form: its times stay in this zone

    @handler("signed_in")
    async def open_create(self) -> None:
        async with reading() as session:
            scopes = await read_scopes(session, self._as_actor(), policy.MANAGE)
        zone, now = self._enter_zone(), datetime.now(UTC)
        times = {"starts_at": field_of(now, zone), "ends_at": field_of(now + timedelta(hours=1), zone)}
        self._open_form("create", {"title": "", "message": "", "is_public": ""} | times | self._offer(scopes))

    @handler("signed_in")
    async def open_edit(self, window_id: int) -> None:
        window, scopes = await self._read(window_id)
        if not window.may_manage:
            raise Forbidden
        self._enter_zone()
        values = self._values(window, scopes)
        self._open_form("edit", values, row_id=window.id, version=window.version, name=window.title)

    def _enter_zone(self) -> ZoneInfo:
        zone = zone_of(self.router_data)
        self._zone, self.zone_text = zone.key, zone_words(zone)
        return zone

    async def _read(self, window_id: int) -> tuple[MaintenanceRead, Scopes]:
        async with reading() as session:
            window = await queries.get_window(session, self._as_actor(), window_id)
            return window, await read_scopes(session, self._as_actor(), policy.MANAGE, window.project_id)

    def _values(self, window: MaintenanceRead, scopes: Scopes) -> dict[str, str]:
        zone = ZoneInfo(self._zone)
        about = {"title": window.title, "message": window.message, "is_public": "on" if window.is_public else ""}
        times = {name: field_of(getattr(window, name), zone) for name in TIMES}
        return about | times | self._offer(scopes, str(window.project_id or ""), window.components)

    @handler("signed_in")
    async def save(self, form: dict[str, str]) -> AsyncGenerator[Any, None]:
        values = self._begin_save(form)
        if values is None:
            return
        yield
        with self._showing_errors():
            is_new = self.form_mode == "create"
            try:
                await (self._create(values) if is_new else self._update(values))
            except Stale as stale:
                window, scopes = await self._read(self.form_id)
                labels = LABELS | {option["field"]: option["name"] for option in self.component_options}
                self._ask_to_merge(self._values(window, scopes), stale, version=window.version, labels=labels)
                return
            self._close_form()
            self._toast(_("Maintenance planned") if is_new else _("Maintenance saved"))

    async def _create(self, values: dict[str, str]) -> None:
        data = MaintenanceCreate(project_id=project_of(values["project_id"]), **self._given(values, TIMES))
        async with transaction() as session:
            await maintenance.create_window(session, self._as_actor(), data)

    async def _update(self, values: dict[str, str]) -> None:
        """Updates what changed. A time that was not touched keeps its seconds."""
        times = tuple(name for name in TIMES if values[name] != self._form_base[name])
        data = MaintenanceUpdate(**self._given(values, times))
        async with transaction() as session:
            await maintenance.update_window(session, self._as_actor(), self.form_id, data, self.form_version)

    def _given(self, values: dict[str, str], times: tuple[str, ...]) -> dict[str, Any]:
        zone = ZoneInfo(self._zone)
        given: dict[str, Any] = {name: values[name] for name in ("title", "message")}
        given |= {"is_public": values["is_public"] == "on", "check_ids": self._chosen(values, values["project_id"])}
        return given | {name: time_in_field(name, values[name], zone, is_end=name == "ends_at") for name in times}

    @handler("signed_in")
    async def ask_cancel(self, window_id: int) -> None:
        async with reading() as session:
            window = await queries.get_window(session, self._as_actor(), window_id)
        self.cancel_id, self.cancel_title, self.cancel_is_active = window.id, window.title, window.state == "active"
        self._note_dialog("cancel_id")

    @handler("signed_in")
    async def keep_window(self) -> None:
        self.cancel_id = 0

    @handler("signed_in")
    async def cancel_window(self) -> None:
        window_id, self.cancel_id = self.cancel_id, 0
        if not window_id:
            return
        async with transaction() as session:
            window = await maintenance.cancel_window(session, self._as_actor(), window_id)
        self._toast(_("Maintenance ended") if window.state == "completed" else _("Maintenance cancelled"))

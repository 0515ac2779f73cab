"""State of the form that creates a freeze window for a project or one of its environments."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tca_app.core.database.session import reading, transaction
from tca_app.core.language.messages import _
from tca_app.features.environments import freezes, service as environments
from tca_app.features.environments.schemas import FreezeCreate
from tca_app.features.environments.ui.freezes_state import FreezesState
from tca_app.ui import routes
from tca_app.ui.forms.state import FormState
from tca_app.ui.handlers import handler
from tca_app.ui.record import MovedOn
from tca_app.ui.session import SessionState
from tca_app.ui.url import record_id
from tca_app.ui.zone import field_of, time_in_field, zone_of, zone_words


class FreezeState(FormState, SessionState):
    """State of the form. Times are entered in the viewer's time zone, which the form shows."""

    environment_options: list[list[str]] = []
    zone_text: str = ""

    _zone: str = "UTC"  # the zone of the open form: its times stay in this zone

    def _opener_scope(self) -> list[int]:
        return [record_id(self.router_data, routes.PROJECTS)]

    @handler("signed_in")
    async def open_create(self, project_id: int) -> None:
        if project_id != record_id(self.router_data, routes.PROJECTS):
            raise MovedOn
        async with reading() as session:
            found = await environments.list_environments(session, self._as_actor(), project_id)
        self.environment_options = [
            ["", _("All environments")],
            *([str(environment.id), environment.name] for environment in found),
        ]
        zone, now = zone_of(self.router_data), datetime.now(UTC)
        self._zone, self.zone_text = zone.key, zone_words(zone)
        times = {"starts_at": field_of(now, zone), "ends_at": field_of(now + timedelta(days=1), zone)}
        self._open_form("create", {"environment_id": "", "why": "", **times}, row_id=project_id)

    @handler("signed_in")
    async def save(self, form: dict[str, str]) -> AsyncGenerator[Any, None]:
        values = self._begin_save(form)
        if values is None:
            return
        yield
        with self._showing_errors():
            environment, zone = values["environment_id"], ZoneInfo(self._zone)
            data = FreezeCreate(
                environment_id=int(environment) if environment.isascii() and environment.isdigit() else None,
                starts_at=time_in_field("starts_at", values["starts_at"], zone),
                ends_at=time_in_field("ends_at", values["ends_at"], zone, is_end=True),
                why=values["why"],
            )
            async with transaction() as session:
                await freezes.create_freeze(session, self._as_actor(), self.form_id, data)
            self._close_form()
            self._toast(_("Freeze window created"))
            yield FreezesState.load

"""State of the freeze windows in a project's settings."""

from typing import ClassVar, TypedDict
from zoneinfo import ZoneInfo

from tca_app.core.database.session import reading, transaction
from tca_app.core.errors import NotFound
from tca_app.core.language.messages import _
from tca_app.features.environments import freezes
from tca_app.features.environments.schemas import FreezeQuery, FreezeRead
from tca_app.ui import routes
from tca_app.ui.handlers import Events, handler
from tca_app.ui.record import RecordState
from tca_app.ui.session import SessionState
from tca_app.ui.table.order import Order, OrderState
from tca_app.ui.url import query_param, record_id
from tca_app.ui.zone import span_words, zone_of


class FreezeRow(TypedDict):
    """A freeze window in the list. `when` has the start and end in the viewer's time zone."""

    id: int
    where: str
    why: str
    when: str
    who: str


class FreezesState(OrderState, RecordState, SessionState):
    windows: list[FreezeRow] = []

    project_id: int = 0

    _order: ClassVar = Order.of("sort_freezes", FreezeQuery)

    @handler("signed_in", supersedes=True)
    async def load(self) -> None:
        """Loads the current and planned windows, only while the settings are open."""
        project_id = record_id(self.router_data, routes.PROJECTS)
        if self._enter_record():
            self.project_id, self.windows = project_id, []
        if query_param(self.router_data, "tab") != "settings":
            return
        self._watch(FreezesState.load, f"project:{project_id}")
        query = FreezeQuery.model_validate({"sort": self._sorted()})
        try:
            async with reading() as session:
                found = await freezes.list_freezes(session, self._as_actor(), project_id, query)
        except NotFound:
            return  # the page reports a missing project itself
        zone = zone_of(self.router_data)
        self.windows = [_row(window, zone) for window in found]

    @handler("signed_in")
    async def lift(self, project_id: int, freeze_id: int) -> Events:
        """Ends a freeze window early."""
        self._require_record(project_id, self.project_id)
        async with transaction() as session:
            await freezes.delete_freeze(session, self._as_actor(), project_id, freeze_id)
        self._toast(_("Freeze window lifted"))
        return FreezesState.load


def _row(window: FreezeRead, zone: ZoneInfo) -> FreezeRow:
    return FreezeRow(
        id=window.id,
        where=window.environment or _("All environments"),
        why=window.why,
        when=span_words(window.starts_at, window.ends_at, zone),
        who=window.created_by.display_name if window.created_by else "",
    )

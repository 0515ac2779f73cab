"""State of the freeze windows in a project's settings."""

from collections.abc import AsyncGenerator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, ClassVar, TypedDict
from zoneinfo import ZoneInfo

from tca_app.core.actor import Actor
from tca_app.core.database.session import Session, reading
from tca_app.core.errors import NotFound
from tca_app.core.language.messages import N_, _
from tca_app.core.lists.bulk import BulkResult
from tca_app.features.environments import freezes
from tca_app.features.environments.schemas import FreezeQuery, FreezeRead
from tca_app.ui import routes
from tca_app.ui.components.faces import Face, face_of
from tca_app.ui.components.loading import LoadState
from tca_app.ui.forms.removal import RemovalState
from tca_app.ui.handlers import handler
from tca_app.ui.record import RecordState
from tca_app.ui.session import SessionState
from tca_app.ui.table.bulk import BulkAction, BulkRows, BulkSpec
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
    face: Face
    is_active: bool


class FreezesState(BulkRows, LoadState, RemovalState, OrderState, RecordState, SessionState):
    rows: list[FreezeRow] = []
    project_id: int = 0
    lift_text: str = ""  # what the confirmation says

    _order: ClassVar = Order.of("sort_freezes", FreezeQuery)
    _bulk: ClassVar = BulkSpec(
        "signed_in",
        "freeze window",
        (BulkAction("lift", N_("Lift"), N_("lifted"), danger=True),),
        name_key="why",
    )

    @handler("signed_in", supersedes=True)
    async def load(self) -> None:
        """Loads the current and planned windows, only while the settings are open."""
        project_id = record_id(self.router_data, routes.PROJECTS)
        if self._enter_record():
            self.project_id, self.rows, self.removed_id = project_id, [], 0
            self._forget_bulk()
        if query_param(self.router_data, "tab") != "settings":
            return
        self._watch(FreezesState.load, f"project:{project_id}")
        query = FreezeQuery.model_validate({"sort": self._sorted()})
        zone = zone_of(self.router_data)
        with self._loading(), suppress(NotFound):  # the page reports a missing project itself
            async with reading() as session:
                found = await freezes.list_freezes(session, self._as_actor(), project_id, query)
            self.rows = [_row(window, zone) for window in found]
            self._keep_selected(self.rows)

    def _question(self, action: BulkAction, rows: list[Any]) -> str:
        return _what_follows(is_active=any(row.get("is_active") for row in rows))

    async def _apply(self, session: Session, actor: Actor, action: str, ids: list[int]) -> list[BulkResult]:
        self._require_url()
        return await freezes.delete_freezes(session, actor, self.project_id, ids)

    @handler("signed_in")
    async def ask_lift(self, project_id: int, freeze_id: int) -> None:
        """Opens the confirmation, which names the window and what becomes possible."""
        self._require_record(project_id, self.project_id)
        window = next((row for row in self.rows if row["id"] == freeze_id), None)
        if window is None:
            raise NotFound
        self.lift_text = f"{window['where']}, {window['when']}. {_what_follows(is_active=window['is_active'])}"
        self._ask_to_remove(freeze_id, window["why"])

    @handler("signed_in")
    async def lift(self, _form: dict[str, str]) -> AsyncGenerator[Any, None]:
        """Ends the confirmed freeze window early."""
        self._require_url()

        async def act(session: Session, actor: Actor, freeze_id: int) -> None:
            await freezes.delete_freeze(session, actor, self.project_id, freeze_id)

        async for update in self._remove_row(act, _("Freeze window lifted"), FreezesState.load):
            yield update


def _what_follows(*, is_active: bool) -> str:
    """Returns what the confirmation says of the end of an active window, or of a planned one."""
    if is_active:
        return _("New deployments are possible again immediately, unless another freeze applies.")
    return _("New deployments stay possible in this time.")


def _row(window: FreezeRead, zone: ZoneInfo) -> FreezeRow:
    by = window.created_by
    return FreezeRow(
        id=window.id,
        where=window.environment or _("All environments"),
        why=window.why,
        when=span_words(window.starts_at, window.ends_at, zone),
        who=by.display_name if by else "",
        face=face_of(by.display_name, by.id) if by else face_of(""),
        is_active=window.starts_at <= datetime.now(UTC),
    )

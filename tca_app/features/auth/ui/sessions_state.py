"""State of the open sessions: your own in the settings, and those of a user on their page."""

from collections.abc import AsyncGenerator
from typing import Any, ClassVar, TypedDict

from tca_app.core.database.session import reading, transaction
from tca_app.core.errors import AppError, Forbidden, NotFound
from tca_app.core.language.messages import _, ngettext
from tca_app.features.auth import service as auth
from tca_app.features.auth.schemas import SessionQuery, SessionRead
from tca_app.features.auth.ui.devices import device_words
from tca_app.ui import routes
from tca_app.ui.handlers import handler
from tca_app.ui.record import RecordState
from tca_app.ui.session import SessionState
from tca_app.ui.table.order import Order, OrderState
from tca_app.ui.url import page_path, query_of, query_param, record_id


class SessionRow(TypedDict):
    """An open session. Times are ISO 8601."""

    id: int
    kind: str
    device: str
    ip: str
    created_at: str
    last_used_at: str
    is_current: bool


class SessionsState(OrderState, RecordState, SessionState):
    """State of the table, and of the confirmation before sessions are ended."""

    person_id: int = 0
    rows: list[SessionRow] = []
    phase: str = ""  # "" not known yet, "list", "failed"
    failure: str = ""
    export_query: str = ""
    asking: str = ""  # "one" or "others"
    asking_text: str = ""
    act_error: str = ""
    is_acting: bool = False

    _record_fields: ClassVar = ("tab",)
    _order: ClassVar = Order.of("sort_sessions", SessionQuery)
    _ending_id: int = 0

    @handler("signed_in", supersedes=True)
    async def load(self) -> None:
        """Loads the sessions of the user that the URL names; in the settings these are your own."""
        if self._enter_record():
            self.rows, self.phase, self.asking = [], "", ""
        at, tab = page_path(self.router_data), query_param(self.router_data, "tab")
        self.person_id = self.user_id if at == routes.SETTINGS else record_id(self.router_data, routes.USERS)
        if at == routes.SETTINGS and tab != "sessions":
            return
        self._watch(SessionsState.refresh, f"user:{self.person_id}")
        await self._read()

    @handler("signed_in", supersedes=True)
    async def refresh(self) -> None:
        if self.phase:  # else the settings show another tab
            await self._read()

    async def _read(self) -> None:
        if not self.person_id:  # the page reports a missing user itself
            self.rows, self.phase = [], ""
            return
        query = SessionQuery.model_validate({"user_id": self.person_id, "sort": self._sorted()})
        self.export_query = query_of(query)
        try:
            async with reading() as session:
                found = await auth.list_sessions(session, self._as_actor(), query)
        except (Forbidden, NotFound):
            self.rows, self.phase = [], ""  # the page reports a missing user itself
        except AppError as error:
            self.rows, self.phase, self.failure = [], "failed", error.detail
        else:
            self.rows, self.phase = [_row(entry) for entry in found], "list"

    @handler("signed_in")
    async def ask_end(self, user_id: int, session_id: int) -> None:
        """Opens the confirmation for one session."""
        self._require_record(user_id, self.person_id)
        row = next((row for row in self.rows if row["id"] == session_id), None)
        if row is None:
            return
        itself = _("This is the session you use now: you will be signed out.")
        self.asking_text = (
            itself
            if row["is_current"]
            else _("{device} at {ip} is signed out immediately.", device=row["device"], ip=row["ip"])
        )
        self.asking, self.act_error, self._ending_id = "one", "", session_id
        self._note_dialog("asking")

    @handler("signed_in")
    async def ask_end_others(self, user_id: int) -> None:
        """Opens the confirmation for all sessions except the current one."""
        self._require_record(user_id, self.person_id)
        number = sum(not row["is_current"] for row in self.rows)
        if number == 0:
            return
        kept = _(" This one stays.") if any(row["is_current"] for row in self.rows) else ""
        self.asking_text = ngettext(
            "{count} browser or script must sign in again.{kept}",
            "{count} browsers and scripts must sign in again.{kept}",
            number,
            kept=kept,
        )
        self.asking, self.act_error = "others", ""
        self._note_dialog("asking")

    @handler("signed_in")
    async def cancel(self) -> None:
        if not self.is_acting:
            self.asking = ""

    @handler("signed_in")
    async def end(self, form: dict[str, str]) -> AsyncGenerator[Any, None]:
        """Ends what was confirmed. The service checks the permission."""
        if not self.asking or self.is_acting:
            return
        self._require_url()
        self.is_acting, self.act_error = True, ""
        yield
        try:
            async with transaction() as session:
                if self.asking == "one":
                    await auth.revoke_session(session, self._as_actor(), self._ending_id)
                    ended = _("Session ended")
                else:
                    number = await auth.end_other_sessions(session, self._as_actor(), self.person_id)
                    ended = ngettext("{count} session ended", "{count} sessions ended", number)
        except NotFound:
            self.asking = ""  # it has ended meanwhile
        except AppError as error:
            self.act_error = error.detail
            return
        else:
            self.asking = ""
            self._toast(ended)
        finally:
            self.is_acting = False
        yield SessionsState.refresh


def _row(entry: SessionRead) -> SessionRow:
    return SessionRow(
        id=entry.id,
        kind=entry.kind,
        device=device_words(entry.user_agent),
        ip=entry.ip,
        created_at=entry.created_at.isoformat(),
        last_used_at=entry.last_used_at.isoformat(),
        is_current=entry.is_current,
    )

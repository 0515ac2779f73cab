"""The state of the shared table: the URL's query is the source of truth, and the feature fetches the rows."""

from dataclasses import replace
from typing import Any, TypeVar, cast
from urllib.parse import urlencode

import reflex as rx
import structlog
from pydantic import BaseModel

from tca_app.core.actor import Actor
from tca_app.core.database.session import Session, reading
from tca_app.core.errors import AppError
from tca_app.core.language.messages import _
from tca_app.core.lists.query import (
    MAX_PAGE as MAX_PAGE,
    PAGE_SIZES as PAGE_SIZES,
    TRASH as TRASH,
    Choice as Choice,
    Filter as Filter,
    TableQuery as TableQuery,
    TableSpec as TableSpec,
)
from tca_app.core.lists.trash import trash_text
from tca_app.core.region.formats import number
from tca_app.ui.handlers import CALL, Events, unexpected_error
from tca_app.ui.table.filter_state import FilterState
from tca_app.ui.table.preferences import PreferenceState
from tca_app.ui.table.selection.state import SelectionState
from tca_app.ui.url import page_url, query_of, values_of

log = structlog.get_logger(__name__)
T = TypeVar("T")


def bare(value: T) -> T:
    """Returns a state's list or dict without its wrapper, for reading: the wrapper would wrap each row."""
    return cast("T", getattr(value, "__wrapped__", value))


class TableState(FilterState, PreferenceState, SelectionState, mixin=True):
    """Mixin for a state with the table. List it before the state's base class.

    The feature sets `_spec: ClassVar`, annotates `rows` with its own TypedDict (with an `id: int`), implements
    `_fetch`, and has a handler with its own permission that awaits `self._load()`; that handler is the page's on_load.
    """

    is_capped: bool = False
    is_loaded: bool = False
    load_error: str = ""
    search: str = ""
    sort: str = ""
    page: int = 1
    page_size: int = PAGE_SIZES[0]
    export_query: str = ""  # search, filters and order, for the file with all rows
    flashed: list[int] = []  # rows that changed at the last load; the turn tells two consecutive loads apart
    flash_turn: bool = False

    _shown: str = ""  # the query of the page that is shown

    async def _fetch(self, session: Session, actor: Actor, query: TableQuery) -> tuple[list[Any], int, bool]:
        """Returns (rows, total, whether there are more than `total`) of one page. Implemented by the feature."""
        raise NotImplementedError

    def _query(self) -> TableQuery:
        return TableQuery.of(self._spec, page_url(self.router_data))

    async def _load(self) -> Events:
        """Loads the page in the URL, which is corrected when it is an older one or has a page after the last one."""
        query = asked = self._query()
        try:
            rows, total, capped = await self._page_of(query)
            last = max(1, -(-total // query.size))
            if not rows and query.page > last:
                query = replace(query, page=last)
                rows, total, capped = await self._page_of(query)
        except AppError as error:
            self._fail(error.detail)
            return None
        except Exception:
            log.exception("ui.table_failed", table=type(self).__name__, request_id=CALL.get().request_id)
            self._fail(unexpected_error())
            return None
        self._keep(query, rows, total, capped)
        url = page_url(self.router_data)
        shown = self._spec.current(url) if query is asked else self._url_of(query)
        return None if shown == url else rx.redirect(shown, replace=True)

    def _url_of(self, query: TableQuery) -> str:
        """Returns this page's URL with the page of `query`. Other parameters, such as the tab, stay as they are."""
        url = self._spec.current(page_url(self.router_data))
        return f"{url.partition('?')[0]}?{urlencode(values_of(url) | {'page': [str(query.page)]}, doseq=True)}"

    async def _page_of(self, query: TableQuery) -> tuple[list[Any], int, bool]:
        async with reading() as session:
            await self._read_preference(session)
            await self._keep_filters(session, query)
            return await self._fetch(session, self._as_actor(), query)

    def _keep(self, query: TableQuery, rows: list[Any], total: int, capped: bool) -> None:
        shown, asked = self._shown, query.as_url_query(self._spec)
        self._shown = asked
        if shown != asked or not self.is_loaded:
            self.flashed, self.is_everything = [], False
            self.search, self.sort, self.page, self.page_size = query.search, query.sort, query.page, query.size
        self._keep_selected(rows)
        # A reload for someone else's change sends only the differences.
        before = self._shown_rows()
        if before != rows:
            if self.is_loaded and shown == asked:
                self._flash(before, rows)
            self._show_rows(before, rows)
        if (self.total, self.is_capped) != (total, capped):
            self.total, self.is_capped = total, capped
        if not self.is_loaded or self.load_error:
            self.is_loaded, self.load_error = True, ""

    def _shown_rows(self) -> list[Any]:
        return bare(self.rows)

    def _show_rows(self, before: list[Any], rows: list[Any]) -> None:
        self.rows = rows

    def _offer_export(self, asked: BaseModel) -> None:
        """Keeps what `_fetch` asks for the link of `download_link`."""
        query = query_of(asked, "skip", "limit")
        if self.export_query != query:
            self.export_query = query

    def _flash(self, shown: list[Any], rows: list[Any]) -> None:
        """Marks rows that are new or changed."""
        before = {row["id"]: row for row in shown}
        self.flashed = [row["id"] for row in rows if before.get(row["id"]) != row]
        self.flash_turn = not self.flash_turn

    def _fail(self, text: str) -> None:
        query = self._query()
        self.rows, self.total, self.selected, self.load_error = [], 0, [], text
        self.search, self.sort = query.search, query.sort

    @rx.var
    def is_trash(self) -> bool:
        return self.filters.get(TRASH.key) == "trash"

    @rx.var
    def trash_text(self) -> str:
        return trash_text(self._spec.name) if self.is_trash else ""

    @rx.var
    def is_filtered(self) -> bool:
        """Whether a filter is set. The trash is a list of its own, so an empty trash is no failed search."""
        filters = any(value for key, value in self.filters.items() if key != TRASH.key)
        return bool(self.search or self.chips) or filters

    @rx.var
    def total_text(self) -> str:
        """The total in words. A search stops counting at a limit; the total then ends with a plus."""
        return f"{number(self.total)}{'+' if self.is_capped else ''}"

    @rx.var
    def range_text(self) -> str:
        first = (self.page - 1) * self.page_size + 1
        return (
            _("{first} to {number}", first=number(first), number=number(first + len(self.rows) - 1))
            if self.rows
            else "0"
        )

    @rx.var
    def has_next_page(self) -> bool:
        return self.page * self.page_size < self.total

    @rx.var
    def page_count(self) -> int:
        return max(1, -(-self.total // self.page_size))

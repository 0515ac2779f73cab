"""State of the page of notifications: all or unread ones, and the preferences."""

import operator
from typing import Any, ClassVar, TypedDict

import reflex as rx
from reflex.event import EventSpec

from tca_app.config.settings import get_settings
from tca_app.core.actor import Actor
from tca_app.core.database.session import Session, reading, transaction
from tca_app.core.errors import Invalid
from tca_app.core.facets import Facets
from tca_app.core.language.messages import N_, _, ngettext
from tca_app.core.lists.bulk import BulkResult
from tca_app.core.lists.query import TableQuery
from tca_app.features.notifications import service as notifications
from tca_app.features.notifications.facets import InboxField, count_notifications, project_names
from tca_app.features.notifications.filters import INBOX
from tca_app.features.notifications.kinds import CHANNELS
from tca_app.features.notifications.schemas import InboxQuery, Preference, PreferenceChange
from tca_app.features.notifications.ui.notification_menu import Line, lines_of
from tca_app.ui.components.loading import LoadState
from tca_app.ui.handlers import handler
from tca_app.ui.session import SessionState
from tca_app.ui.table.bulk import MAX_EVERYTHING, BulkAction, BulkRows, BulkSpec
from tca_app.ui.table.filter_state import FilterState
from tca_app.ui.url import query_of, query_param

BATCH = 50
MAX_ROWS = 500
TABS = ("all", "unread", "preferences")
FIELDS: dict[str, InboxField] = {"type": "kind", "project": "project_id"}


_READ = BulkAction(
    "read",
    N_("Mark as read"),
    N_("marked as read"),
    undo="unread",
    settled=lambda row: row.get("is_read") is True,
    title=N_("Mark {what} as read?"),
)
_UNREAD = BulkAction(
    "unread",
    N_("Mark as unread"),
    N_("marked as unread"),
    undo="read",
    settled=lambda row: row.get("is_read") is False,
    title=N_("Mark {what} as unread?"),
)


class Choice(TypedDict):
    """A row of the preferences: a kind with a switch for each channel in `offered`. Those in `fixed` stay on."""

    kind: str
    label: str
    offered: list[str]
    on: list[str]
    fixed: list[str]


class InboxState(BulkRows, LoadState, FilterState, SessionState):
    """State of `/notifications`. The URL holds the tab, the filters and the order."""

    tab: str = TABS[0]
    sort: str = ""  # "" for newest first, which is not in the URL
    export_query: str = ""
    rows: list[Line] = []
    has_more: bool = False
    is_loaded: bool = False
    choices: list[Choice] = []
    has_mail: bool = True

    _shown: str = ""  # the query of the lines
    _spec: ClassVar = INBOX
    _bulk: ClassVar = BulkSpec("signed_in", "notification", (_READ, _UNREAD))

    @rx.var
    def has_unread(self) -> bool:
        return any(not line["is_read"] for line in self.rows)

    @handler("signed_in", supersedes=True)
    async def load(self) -> None:
        actor = self._as_actor()
        asked = query_param(self.router_data, "tab")
        tab = asked if asked in TABS else TABS[0]
        if tab != self.tab:
            self.tab, self.is_loaded, self.rows = tab, False, []
            self._forget_bulk()
        self._watch(InboxState.load, f"inbox:{actor.user_id}")
        with self._loading():
            async with reading() as session:
                if tab == "preferences":
                    self.choices = _choices(await notifications.list_preferences(session, actor))
                    self.has_mail = get_settings().has_mail
                else:
                    await self._keep_filters(session, self._filter_query())
                    await self._read_lines(session, actor)
            self.is_loaded = True

    async def _read_lines(self, session: Session, actor: Actor) -> None:
        """Reads as many lines as are shown, so that a viewer who loaded more keeps them when a new one arrives."""
        query = self._asked()
        asked = query_of(query, "cursor", "limit")
        if asked != self._shown:
            self._shown, self.rows = asked, []
            self._forget_bulk()
            self.export_query, self.sort = asked, "" if query.sort == INBOX.default_sort else query.sort
        limit = min(max(BATCH, len(self.rows)), 100)
        found, more = await notifications.list_notifications(session, actor, query.model_copy(update={"limit": limit}))
        fresh = await lines_of(session, found)
        follows = operator.lt if query.sort == INBOX.default_sort else operator.gt
        others = [line for line in self.rows if fresh and follows(line["id"], fresh[-1]["id"])]
        self.rows, self.has_more = [*fresh, *others][:MAX_ROWS], more if not others else self.has_more
        self._keep_selected(self.rows)
        self.total = await notifications.count_listed(session, actor, query, MAX_EVERYTHING + 1)

    def _asked(self) -> InboxQuery:
        query = self._filter_query()
        chosen = {"kind": query.chosen["type"], "project_id": query.chosen["project"]}
        asked = {"unread": self.tab == "unread", "sort": query.sort, **chosen, **self._span(query)}
        return InboxQuery.model_validate(asked)

    async def _facet(self, session: Session, actor: Actor, query: TableQuery, key: str, search: str) -> Facets:
        return await count_notifications(session, actor, self._asked(), FIELDS[key], search)

    async def _names(self, session: Session, actor: Actor, key: str, ids: list[int]) -> dict[str, str]:
        return await project_names(session, actor, ids)

    @handler("signed_in", supersedes=True)
    async def more(self) -> None:
        """Loads the next batch."""
        if not (self.rows and self.has_more):
            return
        query = self._asked().model_copy(update={"cursor": self.rows[-1]["id"], "limit": BATCH})
        async with reading() as session:
            found, more = await notifications.list_notifications(session, self._as_actor(), query)
            older = await lines_of(session, found)
        self.rows = [*self.rows, *older]
        self.has_more = more and len(self.rows) < MAX_ROWS

    @handler("signed_in")
    async def read_all(self) -> EventSpec:
        """Marks all of the list up to the newest shown as read: the viewer has not seen later ones."""
        newest = max((line["id"] for line in self.rows), default=None)
        async with transaction() as session:
            count = await notifications.read_all(session, self._as_actor(), newest, self._asked())
        self._toast(ngettext("{count} notification marked as read", "{count} notifications marked as read", count))
        return InboxState.load()

    async def _everything(self) -> list[Any]:
        """Returns the notifications of the list, with those that are not loaded yet."""
        actor = self._as_actor()
        async with reading() as session:
            ids = await notifications.find_notification_ids(session, actor, self._asked())
            found = await notifications.read_notifications(session, actor, ids[:MAX_EVERYTHING])
        return [{"id": row.id, "is_read": row.read_at is not None} for row in found]

    async def _apply(self, session: Session, actor: Actor, action: str, ids: list[int]) -> list[BulkResult]:
        return await notifications.read_many(session, actor, ids, is_read=action == "read")

    @handler("signed_in")
    async def set_read(self, notification_id: int, is_read: bool) -> EventSpec:
        async with transaction() as session:
            await notifications.read_one(session, self._as_actor(), notification_id, is_read=is_read)
        return InboxState.load()

    @handler("signed_in")
    async def choose(self, kind: str, channel: str, is_on: bool) -> None:
        """Switches one kind on or off for one channel."""
        if channel not in CHANNELS:
            raise Invalid.at("channel", _("Unknown channel."))
        change = PreferenceChange(kind=kind, channel=channel, is_on=is_on)
        async with transaction() as session:
            self.choices = _choices(await notifications.change_preferences(session, self._as_actor(), [change]))


def _choices(rows: list[Preference]) -> list[Choice]:
    found: dict[str, Choice] = {}
    for row in rows:
        choice = found.setdefault(row.kind, Choice(kind=row.kind, label=row.label, offered=[], on=[], fixed=[]))
        choice["offered"].append(row.channel)
        if row.is_on:
            choice["on"].append(row.channel)
        if row.is_fixed:
            choice["fixed"].append(row.channel)
    return list(found.values())

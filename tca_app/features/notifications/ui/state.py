"""State of the page of notifications: all or unread ones, and the preferences."""

from typing import TypedDict

import reflex as rx
from reflex.event import EventSpec

from tca_app.config.settings import get_settings
from tca_app.core.database.session import reading, transaction
from tca_app.core.errors import Invalid
from tca_app.core.language.messages import _, ngettext
from tca_app.features.notifications import service as notifications
from tca_app.features.notifications.kinds import CHANNELS
from tca_app.features.notifications.schemas import InboxQuery, Preference, PreferenceChange
from tca_app.features.notifications.ui.notification_menu import Line, lines_of
from tca_app.ui.handlers import handler
from tca_app.ui.session import SessionState
from tca_app.ui.url import query_param

BATCH = 50
MAX_ROWS = 500
TABS = ("all", "unread", "preferences")


class Choice(TypedDict):
    """A row of the preferences: a kind with a switch for each channel in `offered`. Those in `fixed` stay on."""

    kind: str
    label: str
    offered: list[str]
    on: list[str]
    fixed: list[str]


class InboxState(SessionState):
    """State of `/notifications`. The URL holds the tab."""

    tab: str = TABS[0]
    lines: list[Line] = []
    has_more: bool = False
    is_loaded: bool = False
    choices: list[Choice] = []
    has_mail: bool = True

    @rx.var
    def has_unread(self) -> bool:
        return any(not line["is_read"] for line in self.lines)

    @handler("signed_in", supersedes=True)
    async def load(self) -> None:
        actor = self._as_actor()
        asked = query_param(self.router_data, "tab")
        tab = asked if asked in TABS else TABS[0]
        if tab != self.tab:
            self.tab, self.is_loaded, self.lines = tab, False, []
        self._watch(InboxState.load, f"inbox:{actor.user_id}")
        async with reading() as session:
            if tab == "preferences":
                self.choices = _choices(await notifications.list_preferences(session, actor))
                self.has_mail = get_settings().has_mail
            else:
                # As many as are shown, so that a viewer who loaded more keeps them when a new one arrives.
                limit = min(max(BATCH, len(self.lines)), 100)
                query = InboxQuery(unread=tab == "unread", limit=limit)
                found, more = await notifications.list_notifications(session, actor, query)
                fresh = await lines_of(session, found)
                older = [line for line in self.lines if fresh and line["id"] < fresh[-1]["id"]]
                self.lines, self.has_more = [*fresh, *older][:MAX_ROWS], more if not older else self.has_more
        self.is_loaded = True

    @handler("signed_in", supersedes=True)
    async def more(self) -> None:
        """Loads the next batch of older notifications."""
        if not (self.lines and self.has_more):
            return
        query = InboxQuery(unread=self.tab == "unread", cursor=self.lines[-1]["id"], limit=BATCH)
        async with reading() as session:
            found, more = await notifications.list_notifications(session, self._as_actor(), query)
            older = await lines_of(session, found)
        self.lines = [*self.lines, *older]
        self.has_more = more and len(self.lines) < MAX_ROWS

    @handler("signed_in")
    async def read_all(self) -> EventSpec:
        """Marks all up to the newest shown as read: the viewer has not seen later ones."""
        newest = self.lines[0]["id"] if self.lines else None
        async with transaction() as session:
            count = await notifications.read_all(session, self._as_actor(), newest)
        self._toast(ngettext("{count} notification marked as read", "{count} notifications marked as read", count))
        return InboxState.load()

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

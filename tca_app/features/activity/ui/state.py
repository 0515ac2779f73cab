"""State of the activity feeds: `/activity` with its filters in the URL, and the short feeds of other pages."""

from datetime import datetime, timedelta
from typing import ClassVar, TypedDict
from urllib.parse import urlencode

import reflex as rx
import structlog

from tca_app.core.actor import Actor
from tca_app.core.database.session import Session, reading
from tca_app.core.errors import AppError
from tca_app.core.events.log import own_texts
from tca_app.core.events.words import spoken, spoken_subject
from tca_app.core.facets import Facets
from tca_app.core.language.messages import _
from tca_app.core.lists.query import TableQuery
from tca_app.features.activity import service as activity
from tca_app.features.activity.facets import ActivityField, count_activity, names_of
from tca_app.features.activity.field_labels import field_label, value_text
from tca_app.features.activity.filters import ACTIVITY
from tca_app.features.activity.schemas import ActivityQuery, ActivityRead
from tca_app.features.activity.type_labels import type_label
from tca_app.features.projects.refs import read_refs
from tca_app.features.projects.schemas import ProjectRef
from tca_app.ui import routes
from tca_app.ui.components.faces import Face, Mark, face_of, mark_of
from tca_app.ui.handlers import CALL, handler, unexpected_error
from tca_app.ui.long_text import shorten_words
from tca_app.ui.record import RecordState
from tca_app.ui.session import SessionMixin, SessionState
from tca_app.ui.table.filter_state import FilterState
from tca_app.ui.url import number_in, page_path, query_of
from tca_app.ui.zone import start_of, today_in, zone_of

log = structlog.get_logger(__name__)

BATCH = 50
MAX_ROWS = 500
SHORT = 8
FIELDS: dict[str, ActivityField] = {
    "type": "type",
    "subject": "subject_type",
    "actor": "actor_id",
    "project": "project_id",
}


class Change(TypedDict):
    """A field of an event with its value before and after. A field that did not change is `plain`."""

    field: str
    before: str
    after: str
    plain: str


class Entry(TypedDict):
    """One event in a feed. `url` leads to the subject, or is "" when it has no page."""

    id: int
    summary: str
    at: str
    type: str
    icon: str
    actor: str
    face: Face
    mark: Mark
    actor_url: str
    project_url: str
    subject: str
    url: str
    changes: list[Change]
    origin: str


async def entries_of(session: Session, events: list[ActivityRead]) -> list[Entry]:
    """Returns the entries of events, each with the mark of its project."""
    refs = await read_refs(session, (event.project_id for event in events))
    return [entry_of(event, refs.get(event.project_id or 0)) for event in events]


def entry_of(event: ActivityRead, project: ProjectRef | None = None) -> Entry:
    names = sorted({*event.before, *event.after})
    changes = [
        Change(
            field=field_label(name),
            before=value_text(name, event.before.get(name)),
            after=value_text(name, event.after.get(name)),
            plain="",
        )
        for name in names
    ]
    changes += [
        Change(field=field_label(name), before="", after="", plain=value_text(name, value))
        for name, value in sorted(spoken(event.data, own_texts(event.type)).items())
        if not name.endswith("_id") and name != "sessions"
    ]
    origin = " · ".join(text for text in (event.ip, event.request_id) if text)
    return Entry(
        id=event.id,
        summary=shorten_words(event.summary),
        at=event.at.isoformat(),
        type=_(type_label(event.type)),
        icon=event.subject_type,
        actor=event.actor_name,
        face=face_of(event.actor_name, event.actor_id),
        mark=mark_of(project),
        actor_url=routes.activity_of(event.actor_id) if event.actor_id else "",
        project_url=f"{routes.ACTIVITY}?{urlencode({'project': event.project_id})}" if event.project_id else "",
        subject=spoken_subject(event.subject_type, event.subject_name, event.data),
        url=_url_of(event),
        changes=changes,
        origin=origin,
    )


def _url_of(event: ActivityRead) -> str:
    if event.subject_type == "webhook":
        return routes.webhook(event.project_id, event.subject_id)
    if event.subject_type in ("health_check", "maintenance"):
        return routes.STATUS
    if event.subject_type == "instance":
        return routes.ADMIN
    if event.subject_type == "group":
        return routes.GROUPS
    if event.subject_type == "token":
        return f"{routes.project(event.project_id)}?tab=settings" if event.project_id else ""
    pages = {
        "project": routes.project,
        "user": routes.user,
        "deployment": routes.deployment,
        "incident": routes.incident,
    }
    page = pages.get(event.subject_type)
    return page(event.subject_id) if page and event.subject_id else ""


class Feed(SessionMixin, mixin=True):
    """Mixin for a state with a feed. The feature sets `_wanted` and has a handler that awaits `_load_feed`."""

    entries: list[Entry] = []
    is_loaded: bool = False
    has_more: bool = False
    failure: str = ""

    async def _load_feed(self, query: ActivityQuery) -> None:
        """Loads the newest events for `query`."""
        try:
            async with reading() as session:
                events, self.has_more = await activity.list_activity(session, self._as_actor(), query, for_reader=True)
                entries = await entries_of(session, events)
        except Exception as error:
            self.entries, self.has_more, self.failure = [], False, _words(error)
            return
        self.entries, self.failure, self.is_loaded = entries, "", True


def _words(error: Exception) -> str:
    if isinstance(error, AppError):
        return error.detail
    log.exception("ui.activity_failed", request_id=CALL.get().request_id)
    return unexpected_error()


class ActivityState(FilterState, Feed, SessionState):
    """State of `/activity`. The URL holds the filters, so that back, reload and a shared link restore them."""

    search: str = ""
    sort: str = ""  # "" for newest first, which is not in the URL
    export_query: str = ""

    _spec: ClassVar = ACTIVITY

    @rx.var
    def is_filtered(self) -> bool:
        return bool(self.search or self.chips)

    @handler("signed_in", supersedes=True)
    async def load(self) -> None:
        self._watch(ActivityState.read_newer, "activity")
        shown, query = self._filter_query(), self._asked()
        self.search, self.sort = shown.search, "" if query.sort == ACTIVITY.default_sort else query.sort
        async with reading() as session:
            await self._keep_filters(session, shown)
        await self._load_feed(query)
        self.export_query = query_of(query, "cursor", "limit")

    async def _facet(self, session: Session, actor: Actor, query: TableQuery, key: str, search: str) -> Facets:
        return await count_activity(session, actor, self._asked(), FIELDS[key], search)

    async def _names(self, session: Session, actor: Actor, key: str, ids: list[int]) -> dict[str, str]:
        return await names_of(session, actor, "project_id" if key == "project" else "actor_id", ids)

    @handler("signed_in", supersedes=True)
    async def more(self) -> None:
        """Loads the next batch."""
        if self.entries and self.has_more:
            await self._read_next()

    async def _read_next(self) -> None:
        query = self._asked().model_copy(update={"cursor": self.entries[-1]["id"]})
        async with reading() as session:
            events, more = await activity.list_activity(session, self._as_actor(), query, for_reader=True)
            following = await entries_of(session, events)
        self.entries = [*self.entries, *following]
        self.has_more = more and len(self.entries) < MAX_ROWS

    @handler("signed_in", supersedes=True)
    async def read_newer(self) -> None:
        """Adds newer events to those shown, which stay in place: above them, or below when all are shown."""
        if self.sort and self.entries:
            if not self.has_more and len(self.entries) < MAX_ROWS:
                await self._read_next()
            return
        newest = self.entries[0]["id"] if self.entries else 0
        async with reading() as session:
            events, _ = await activity.list_activity(session, self._as_actor(), self._asked(), for_reader=True)
            fresh = await entries_of(session, [event for event in events if event.id > newest])
        if fresh:
            self.entries = [*fresh, *self.entries][:MAX_ROWS]

    def _asked(self) -> ActivityQuery:
        """Returns the filters in the URL. Somebody may have typed it by hand, so invalid values are ignored."""
        query = self._filter_query()
        span, days = self._span(query), query.filters["period"]
        if days and span["since"] is None:
            span["since"] = self._first_moment(int(days))
        chosen = {field: query.chosen[key] for key, field in FIELDS.items()}
        asked = {"search": query.search, "sort": query.sort, "limit": BATCH}
        return ActivityQuery.model_validate({**asked, **chosen, **span})

    def _first_moment(self, days: int) -> datetime:
        """Returns when the period starts: midnight in the viewer's time zone, with today as the last of the `days`."""
        zone = zone_of(self.router_data)
        return start_of(today_in(zone) - timedelta(days=days - 1), zone)


class RecentState(Feed, SessionState):
    """State of the panel "Recent activity" of the dashboard."""

    @handler("signed_in", supersedes=True)
    async def load(self) -> None:
        self._watch(RecentState.load, "activity")
        await self._load_feed(ActivityQuery(limit=SHORT))


class SubjectFeedState(Feed, RecordState, SessionState):
    """State of the feed on the page of one user or project, which the URL names."""

    export_query: str = ""

    @handler("signed_in", supersedes=True)
    async def load(self) -> None:
        path = page_path(self.router_data)
        if self._enter_record():
            self.entries, self.is_loaded, self.failure = [], False, ""
        _, area, number = ([*path.split("/"), "", "", ""])[:3]
        subject_id = number_in(number)
        if not subject_id:
            self.entries, self.is_loaded = [], True
            return
        self._watch(SubjectFeedState.load, "activity")
        about = {"project_id": [subject_id]} if area == "projects" else {"about_id": subject_id}
        query = ActivityQuery(limit=BATCH, **about)
        self.export_query = query_of(query, "limit")
        await self._load_feed(query)

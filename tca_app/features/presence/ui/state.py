"""State of presence: who else is on a page, and how long a tab counts as present."""

import asyncio
from dataclasses import dataclass
from typing import TypedDict

import structlog

from tca_app.core.actor import Actor
from tca_app.core.database.session import reading, transaction
from tca_app.core.errors import AppError, NotFound
from tca_app.core.live.presence import LIFE_S, Viewer
from tca_app.features.presence import service as presence
from tca_app.features.presence.service import Subject
from tca_app.ui.components.faces import Face, face_of
from tca_app.ui.handlers import handler
from tca_app.ui.record import RecordState
from tca_app.ui.session import SessionState
from tca_app.ui.websocket.live import LIVE

log = structlog.get_logger(__name__)

LOOK_S = 1.0
BEATS = LIFE_S // 3  # checks between two renewals
KINDS = {"projects": "project", "users": "user"}
NOBODY = Subject("", 0)


class Other(TypedDict):
    """Another viewer of the page."""

    name: str
    face: Face
    is_editing: bool


@dataclass(frozen=True, slots=True)
class Stay:
    """One entry: the socket of the tab, and the record that it views or edits."""

    socket_id: str
    topic: str
    viewer: Viewer


class Stays:
    """The entries of this process."""

    def __init__(self) -> None:
        self._by_key: dict[str, Stay] = {}

    def __len__(self) -> int:
        return len(self._by_key)

    async def enter(self, socket_id: str, actor: Actor, subject: Subject, *, is_editing: bool) -> None:
        """Adds an entry for the tab. Raises NotFound for what the actor may not see."""
        key = _key(socket_id, is_editing)
        if key in self._by_key and self._by_key[key].topic != subject.topic:
            await self.leave(key)
        async with transaction() as session:
            await presence.enter(session, actor, subject, key, is_editing=is_editing)
        viewer = Viewer(actor.user_id, actor.event_name, is_editing)
        self._by_key[key] = Stay(socket_id, subject.topic, viewer)

    async def leave(self, key: str) -> None:
        stay = self._by_key.pop(key, None)
        if stay is None:
            return
        async with transaction() as session:
            await presence.leave(session, stay.topic, key)

    async def look(self) -> None:
        """Removes the entries of tabs that have closed or moved to another page."""
        for key, stay in list(self._by_key.items()):
            if not LIVE.is_watching(stay.socket_id, f"presence:{stay.topic}" if key == stay.socket_id else None):
                await self.leave(key)

    async def renew(self) -> None:
        await presence.renew([(stay.topic, key, stay.viewer) for key, stay in self._by_key.items()])


STAYS = Stays()


def _key(socket_id: str, is_editing: bool) -> str:
    return f"{socket_id}:form" if is_editing else socket_id


class PresenceState(RecordState, SessionState):
    """State of the viewers beside the title of a page."""

    others: list[Other] = []

    _subject: Subject = NOBODY

    @handler("signed_in", supersedes=True)
    async def load(self) -> None:
        """Loads the viewers, as an on_load of the pages of one user and one project."""
        subject = subject_of(str(self.router_data.get("asPath", "")))
        if self._enter_record():
            self.others, self._subject = [], subject
        if subject == NOBODY:
            return
        self._watch(PresenceState.read, f"presence:{subject.topic}")
        try:
            await STAYS.enter(self._socket(), self._as_actor(), subject, is_editing=False)
        except NotFound:
            return  # the page reports it itself

    @handler("signed_in", supersedes=True)
    async def read(self) -> None:
        """Reloads the viewers after somebody came, left or started to edit."""
        if self._subject == NOBODY:
            return
        try:
            async with reading() as session:
                found = await presence.others(session, self._as_actor(), self._subject)
        except NotFound:
            found = []
        others = [Other(name=v.name, face=face_of(v.name, v.user_id), is_editing=v.is_editing) for v in found]
        if others != self.others:
            self.others = others

    @handler("signed_in")
    async def begin_edit(self, kind: str, subject_id: int) -> None:
        """Marks the viewer as editing when a form of a user or project opens."""
        try:
            await STAYS.enter(self._socket(), self._as_actor(), Subject(kind, subject_id), is_editing=True)
        except NotFound:
            return  # the form reports it itself when it is saved

    @handler("signed_in")
    async def end_edit(self) -> None:
        await STAYS.leave(_key(self._socket(), True))

    def _socket(self) -> str:
        return str(self.router_data.get("sid", ""))


def subject_of(url: str) -> Subject:
    """Returns the record of the page at a URL, or NOBODY for other pages and malformed URLs."""
    area, _, number = url.partition("?")[0].partition("#")[0].strip("/").partition("/")
    is_id = number.isascii() and number.isdigit() and len(number) < 19
    return Subject(KINDS[area], int(number)) if area in KINDS and is_id else NOBODY


async def keep_presence() -> None:
    """The lifespan task that keeps the entries of this process alive while their tabs are open."""
    looks = 0
    while True:
        await asyncio.sleep(LOOK_S)
        looks += 1
        try:
            await STAYS.look()
            if looks % BEATS == 0:
                await STAYS.renew()
        except (AppError, OSError) as error:
            log.warning("presence.not_kept", error=type(error).__name__)

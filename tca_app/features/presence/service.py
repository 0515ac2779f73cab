"""Service functions for presence. Only users who may see a record appear on it and see who else is there."""

from collections.abc import Iterable
from dataclasses import dataclass

import structlog
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.errors import NotFound
from tca_app.core.live import presence
from tca_app.core.live.presence import Viewer
from tca_app.features.projects import service as projects
from tca_app.features.users import service as users

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Subject:
    """The record that is open. `kind` is "project" or "user"."""

    kind: str
    id: int

    @property
    def topic(self) -> str:
        return f"{self.kind}:{self.id}"


async def enter(session: AsyncSession, actor: Actor, subject: Subject, place: str, *, is_editing: bool) -> None:
    """Adds the actor to the viewers and notifies the others. Raises NotFound for what the actor may not see."""
    await _refuse_unseen(session, actor, subject)
    viewer = Viewer(actor.user_id, actor.event_name, is_editing)
    try:
        await presence.put(subject.topic, place, viewer)
    except (RedisError, OSError) as error:
        log.warning("presence.without_redis", error=type(error).__name__)
        return
    await _publish(session, subject.topic)


async def others(session: AsyncSession, actor: Actor, subject: Subject) -> list[Viewer]:
    """Returns the other viewers, editors first, or none while Redis is unreachable."""
    await _refuse_unseen(session, actor, subject)
    try:
        found = await presence.viewers(subject.topic)
    except (RedisError, OSError) as error:
        log.warning("presence.without_redis", error=type(error).__name__)
        return []
    return [viewer for viewer in found if viewer.user_id != actor.user_id]


async def _refuse_unseen(session: AsyncSession, actor: Actor, subject: Subject) -> None:
    if subject.kind == "project":
        await projects.get_project(session, actor, subject.id)
    elif subject.kind == "user":
        await users.get_user(session, actor, subject.id)
    else:
        raise NotFound


async def leave(session: AsyncSession, topic: str, place: str) -> None:
    """Removes a viewer. While Redis is unreachable, the entry expires by itself."""
    try:
        await presence.remove(topic, place)
    except (RedisError, OSError) as error:
        log.warning("presence.without_redis", error=type(error).__name__)
    await _publish(session, topic)


async def renew(stays: Iterable[tuple[str, str, Viewer]]) -> None:
    """Renews the entries of all viewers before they expire."""
    try:
        for topic, place, viewer in stays:
            await presence.put(topic, place, viewer)
    except (RedisError, OSError) as error:
        log.warning("presence.without_redis", error=type(error).__name__)


async def _publish(session: AsyncSession, topic: str) -> None:
    """Makes the open pages of a topic reload their viewers, on every replica."""
    await session.execute(text("SELECT pg_notify('tca_changes', :topic)"), {"topic": f"presence:{topic}"})

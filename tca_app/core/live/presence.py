"""Presence: who is viewing or editing a page, shared by all replicas through Redis.

A slot is one tab, or one form in it. Its entry expires unless it is renewed. Losing Redis only loses the names shown
beside a title.
"""

from dataclasses import asdict, dataclass
from typing import Any

import orjson

from tca_app.core.cache.redis import get_redis

LIFE_S = 15


@dataclass(frozen=True, slots=True)
class Viewer:
    """A person in a slot."""

    user_id: int
    name: str
    is_editing: bool


async def put(topic: str, slot: str, viewer: Viewer) -> None:
    """Add or renew the entry of a slot. Raises RedisError."""
    async with get_redis().pipeline(transaction=False) as pipeline:
        pipeline.set(f"presence:{topic}:{slot}", orjson.dumps(asdict(viewer)), ex=LIFE_S)
        pipeline.sadd(f"presence:{topic}", slot)
        pipeline.expire(f"presence:{topic}", LIFE_S * 4)
        await pipeline.execute()


async def remove(topic: str, slot: str) -> None:
    """Remove the entry of a slot. Raises RedisError."""
    async with get_redis().pipeline(transaction=False) as pipeline:
        pipeline.delete(f"presence:{topic}:{slot}")
        pipeline.srem(f"presence:{topic}", slot)
        await pipeline.execute()


async def viewers(topic: str) -> list[Viewer]:
    """Return one entry per person, marked as editing if they edit in any slot. Raises RedisError."""
    redis: Any = get_redis()  # the type stubs also cover the synchronous client
    slots = sorted(slot.decode() for slot in await redis.smembers(f"presence:{topic}"))
    if not slots:
        return []
    values = await redis.mget([f"presence:{topic}:{slot}" for slot in slots])
    expired = [slot for slot, value in zip(slots, values, strict=True) if value is None]
    if expired:
        await redis.srem(f"presence:{topic}", *expired)
    by_user: dict[int, Viewer] = {}
    for value in filter(None, values):
        viewer = Viewer(**orjson.loads(value))
        known = by_user.get(viewer.user_id)
        by_user[viewer.user_id] = known if known and known.is_editing else viewer
    return sorted(by_user.values(), key=lambda viewer: (not viewer.is_editing, viewer.name, viewer.user_id))

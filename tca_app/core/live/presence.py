"""Who is where, over all replicas: in Redis, for seconds. Losing it loses nothing but the names beside a title.

A place is one tab, or one form in it. Its entry dies by itself when nobody renews it.
"""

from dataclasses import asdict, dataclass
from typing import Any

import orjson

from tca_app.core.cache.redis import get_redis

LIFE_S = 15


@dataclass(frozen=True, slots=True)
class Viewer:
    """A person at a place."""

    user_id: int
    name: str
    is_editing: bool


async def put(topic: str, place: str, viewer: Viewer) -> None:
    """Say, or say again, that somebody is there. Raises RedisError."""
    async with get_redis().pipeline(transaction=False) as pipeline:
        pipeline.set(f"presence:{topic}:{place}", orjson.dumps(asdict(viewer)), ex=LIFE_S)
        pipeline.sadd(f"presence:{topic}", place)
        pipeline.expire(f"presence:{topic}", LIFE_S * 4)
        await pipeline.execute()


async def remove(topic: str, place: str) -> None:
    """Raises RedisError."""
    async with get_redis().pipeline(transaction=False) as pipeline:
        pipeline.delete(f"presence:{topic}:{place}")
        pipeline.srem(f"presence:{topic}", place)
        await pipeline.execute()


async def viewers(topic: str) -> list[Viewer]:
    """Everybody who is there, one entry a person: editing if they edit at any place. Raises RedisError."""
    redis: Any = get_redis()  # its types allow for the client that does not await
    places = sorted(place.decode() for place in await redis.smembers(f"presence:{topic}"))
    if not places:
        return []
    values = await redis.mget([f"presence:{topic}:{place}" for place in places])
    gone = [place for place, value in zip(places, values, strict=True) if value is None]
    if gone:
        await redis.srem(f"presence:{topic}", *gone)
    found: dict[int, Viewer] = {}
    for value in filter(None, values):
        viewer = Viewer(**orjson.loads(value))
        known = found.get(viewer.user_id)
        found[viewer.user_id] = known if known and known.is_editing else viewer
    return sorted(found.values(), key=lambda viewer: (not viewer.is_editing, viewer.name, viewer.user_id))

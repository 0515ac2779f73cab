"""The replica of each tab, when the states of the tabs are in Redis.

Reflex stores in Redis which replica has the socket of a client token, and gives a second tab with the same token a new
one with an empty state. Two things are different here:

- An entry outlives a replica that was killed. Its tabs reconnect to another one and need their state, so an
  entry counts only while its replica listens on its channel, which ends with its connection to Redis.
- A response to a tab whose socket is on another replica by now is dropped. A tab that reconnected is reloaded
  anyway, and another client with the same token must not get it.
"""

import pickle
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, cast

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError
from reflex.state import StateUpdate
from reflex.utils.token_manager import RedisTokenManager, SocketRecord

log = structlog.get_logger(__name__)

_DELETE_IF_SAME = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


async def delete_if_same(client: Redis, key: str | bytes, value: bytes) -> None:
    """Deletes the entry that was read or written here. Another replica may have written a newer one since."""
    # The hints of redis are those of its synchronous client too.
    await cast("Awaitable[Any]", client.eval(_DELETE_IF_SAME, 1, key, value))


class Tokens(RedisTokenManager):
    """Reflex's token manager on Redis, with the two differences."""

    async def link_token_to_sid(self, token: str, sid: str) -> str | None:
        try:
            await self._forget_if_dead(token)
        except (RedisError, OSError) as error:
            log.warning("ui.tokens_without_redis", error=type(error).__name__)
        return await super().link_token_to_sid(token, sid)

    async def _forget_if_dead(self, token: str) -> None:
        key = self._get_redis_key(token)
        note = await self.redis.get(key)
        if not note:
            return
        record: SocketRecord = pickle.loads(note)  # noqa: S301 - written by a replica, as all of the state is
        if record.instance_id == self.instance_id:
            return
        channel = self._channel(record.instance_id)
        if dict(await self.redis.pubsub_numsub(channel)).get(channel.encode(), 0):
            return
        log.info("ui.token_of_dead_replica", instance=record.instance_id)
        self.token_to_socket.pop(token, None)
        self.sid_to_token.pop(record.sid, None)
        await delete_if_same(self.redis, key, note)

    def _channel(self, instance_id: str) -> str:
        return f"console_replica_{instance_id}"

    async def _subscribe_lost_and_found_updates(
        self, emit_update: Callable[[StateUpdate, str], Coroutine[None, None, None]]
    ) -> None:
        """Listens only to show that the replica is alive. Reflex restarts it when the connection is lost."""
        async with self.redis.pubsub() as presence:
            await presence.subscribe(self._channel(self.instance_id))
            async for _ in presence.listen():
                pass

    async def emit_lost_and_found(self, token: str, update: StateUpdate) -> bool:
        return False

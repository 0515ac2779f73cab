"""Throttled change notifications: at most two per second per subscriber, the last one always delivered.

Screen refreshes run before jobs, because people wait for their screens.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Generic, TypeVar

from tca_app.core.cache.local import EVERYTHING

EVERY_S = 0.5
MAX_WAIT_FOR_SCREENS_S = 0.2
K = TypeVar("K", bound=Hashable)


class ThrottledSubscriptions(Generic[K]):
    """Subscribers by topic. A subscriber is any key, such as one screen of one tab; a notification carries no data."""

    def __init__(self, notify: Callable[[K], None], every_s: float = EVERY_S) -> None:
        self._notify = notify
        self._every_s = every_s
        self._topics: dict[K, frozenset[str]] = {}
        # Insertion order is the order of notification.
        self._listeners: dict[str, dict[K, None]] = defaultdict(dict)
        self._cooldowns: dict[K, asyncio.TimerHandle] = {}
        self._pending: set[K] = set()

    def __len__(self) -> int:
        return len(self._topics)

    def listen(self, key: K, topics: Iterable[str]) -> None:
        """Subscribe `key` to these topics, in place of its previous ones."""
        requested = frozenset(topics)
        if self._topics.get(key) == requested:
            return
        self.leave(key)
        self._topics[key] = requested
        for topic in requested:
            self._listeners[topic][key] = None

    def leave(self, key: K) -> None:
        for topic in self._topics.pop(key, ()):
            self._listeners[topic].pop(key, None)
            if not self._listeners[topic]:
                del self._listeners[topic]
        self._pending.discard(key)
        if timer := self._cooldowns.pop(key, None):
            timer.cancel()

    def listeners(self) -> list[K]:
        return list(self._topics)

    def listeners_of(self, topic: str) -> list[K]:
        return list(self._listeners.get(topic, ()))

    def publish(self, topic: str) -> None:
        """Notify the subscribers of a topic, or all of them for EVERYTHING."""
        for key in list(self._topics if topic == EVERYTHING else self._listeners.get(topic, ())):
            if key in self._cooldowns:
                self._pending.add(key)
            else:
                self._send(key)

    def _send(self, key: K) -> None:
        self._cooldowns[key] = asyncio.get_running_loop().call_later(self._every_s, self._cooldown_over, key)
        self._notify(key)

    def _cooldown_over(self, key: K) -> None:
        del self._cooldowns[key]
        if key in self._pending:
            self._pending.discard(key)
            self._send(key)


class ScreenPriority:
    """Delays the jobs of this process briefly while its screens refresh, since one commit wakes both."""

    def __init__(self) -> None:
        self._readers = 0
        self._none = asyncio.Event()
        self._none.set()

    @contextmanager
    def reading(self) -> Iterator[None]:
        self._readers += 1
        self._none.clear()
        try:
            yield
        finally:
            self._readers -= 1
            if not self._readers:
                self._none.set()

    async def wait(self) -> None:
        """Wait until no screen is refreshing, for a bounded time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(MAX_WAIT_FOR_SCREENS_S):
                await self._none.wait()


SCREEN_PRIORITY = ScreenPriority()

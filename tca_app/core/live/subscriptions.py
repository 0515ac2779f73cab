"""Which listeners to tell of which change, and how often: at most twice a second each, the last one never lost.

And who comes first: people wait for their screens, nobody waits for a job.
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
    """Listeners by topic. A listener is any key, such as one screen of one tab; a nudge has no data."""

    def __init__(self, nudge: Callable[[K], None], every_s: float = EVERY_S) -> None:
        self._nudge = nudge
        self._every_s = every_s
        self._topics: dict[K, frozenset[str]] = {}
        # In the order in which they came: that is the order in which they are told.
        self._listeners: dict[str, dict[K, None]] = defaultdict(dict)
        self._resting: dict[K, asyncio.TimerHandle] = {}
        self._again: set[K] = set()

    def __len__(self) -> int:
        return len(self._topics)

    def listen(self, key: K, topics: Iterable[str]) -> None:
        """Tell `key` of these topics from now on, in place of those before."""
        wanted = frozenset(topics)
        if self._topics.get(key) == wanted:
            return
        self.leave(key)
        self._topics[key] = wanted
        for topic in wanted:
            self._listeners[topic][key] = None

    def leave(self, key: K) -> None:
        for topic in self._topics.pop(key, ()):
            self._listeners[topic].pop(key, None)
            if not self._listeners[topic]:
                del self._listeners[topic]
        self._again.discard(key)
        if timer := self._resting.pop(key, None):
            timer.cancel()

    def listeners(self) -> list[K]:
        return list(self._topics)

    def listeners_of(self, topic: str) -> list[K]:
        return list(self._listeners.get(topic, ()))

    def tell(self, topic: str) -> None:
        """Something changed."""
        for key in list(self._topics if topic == EVERYTHING else self._listeners.get(topic, ())):
            if key in self._resting:
                self._again.add(key)
            else:
                self._send(key)

    def _send(self, key: K) -> None:
        self._resting[key] = asyncio.get_running_loop().call_later(self._every_s, self._rested, key)
        self._nudge(key)

    def _rested(self, key: K) -> None:
        del self._resting[key]
        if key in self._again:
            self._again.discard(key)
            self._send(key)


class ScreenPriority:
    """Jobs of this process wait a moment while screens of it are read: both are woken by the same commit."""

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
        """Until no screen is read, but not for long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(MAX_WAIT_FOR_SCREENS_S):
                await self._none.wait()


SCREEN_PRIORITY = ScreenPriority()

"""Which listeners to tell of which change, and how often: at most twice a second each, the last one never lost."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from typing import Generic, TypeVar

from tca_app.core.changes import EVERYTHING

EVERY_S = 0.5
K = TypeVar("K", bound=Hashable)


class Nudges(Generic[K]):
    """Listeners by topic. A listener is any key, such as one screen of one tab; a nudge has no data."""

    def __init__(self, nudge: Callable[[K], None], every_s: float = EVERY_S) -> None:
        self._nudge = nudge
        self._every_s = every_s
        self._topics: dict[K, frozenset[str]] = {}
        self._listeners: dict[str, set[K]] = defaultdict(set)
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
            self._listeners[topic].add(key)

    def leave(self, key: K) -> None:
        for topic in self._topics.pop(key, ()):
            self._listeners[topic].discard(key)
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

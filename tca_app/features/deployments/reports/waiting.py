"""Holds a read until the state of a deployment changes, so that a job can wait for an approval without asking again.

A call that waits holds no connection of the database. It is woken by the change notifications that refresh screens.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from tca_app.core.cache.local import EVERYTHING, subscribe
from tca_app.core.errors import TooManyRequests, Unavailable
from tca_app.core.language.messages import _
from tca_app.features.deployments.schemas import DeploymentRead, WaitQuery

MAX_WAITING = 500  # calls of this process
MAX_WAITING_OF_CALLER = 20
RETRY_AFTER_S = "5"
Read = Callable[[], Awaitable[DeploymentRead]]

_signals: dict[str, set[asyncio.Event]] = defaultdict(set)
_of_caller: Counter[int] = Counter()
_ended = False


def _on_change(topic: str) -> None:
    for signal in list(set().union(*_signals.values()) if topic == EVERYTHING else _signals.get(topic, ())):
        signal.set()


subscribe(_on_change)


def end_waiting() -> None:
    """Lets every call that waits respond with the current state, because this process stops."""
    global _ended
    _ended = True
    _on_change(EVERYTHING)


async def read_when_changed(read: Read, deployment_id: int, user_id: int, query: WaitQuery) -> DeploymentRead:
    """Returns the deployment once its state is another one than `query.seen`, once it ended, or when time is up.

    `read` is called again at each change and at the end, and checks each time who may read. Raises Unavailable,
    TooManyRequests when too many calls wait.
    """
    with _signal_of(deployment_id, user_id) as changed:
        deadline = asyncio.get_running_loop().time() + query.wait
        found = await read()
        seen = query.seen or found.status
        while found.status == seen and not (found.is_finished or _ended):
            try:
                async with asyncio.timeout_at(deadline):
                    await changed.wait()
            except TimeoutError:
                return await read()
            changed.clear()
            found = await read()
        return found


@contextmanager
def _signal_of(deployment_id: int, user_id: int) -> Iterator[asyncio.Event]:
    """Takes one of the bounded places of this process and of the caller, and returns what is set at each change."""
    if _of_caller.total() >= MAX_WAITING:
        raise Unavailable(
            _("Too many calls are waiting. Try again in a moment."), headers={"Retry-After": RETRY_AFTER_S}
        )
    if _of_caller[user_id] >= MAX_WAITING_OF_CALLER:
        detail = f"At most {MAX_WAITING_OF_CALLER} calls of one caller wait at a time."
        raise TooManyRequests(detail, headers={"Retry-After": RETRY_AFTER_S})
    topic, signal = f"deployment:{deployment_id}", asyncio.Event()
    _signals[topic].add(signal)
    _of_caller[user_id] += 1
    try:
        yield signal
    finally:
        _of_caller[user_id] -= 1
        if not _of_caller[user_id]:
            del _of_caller[user_id]
        _signals[topic].discard(signal)
        if not _signals[topic]:
            del _signals[topic]

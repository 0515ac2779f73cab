"""PostgreSQL connections with a limit on every wait, however the server hangs.

A statement without an answer for `SUSPECT_AFTER_S` may be slow, or PostgreSQL may be frozen. A probe tells the two
apart: it opens a new connection and waits for any answer. While there is none, every wait fails at once with NoAnswer
and its connection is dropped, until a probe is answered again.
"""

import asyncio
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Any, Self, TypeVar

import psycopg
import structlog
from psycopg import waiting
from psycopg.pq import TransactionStatus

from tca_app.config.settings import get_settings

log = structlog.get_logger(__name__)

STATEMENT_TIMEOUT_S = 5  # PostgreSQL cancels longer statements
CONNECT_TIMEOUT_S = 1.8  # for each address, so that a dead host does not hide the next one
SUSPECT_AFTER_S = 0.8
PROBE_TIMEOUT_S = 1.0
RESOLVE_TIMEOUT_S = 6.0  # for all addresses together, including the name lookup
CANCEL_TIMEOUT_S = 0.5
POLL_INTERVAL_S = 0.1
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class RoundTripLimits:
    """Time limits of a round trip: while PostgreSQL answers others, and while it is unresponsive."""

    answer_s: float
    silence_s: float


REQUEST_LIMITS = RoundTripLimits(STATEMENT_TIMEOUT_S + 1.0, 0.0)
BACKGROUND_LIMITS = RoundTripLimits(601.0, 30.0)  # for background work


class NoAnswer(psycopg.OperationalError):
    """PostgreSQL accepts connections or statements but does not answer."""


class _Server:
    """Tracks whether PostgreSQL answers this process, with at most one probe at a time."""

    def __init__(self) -> None:
        self._silent_since: float | None = None
        self._answered_at = 0.0
        self._probing: asyncio.Task[None] | None = None

    @property
    def is_silent(self) -> bool:
        return self._silent_since is not None

    def has_been_silent(self, seconds: float) -> bool:
        return self._silent_since is not None and monotonic() - self._silent_since >= seconds

    def suspect(self) -> None:
        """Start a probe, unless one is running or was answered a moment ago."""
        if self._probing is not None and not self._probing.done():
            return
        if self.is_silent or monotonic() - self._answered_at > SUSPECT_AFTER_S:
            self._probing = asyncio.create_task(self._probe())

    def gave_no_connection(self) -> None:
        """Record a failed connection attempt, which counts as an unanswered probe."""
        self._note_silence()
        self.suspect()

    def _note_silence(self) -> None:
        if self._silent_since is None:
            log.error("database.does_not_answer")
            self._silent_since = monotonic()

    def forget(self) -> None:
        """Reset to the initial state, for another database or another event loop."""
        if self._probing is not None:
            self._probing.cancel()
        self._silent_since, self._answered_at, self._probing = None, 0.0, None

    async def _probe(self) -> None:
        """Probe until there is an answer, so that no request has to wait to discover the recovery."""
        while not await _is_answered():
            self._note_silence()
        if self.is_silent:
            log.info("database.answers_again")
        self._silent_since, self._answered_at = None, monotonic()


async def _is_answered() -> bool:
    """Return True if PostgreSQL answers a new connection; a refusal is an answer too."""
    try:
        async with asyncio.timeout(RESOLVE_TIMEOUT_S):
            conninfo = get_settings().database_url.get_secret_value()
            connection = await _Probe.connect(conninfo, application_name="tca_app probe")
    except (NoAnswer, TimeoutError):
        return False
    except (psycopg.Error, OSError):
        return True
    await connection.close()
    return True


class _Probe(psycopg.AsyncConnection[Any]):
    """A connection attempt with a time limit for each address of the host."""

    connect_timeout_s = PROBE_TIMEOUT_S

    @classmethod
    def _connect_gen(cls, conninfo: str = "") -> Generator[Any, Any, Self]:
        return _limited(super()._connect_gen(conninfo), cls._refuse_to_connect)

    @classmethod
    def _refuse_to_connect(cls, waited_s: float) -> None:
        if waited_s > cls.connect_timeout_s:
            raise NoAnswer(f"PostgreSQL did not take the connection within {cls.connect_timeout_s:g} s")


SERVER = _Server()


class Connection(_Probe):
    """A connection with a limit on every round trip. When the limit passes, it is closed without a protocol goodbye."""

    connect_timeout_s = CONNECT_TIMEOUT_S
    limits = REQUEST_LIMITS

    @classmethod
    async def connect(cls, conninfo: str = "", **options: Any) -> Self:  # noqa: ANN401  psycopg's own signature checks them
        """Connect. Raises NoAnswer within `CONNECT_TIMEOUT_S`, or at once while the server is known to hang."""
        _refuse_to_wait(0, REQUEST_LIMITS)
        try:
            async with asyncio.timeout(RESOLVE_TIMEOUT_S):
                return await super().connect(conninfo, **options)
        except (NoAnswer, TimeoutError) as error:
            SERVER.gave_no_connection()
            raise NoAnswer(str(error) or "the addresses of PostgreSQL did not answer in time") from None

    async def wait(
        self,
        gen: Generator[Any, Any, R],
        interval: float = POLL_INTERVAL_S,
        timeout: float | None = None,  # noqa: ASYNC109 - psycopg's signature
    ) -> R:
        """Replace psycopg's `wait`, which needs ten seconds to give up a statement when the server hangs."""
        if timeout is not None:  # waiting for notifications, where silence is normal
            return await super().wait(gen, interval, timeout)
        try:
            return await waiting.wait_async(
                _limited(gen, partial(_refuse_to_wait, limits=self.limits)), self.pgconn.socket, POLL_INTERVAL_S
            )
        except NoAnswer:
            self.pgconn.finish()
            raise
        except asyncio.CancelledError:
            await self._give_up()
            raise

    async def _give_up(self) -> None:
        """Cancel the statement if the server still answers, and drop the connection."""
        if self.pgconn.transaction_status != TransactionStatus.ACTIVE:
            return
        try:
            if not SERVER.is_silent:
                await self._try_cancel(timeout=CANCEL_TIMEOUT_S)
        finally:
            self.pgconn.finish()


def _limited(gen: Generator[Any, Any, R], refuse: Callable[[float], None]) -> Generator[Any, Any, R]:
    """Run the steps of a round trip, with a limit.

    The loop resumes after each `POLL_INTERVAL_S` without socket activity (0). The steps are counted instead of reading
    the clock, so that a process that was suspended does not mistake its own pause for a hanging server.
    """
    quiet = 0
    try:
        step = next(gen)
        while True:
            news = yield step
            if not news:
                quiet += 1
                refuse(quiet * POLL_INTERVAL_S)
            step = gen.send(news)
    except StopIteration as end:
        result: R = end.value
        return result


def _refuse_to_wait(waited_s: float, limits: RoundTripLimits) -> None:
    if waited_s > limits.answer_s:
        raise NoAnswer(f"PostgreSQL did not answer within {limits.answer_s:g} s")
    if waited_s > SUSPECT_AFTER_S or SERVER.is_silent:
        SERVER.suspect()
    if SERVER.has_been_silent(limits.silence_s):
        raise NoAnswer("PostgreSQL does not answer")

"""Database engines, sessions and transactions of this process, and the mapping of database errors to AppError."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

import psycopg
from sqlalchemy import event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, IntegrityError, TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from tca_app.config.settings import get_settings
from tca_app.core.cache.local import LocalCache, invalidate_on_commit
from tca_app.core.database.connection import BACKGROUND_LIMITS, REQUEST_LIMITS, SERVER, STATEMENT_TIMEOUT_S, Connection
from tca_app.core.database.statements import hide_terms
from tca_app.core.errors import AppError, Conflict, FieldError, Invalid, Unavailable
from tca_app.core.language.messages import N_, _
from tca_app.core.telemetry.tracing import client_span

POOL_WAIT_S = 2
SERVER_OPTIONS = "-c timezone=UTC -c standard_conforming_strings=on -c random_page_cost=1.1"
OUTCOME_UNKNOWN = N_(
    "The database did not answer in time, so this may or may not be saved. Check before you try again."
)

_COMMIT = {"db.system.name": "postgresql", "db.operation.name": "COMMIT"}

T = TypeVar("T")
Session = AsyncSession  # for screens, which do not import SQLAlchemy
AfterCommit = Callable[[], Awaitable[None] | None]


class _Database:
    """The engines. They are created at first use, because the build and the commands import this without a database."""

    def __init__(self) -> None:
        settings = get_settings()
        shared: dict[str, Any] = {
            "hide_parameters": True,  # error texts are logged, and must not contain the parameters
            "pool_pre_ping": True,  # a connection that was lost while it was idle is replaced
            "pool_timeout": POOL_WAIT_S,
            "pool_use_lifo": True,
            "connect_args": {
                "async_creator_fn": Connection.connect,
                "application_name": "tca_app",
                "options": f"-c statement_timeout={STATEMENT_TIMEOUT_S}s {SERVER_OPTIONS}",
            },
        }
        url = settings.async_database_url
        # DATABASE_POOL_SIZE for transactions and DATABASE_MAX_OVERFLOW for reads; their sum is the limit of this
        # process. All connections stay open, because reopening an overflow connection costs more than the query.
        self.writer = create_async_engine(url, pool_size=settings.database_pool_size, max_overflow=0, **shared)
        # Autocommit: without BEGIN and COMMIT a read takes a third of the round trips.
        self.reader = create_async_engine(
            url,
            pool_size=max(1, settings.database_max_overflow),
            max_overflow=0,
            isolation_level="AUTOCOMMIT",
            pool_reset_on_return=None,  # there is no transaction to roll back
            **shared,
        )
        for engine in (self.writer, self.reader):
            event.listen(engine.sync_engine, "checkin", _reset_limits)
            event.listen(engine.sync_engine, "handle_error", hide_terms)
        self.writing = async_sessionmaker(self.writer, expire_on_commit=False)
        self.reading = async_sessionmaker(self.reader, expire_on_commit=False, autoflush=False)


_database: _Database | None = None


def _get() -> _Database:
    global _database
    if _database is None:
        _database = _Database()
    return _database


def pool_use() -> dict[str, tuple[int, int, int]]:
    """Return per pool: size, open connections, connections in use."""
    database = _get()
    pools: dict[str, Any] = {"writer": database.writer.pool, "reader": database.reader.pool}
    return {
        name: (pool.size(), pool.checkedin() + pool.checkedout(), pool.checkedout()) for name, pool in pools.items()
    }


async def close_db() -> None:
    """Close every connection; the next use opens new ones."""
    global _database
    if _database is not None:
        closing, _database = _database, None
        await closing.writer.dispose()
        await closing.reader.dispose()
    SERVER.forget()


def _reset_limits(connection: DBAPIConnection | None, _record: ConnectionPoolEntry) -> None:
    """End the limits of `take_time` when the connection returns to the pool."""
    if connection is not None:  # None: lost in the meantime
        connection.driver_connection.limits = REQUEST_LIMITS


@asynccontextmanager
async def transaction() -> AsyncIterator[AsyncSession]:
    """Run one unit of work: commit at the end or roll back on any error, then run the after-commit callbacks.

    Database errors are raised as AppError (409, 422 or 503), never as a driver error.
    """
    with _named_errors():
        session = _get().writing()
        try:
            try:
                yield session
            except AppError as refusal:
                if refusal.keeps_changes:
                    await _commit(session)
                raise
            await _commit(session)
        finally:
            await _close(session)


@asynccontextmanager
async def dry_run() -> AsyncIterator[AsyncSession]:
    """Run one unit of work and roll it back, to see what it refuses. No after-commit callback runs."""
    with _named_errors():
        session = _get().writing()
        session.info["is_dry_run"] = True
        try:
            yield session
        finally:
            await _close(session)


def is_dry_run(session: AsyncSession) -> bool:
    """Return whether the work is rolled back, and must not spend what a rollback does not give back."""
    return "is_dry_run" in session.info


async def _commit(session: AsyncSession) -> None:
    try:
        if session.in_transaction():
            with client_span("COMMIT", _COMMIT), unknown_when_lost():
                await session.commit()
    finally:
        invalidate_on_commit()
    for callback in session.info.pop("after_commit", []):
        waiting = callback()
        if waiting is not None:
            await waiting


@asynccontextmanager
async def reading() -> AsyncIterator[AsyncSession]:
    """Open a read-only session, in which each statement is its own transaction. Do not write with it."""
    with _named_errors():
        session = _get().reading()
        session.info["reads_only"] = True
        try:
            yield session
        finally:
            await _close(session)


async def _close(session: AsyncSession) -> None:
    """Return the connection to the pool, if the session holds one.

    Cached reads never took one, and a commit has returned it. Closing such a session costs more than a small response.
    """
    if session.in_transaction():
        await asyncio.shield(asyncio.create_task(session.close()))


async def take_time(session: AsyncSession) -> None:
    """Allow each statement of this transaction ten minutes, for background work."""
    await session.execute(text("SET LOCAL statement_timeout = '10min'"))
    connection: Any = (await session.connection()).sync_connection
    connection.connection.driver_connection.limits = BACKGROUND_LIMITS


async def cached_read(
    session: AsyncSession, cache: LocalCache[T], key: str, tags: tuple[str, ...], read: Callable[[], Awaitable[T]]
) -> T:
    """Read through the local cache. A transaction always reads, because it may have changed the rows itself."""
    return await cache.read_through(key, tags, read) if session.info.get("reads_only") else await read()


def after_commit(session: AsyncSession, callback: AfterCommit) -> None:
    """Run `callback` after the transaction of `session` commits, before the response is sent.

    It does not run after a rollback. It must not fail, because the commit cannot be undone.
    """
    session.info.setdefault("after_commit", []).append(callback)


@contextmanager
def unknown_when_lost() -> Iterator[None]:
    """Raise Unavailable with OUTCOME_UNKNOWN when the connection is lost during a commit."""
    try:
        yield
    except (DBAPIError, psycopg.Error) as error:
        driver = error.orig if isinstance(error, DBAPIError) else error
        if isinstance(driver, psycopg.OperationalError) and driver.sqlstate is None:
            raise Unavailable(_(OUTCOME_UNKNOWN)) from error
        raise


@contextmanager
def refuse_duplicates(fields: dict[str, tuple[str, str]]) -> Iterator[None]:
    """Turn a unique violation into a 409 at its field. `fields` maps a constraint to (field, message of `N_`)."""
    try:
        yield
    except IntegrityError as error:
        name = _constraint(error)
        if name in fields:
            field, detail = fields[name][0], _(fields[name][1])
            raise Conflict(detail, errors=[FieldError(f"/{field}", detail)]) from error
        raise


def _constraint(error: DBAPIError) -> str:
    return getattr(getattr(error.orig, "diag", None), "constraint_name", None) or ""


@contextmanager
def _named_errors() -> Iterator[None]:
    try:
        yield
    except PoolTimeoutError as error:
        raise Unavailable from error
    except (DBAPIError, psycopg.Error) as error:
        raise named_error(error) or error from error


def named_error(error: DBAPIError | psycopg.Error) -> AppError | None:
    """Map an SQLSTATE to an AppError. Returns None for a bug in the console."""
    driver = error.orig if isinstance(error, DBAPIError) else error
    state = getattr(driver, "sqlstate", None) or ""
    if state in ("23505", "23503"):
        return Conflict()
    if state in ("23514", "22021", "22P05", "22003"):
        return Invalid(_("A value is not allowed here."))
    if state in ("40001", "40P01"):
        return Conflict(_("Someone else changed this at the same time. Try again."))
    if state == "57014":
        return Unavailable(_("The query took too long. Narrow the search and try again."))
    is_lost = isinstance(error, DBAPIError) and error.connection_invalidated
    if state[:2] in ("53", "08", "57") or is_lost or isinstance(driver, psycopg.OperationalError):
        return Unavailable()
    return None


async def lock(session: AsyncSession, name: str) -> None:
    """Take a named advisory lock until the end of the transaction, waiting if it is held."""
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name})


async def try_lock(session: AsyncSession, name: str) -> bool:
    """Take a named advisory lock without waiting. Returns False when it is held."""
    statement = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0))")
    return bool((await session.execute(statement, {"name": name})).scalar())

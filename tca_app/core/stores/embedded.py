"""Embedded PostgreSQL and Redis: started under DATA_DIR and shared by every command that uses it."""

import contextlib
import fcntl
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tca_app.config.settings import get_settings
from tca_app.core.stores.keeper import Keeper, Server
from tca_app.core.stores.servers import PostgresServer, RedisServer, StoreError


@dataclass(frozen=True, slots=True)
class StoreUrls:
    """The URLs of the started stores; empty for a store that was not requested."""

    database_url: str = ""
    redis_url: str = ""


@contextlib.contextmanager
def embedded_stores(
    data_dir: Path, *, postgres: bool = True, redis: bool = True, durable: bool = True, keep: bool = False
) -> Iterator[StoreUrls]:
    """Run the stores during the block. The last user of `data_dir` stops them.

    Every user holds a shared lock, which the kernel releases when the process dies, so after kill -9 the next user
    adopts the running stores. With `keep`, a store that ends is restarted; if that fails, the process gets SIGTERM and
    the block raises StoreError at its end.
    """
    if not (postgres or redis):
        yield StoreUrls()
        return
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        users = (data_dir / "stores.lock").open("w")
    except OSError as error:
        raise StoreError(f"DATA_DIR cannot be used: {error}") from error
    with users:
        try:
            with _one_at_a_time(data_dir):
                fcntl.flock(users, fcntl.LOCK_SH)
                urls = _start(data_dir, postgres, redis, durable)
            with _kept(data_dir, postgres, redis, durable) if keep else contextlib.nullcontext():
                yield urls
        finally:
            with _one_at_a_time(data_dir), contextlib.suppress(BlockingIOError):
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)  # fails while another process uses them
                _stop(data_dir)


@contextlib.contextmanager
def _kept(data_dir: Path, postgres: bool, redis: bool, durable: bool) -> Iterator[None]:
    servers: list[Server] = []
    if postgres:
        servers.append(PostgresServer(data_dir))
    if redis:
        servers.append(RedisServer(data_dir))

    def start_again(names: Sequence[str]) -> None:
        with _one_at_a_time(data_dir):
            _start(data_dir, PostgresServer.name in names, RedisServer.name in names, durable, create=False)

    keeper = Keeper(servers, start_again)
    keeper.start()
    try:
        yield
    finally:
        keeper.stop()
        if keeper.fault:
            raise StoreError(keeper.fault) from None


@contextlib.contextmanager
def configured_stores(*, keep: bool = False) -> Iterator[StoreUrls]:
    """Run the stores that the settings need. URLs of embedded stores are set in the environment of this process."""
    settings = get_settings()
    requested = {
        "postgres": not settings.database_url.get_secret_value(),
        "redis": not settings.redis_url.get_secret_value(),
    }
    with embedded_stores(settings.data_dir, **requested, keep=keep) as urls:
        store_urls = {"DATABASE_URL": urls.database_url, "REDIS_URL": urls.redis_url}
        started = {name: url for name, url in store_urls.items() if url}
        os.environ.update(started)
        get_settings.cache_clear()
        try:
            yield urls
        finally:
            for name in started:
                os.environ.pop(name, None)
            get_settings.cache_clear()


def _start(data_dir: Path, postgres: bool, redis: bool, durable: bool, *, create: bool = True) -> StoreUrls:
    try:
        with ThreadPoolExecutor(2) as pool:
            database_url = pool.submit(PostgresServer(data_dir).start, durable, create=create) if postgres else None
            redis_url = pool.submit(RedisServer(data_dir).start) if redis else None
            return StoreUrls(
                database_url.result() if database_url else "",
                redis_url.result() if redis_url else "",
            )
    except OSError as error:
        raise StoreError(f"the embedded stores under {data_dir} could not be started: {error}") from error


def _stop(data_dir: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        for stopping in [pool.submit(PostgresServer(data_dir).stop), pool.submit(RedisServer(data_dir).stop)]:
            stopping.result()


@contextlib.contextmanager
def _one_at_a_time(data_dir: Path) -> Iterator[None]:
    """Hold the lock that serializes starting and stopping across processes."""
    with (data_dir / "stores.start.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield

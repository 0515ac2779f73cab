"""Embedded stores: shared by every command, stopped by the last one, back after any crash."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
import redis

from tca_app.core.stores.embedded import StoreUrls, embedded_stores
from tca_app.core.stores.keeper import is_gone
from tca_app.core.stores.servers import RedisServer, StoreError
from tests.processes import eventually

HOLD = """
import signal
import sys
from pathlib import Path
from tca_app.core.stores.embedded import embedded_stores
signal.signal(signal.SIGTERM, signal.default_int_handler)  # as every command has it
with embedded_stores(Path(sys.argv[1]), durable="durable" in sys.argv, keep="keep" in sys.argv) as urls:
    print(urls.database_url, flush=True)
    sys.stdin.read()
"""


def _write(urls: StoreUrls, text: str) -> None:
    with psycopg.connect(urls.database_url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS notes (text text)")
        connection.execute("INSERT INTO notes VALUES (%s)", (text,))


def _notes(urls: StoreUrls) -> list[str]:
    with psycopg.connect(urls.database_url) as connection:
        return [row[0] for row in connection.execute("SELECT text FROM notes ORDER BY text")]


def _postmaster(data_dir: Path) -> int:
    return int((data_dir / "postgres" / "data" / "postmaster.pid").read_text().split()[0])


def _redis_pid(urls: StoreUrls) -> int:
    with redis.Redis.from_url(urls.redis_url) as client:
        return int(client.info("server")["process_id"])


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _hold(data_dir: Path, *options: str) -> subprocess.Popen[str]:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(data_dir), *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if "keep" in options else None,
        text=True,
    )
    assert holder.stdout
    assert holder.stdout.readline().startswith("postgresql://")
    return holder


def test_data_stays_and_nothing_runs_afterwards(tmp_path: Path) -> None:
    with embedded_stores(tmp_path, durable=False) as urls:
        _write(urls, "kept")
        pids = [_postmaster(tmp_path), _redis_pid(urls)]
    assert not any(_runs(pid) for pid in pids)
    with embedded_stores(tmp_path, durable=False) as urls:
        assert _notes(urls) == ["kept"]


def test_lower_case_is_unicode_and_the_clock_is_utc_whatever_the_machine_says(tmp_path: Path) -> None:
    with (
        embedded_stores(tmp_path, redis=False, durable=False) as urls,
        psycopg.connect(urls.database_url) as connection,
    ):
        assert connection.execute("SELECT lower('ÉÄΩ'), current_setting('timezone')").fetchone() == ("éäω", "UTC")


def test_no_store_listens_on_tcp_and_strangers_cannot_enter_the_socket_folders(tmp_path: Path) -> None:
    with embedded_stores(tmp_path, durable=False) as urls:
        with psycopg.connect(urls.database_url) as connection:
            assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        with redis.Redis.from_url(urls.redis_url) as client:
            assert client.config_get("port") == {"port": "0"}
            assert client.config_get("maxmemory")["maxmemory"] != "0"
        for name in ("postgres", "redis"):
            assert (tmp_path / name).stat().st_mode & 0o077 == 0


def test_two_users_share_the_stores_and_the_last_one_stops_them(tmp_path: Path) -> None:
    with embedded_stores(tmp_path, durable=False) as urls:
        first = _postmaster(tmp_path)
        other = _hold(tmp_path)
    assert _postmaster(tmp_path) == first, "the other one still uses it"
    assert _runs(first)
    pid = _redis_pid(urls)
    other.communicate("", 60)
    assert not _runs(first)
    assert not _runs(pid)


def test_after_kill_9_the_next_start_takes_over_what_is_left(tmp_path: Path) -> None:
    holder = _hold(tmp_path)
    left = _postmaster(tmp_path)
    holder.kill()
    holder.communicate(timeout=60)
    assert _runs(left)
    started = time.monotonic()
    with embedded_stores(tmp_path, durable=False) as urls:
        assert time.monotonic() - started < 2
        assert _postmaster(tmp_path) == left
        _write(urls, "after")
    assert not _runs(left)


def test_after_kill_9_of_everything_the_next_start_recovers(tmp_path: Path) -> None:
    holder = _hold(tmp_path, "durable")
    with embedded_stores(tmp_path) as urls:
        _write(urls, "committed")
        pids = [holder.pid, _postmaster(tmp_path), _redis_pid(urls)]
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        holder.communicate(timeout=60)
        with embedded_stores(tmp_path) as again:
            assert _notes(again) == ["committed"]
            assert _redis_pid(again) not in pids


def test_a_deep_folder_with_odd_signs_gets_short_sockets(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 90) / "it's 100% fine"
    with embedded_stores(deep, durable=False) as urls:
        _write(urls, "deep")
        assert _redis_pid(urls)
        assert (deep / "postgres" / "data").is_dir()


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="DATA_DIR cannot be used"), embedded_stores(tmp_path / "file" / "data"):
        pass


def test_data_of_another_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    with embedded_stores(tmp_path, redis=False, durable=False):
        pass
    version = tmp_path / "postgres" / "data" / "PG_VERSION"
    version.write_text("16\n")
    with pytest.raises(StoreError, match="was made by PostgreSQL 16"), embedded_stores(tmp_path):
        pass
    assert version.read_text() == "16\n"


def test_a_store_that_is_not_wanted_is_not_started(tmp_path: Path) -> None:
    with embedded_stores(tmp_path, postgres=False, durable=False) as urls:
        assert not urls.database_url
        assert not (tmp_path / "postgres" / "data").exists()
        assert _redis_pid(urls)


def _answers(urls: StoreUrls) -> bool:
    with contextlib.suppress(psycopg.OperationalError, redis.ConnectionError):
        _notes(urls)
        return bool(_redis_pid(urls))
    return False


def test_a_store_that_was_killed_is_started_again_at_its_address(tmp_path: Path) -> None:
    with embedded_stores(tmp_path, keep=True) as urls:
        _write(urls, "kept")
        for kills in ("postgres", "redis", "postgres and redis"):
            pids = {"postgres": _postmaster(tmp_path), "redis": _redis_pid(urls)}
            for name in kills.split(" and "):
                os.kill(pids[name], signal.SIGKILL)
            eventually(lambda: _answers(urls), "the stores are back")
            assert _notes(urls) == ["kept"]
        left = [_postmaster(tmp_path), _redis_pid(urls)]
    assert not any(_runs(pid) for pid in left)


def test_a_store_that_is_frozen_is_not_started_again(tmp_path: Path) -> None:
    with embedded_stores(tmp_path, postgres=False, keep=True) as urls:
        pid = _redis_pid(urls)
        os.kill(pid, signal.SIGSTOP)
        assert not is_gone(RedisServer(tmp_path).address)
        os.kill(pid, signal.SIGCONT)
        assert _redis_pid(urls) == pid


def test_a_store_that_cannot_be_started_again_ends_its_process_with_an_error(tmp_path: Path) -> None:
    holder = _hold(tmp_path, "keep")
    version = tmp_path / "postgres" / "data" / "PG_VERSION"
    version.write_text("16\n")
    os.kill(_postmaster(tmp_path), signal.SIGKILL)
    assert holder.stderr
    assert holder.wait(30) != 0
    said = holder.stderr.read()
    assert "PostgreSQL ended and cannot be started again" in said
    assert said.count("ended; starting again") == 3


def test_nothing_is_started_again_while_the_stores_are_stopped(tmp_path: Path) -> None:
    for _ in range(3):
        holder = _hold(tmp_path, "keep")
        assert holder.stderr
        pids = [_postmaster(tmp_path)]
        holder.communicate("", 60)
        assert holder.returncode == 0
        assert not any(_runs(pid) for pid in pids)
        assert is_gone(RedisServer(tmp_path).address)

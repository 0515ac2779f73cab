"""Runs pg_dump and pg_restore of the PostgreSQL package against a database, as streams.

The password of the database is in the environment of the program: the list of processes shows arguments to everybody.
"""

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from typing import IO

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tca_app.core.stores.servers import StoreError, postgres_programs

READ_BYTES = 2**20
ERROR_BYTES = 64 * 1024


def dump_database(url: str, snapshot: str) -> Iterator[bytes]:
    """Yield a dump in the custom format, as of an exported snapshot. Raises StoreError.

    Roles, privileges and extensions stay out, so that it can be restored on another server.
    """
    options = ("--format=custom", "--no-owner", "--no-privileges", "--no-publications", "--no-subscriptions")
    excluded = ("--exclude-extension=*", "--lock-wait-timeout=60s", f"--snapshot={snapshot}")
    with tempfile.TemporaryFile() as errors:
        process = _start("pg_dump", url, (*options, *excluded), stdout=subprocess.PIPE, stderr=errors)
        try:
            assert process.stdout  # noqa: S101
            while data := process.stdout.read(READ_BYTES):
                yield data
            _check("pg_dump", process.wait(), errors)
        finally:
            _stop(process)


def restore_database(url: str, dump: Iterable[bytes]) -> None:
    """Restore a dump in one transaction: on any failure the database stays as it was. Raises StoreError."""
    options = ("--format=custom", "--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error")
    with tempfile.TemporaryFile() as errors:
        process = _start("pg_restore", url, options, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=errors)
        try:
            assert process.stdin  # noqa: S101
            with contextlib.suppress(BrokenPipeError):  # it has ended, and its exit code and text say why
                for data in dump:
                    process.stdin.write(data)
                process.stdin.close()
            _check("pg_restore", process.wait(), errors)
        finally:
            _stop(process)


def _start(program: str, url: str, options: tuple[str, ...], **streams: IO[bytes] | int) -> "subprocess.Popen[bytes]":
    params = conninfo_to_dict(url)
    if params.pop("sslpassword", None):
        raise StoreError("DATABASE_URL must not carry sslpassword for a backup: use a client key without a password")
    names = ("PATH", "HOME", "LD_LIBRARY_PATH")
    environment = {name: value for name, value in os.environ.items() if name in names or name.startswith("PG")}
    if password := params.pop("password", None):
        environment["PGPASSWORD"] = str(password)
    # Not the arguments: they would win over the environment, and everybody may read them.
    command = [str(postgres_programs() / program), *options, "--no-password", f"--dbname={make_conninfo('', **params)}"]
    try:
        return subprocess.Popen(command, env=environment | {"LC_ALL": "C"}, cwd="/", start_new_session=True, **streams)  # type: ignore[call-overload]
    except OSError as error:
        raise StoreError(f"{program} could not be started: {error.strerror}") from None


def _check(program: str, code: int, errors: IO[bytes]) -> None:
    if not code:
        return
    errors.seek(max(0, errors.seek(0, os.SEEK_END) - ERROR_BYTES))
    lines = errors.read().decode(errors="replace").strip().splitlines() or [f"exit code {code}"]
    # The first error is the cause; what follows is where it happened.
    cause = next((line for line in lines if "error:" in line), lines[-1])
    raise StoreError(f"PostgreSQL's {program} failed: {cause.partition('error: ')[2] or cause}"[:500])


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """End the program if it still runs, as after an error elsewhere; PostgreSQL then rolls back."""
    if process.poll() is None:  # before its input ends, which could look like the end of the dump
        process.kill()
        process.wait()
    for stream in (process.stdin, process.stdout):
        if stream:
            with contextlib.suppress(BrokenPipeError):
                stream.close()

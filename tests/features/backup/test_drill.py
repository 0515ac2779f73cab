"""The drill: back up under writes, restore elsewhere, verify the log, sign in."""

import asyncio
import os
import stat
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from alembic import command
from alembic.script import ScriptDirectory

from tca_app.config.settings import get_settings
from tca_app.core.cache.redis import close_redis
from tca_app.core.database.revisions import alembic_config
from tca_app.core.database.session import close_db
from tca_app.core.events.log import emit
from tca_app.core.stores.servers import StoreError
from tca_app.features.backup.archive import Archive, write_archive
from tca_app.features.backup.errors import BackupError
from tca_app.features.backup.restore import RestoreTarget
from tca_app.features.backup.service import create_backup
from tca_app.features.projects.events import ProjectUpdated
from tca_app.features.retention.event_log import remove_old_events
from tca_app.features.webhooks.signing import opened
from tca_app.server.restore import Restored, restore_backup
from tests.factories import PASSWORD, bearer, do_jobs, make_admin, make_project, make_webhook, run
from tests.features.retention.old_events import age

KEY = "a-key-for-backups-that-nobody-guesses-0123456789"
HEAD = ScriptDirectory.from_config(alembic_config()).get_current_head()
NAME = f"tca_restored_{os.getpid()}"


def _url(database: str) -> str:
    before, _, options = get_settings().database_url.get_secret_value().partition("?")
    return f"{before.rpartition('/')[0]}/{database}?{options}"


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """An empty database."""
    with psycopg.connect(_url("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {NAME} TEMPLATE template0")
        try:
            yield _url(NAME)
        finally:
            connection.execute(f"DROP DATABASE {NAME} WITH (FORCE)")


@pytest.fixture
async def use(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[..., Any]]:
    """Change settings of this process, pools included."""

    async def change(**settings: str) -> None:
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        get_settings.cache_clear()
        await close_db()

    yield change
    monkeypatch.undo()
    get_settings.cache_clear()
    await close_db()


async def _restore(path: Path, *, replace: bool = False) -> Restored:
    await close_db()
    await close_redis()  # a command has loops of its own
    return await asyncio.to_thread(restore_backup, path, replace=replace, ask=None)


def _rows(url: str, query: str) -> list[Any]:
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchall()  # type: ignore[call-overload]


async def test_drill(tmp_path: Path, elsewhere: str, use: Callable[..., Any], api: httpx.AsyncClient) -> None:
    await use(BACKUP_KEY=KEY, RETENTION_EVENTS_DAYS="250")
    ana = await make_admin("ana")
    project = await make_project(ana, "Billing")
    await run(emit, None, ProjectUpdated(subject_id=project, subject_name="Billing"))
    await do_jobs()
    age(f"subject_type = 'project' AND subject_id = {project}")
    removed = await run(remove_old_events)
    hook = await make_webhook(ana)
    await bearer(ana)
    backing = asyncio.create_task(asyncio.to_thread(create_backup, tmp_path))
    written = 0
    while not backing.done():
        await run(emit, None, ProjectUpdated(subject_id=project, subject_name="Billing"))
        written += 1
    made = await backing
    assert written
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == [made.path.name]
    assert b"Billing" not in made.path.read_bytes()

    await use(DATABASE_URL=elsewhere)
    done = await _restore(made.path)
    assert (done.database, done.log.fault, done.opens_secrets, done.sessions) == (NAME, "", True, 1)
    assert done.log.removed == removed > 0
    assert made.manifest.rows == {**done.manifest.rows, "users": 1, "projects": 1, "webhooks": 1}
    assert made.manifest.rows["events"] <= done.log.events
    login = {"username": "ana", "password": PASSWORD}
    answer = await api.post("/api/auth/login", json=login)
    assert answer.status_code == 200, answer.text
    header = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    assert (await api.get(f"/api/v1/projects/{project}", headers=header)).json()["name"] == "Billing"
    ((secret,),) = _rows(elsewhere, "SELECT secret FROM webhooks")
    assert opened(secret) == hook.secret
    assert _rows(elsewhere, "SELECT count(*) FROM auth_sessions WHERE revoked_at IS NULL") == [(1,)]


async def test_data_is_replaced_only_on_demand_and_stays_after_a_failure(
    tmp_path: Path, elsewhere: str, use: Callable[..., Any]
) -> None:
    await make_project(await make_admin("ana"), "Billing")
    first = create_backup(tmp_path / "first.tar")
    await use(DATABASE_URL=elsewhere)
    await _restore(first.path)
    with psycopg.connect(elsewhere, autocommit=True) as console:
        console.execute("UPDATE projects SET name = 'Changed'; CREATE TABLE newer (owner bigint REFERENCES users)")
        with pytest.raises(BackupError, match="is not empty"):
            await _restore(first.path)
        with pytest.raises(BackupError, match="is in use"):
            await _restore(first.path, replace=True)

    broken = tmp_path / "broken.tar"
    with first.path.open("rb") as file, broken.open("wb") as out:
        dump = b"".join(Archive(file, "").dump())
        write_archive(out, "", first.manifest, [dump[: len(dump) // 2]])
    with pytest.raises(StoreError, match="pg_restore failed"):
        await _restore(broken, replace=True)
    assert _rows(elsewhere, "SELECT name FROM projects") == [("Changed",)]

    await _restore(first.path, replace=True)
    assert _rows(elsewhere, "SELECT name, to_regclass('newer') FROM projects") == [("Billing", None)]
    assert _rows(elsewhere, "SELECT count(*) FROM pg_namespace WHERE nspname = 'before_restore'") == [(0,)]
    create_backup(tmp_path / "again.tar")
    with psycopg.connect(elsewhere, autocommit=True) as owner:
        owner.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await _restore(tmp_path / "again.tar")
    with psycopg.connect(elsewhere, autocommit=True) as owner:
        owner.execute("CREATE SCHEMA before_restore")
    with pytest.raises(BackupError, match="has a schema before_restore"):
        RestoreTarget(elsewhere).require_usable(replace=True)


async def test_an_older_schema_is_migrated_and_another_secret_key_is_named(
    tmp_path: Path, elsewhere: str, use: Callable[..., Any]
) -> None:
    await use(DATABASE_URL=elsewhere)
    command.upgrade(alembic_config(), "head-1")
    made = create_backup(tmp_path)
    assert made.manifest.revision != HEAD
    with psycopg.connect(elsewhere, autocommit=True) as owner:
        owner.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await use(SECRET_KEY="another-key-" * 4)
    done = await _restore(made.path)
    assert not done.opens_secrets
    assert _rows(elsewhere, "SELECT version_num FROM alembic_version") == [(HEAD,)]

"""The version before serves on while a migration has only added, and new migrations say which kind they are."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest
from alembic import command
from alembic.config import Config
from alembic.script import Script, ScriptDirectory

from tca_app.config.settings import get_settings
from tca_app.core.database.revisions import ROOT, alembic_config, own_revision
from tca_app.features.health import service
from tca_app.features.health.internal_checks import PARTS
from tca_app.server.migrate import MigrationError, migrate, require_schema
from tests.server.schema_changes import contracting_changes, read_catalog

# Later migrations declare whether they contract. This and earlier ones count as if they did.
BASELINE = "202611270345"
Become = Callable[[str, str | None], None]
NEWER = "209901010000"
NAME = f"tca_upgraded_{os.getpid()}"
SCRIPTS = ScriptDirectory.from_config(alembic_config())
# What a migration changed without contracting, by revision and change, with the reason why code from before goes on:
# guards that were only loosened, and functions that keep their arguments and what they promise.
LOOSENED = {
    "202611270924": {
        "function refuse_change() is changed": "it lets remove_events() delete events; older code never deletes any"
    },
    "202611271058": {
        "function remove_events(uuid,timestamp with time zone,integer) is changed": (
            "older code calls it in the same way; only the chains that it begins with differ"
        )
    },
    "202611271108": {
        "function refuse_change() is changed": "older code deletes events with remove_events() only",
        "function keep_event() is changed": "older code changes events with erase_events() only",
    },
    "202611271310": {
        "column incidents.check_id may be null now": "older code writes one always, and joins the checks when it reads",
        "ck_incidents_title on incidents is new, and old code may break it": "it writes a check and no title",
    },
}
AFTER_BASELINE: list[Script] = list(reversed(list(SCRIPTS.iterate_revisions("head", BASELINE))))


def _url(database: str = "") -> str:
    own = get_settings().database_url.get_secret_value()
    before, _, options = own.partition("?")
    return f"{before.rpartition('/')[0]}/{database}?{options}" if database else own


def _schema() -> tuple[str, str | None]:
    with psycopg.connect(_url()) as connection:
        found = connection.execute("SELECT version_num, oldest_code FROM alembic_version").fetchone()
    assert found
    return found


@contextmanager
def _database(template: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A database that the settings lead to."""
    url = _url(NAME)
    with psycopg.connect(_url("postgres"), autocommit=True) as connection, monkeypatch.context() as patch:
        connection.execute(f"CREATE DATABASE {NAME} TEMPLATE {template}")
        patch.setenv("DATABASE_URL", url)
        get_settings.cache_clear()
        try:
            yield url
        finally:
            patch.undo()
            get_settings.cache_clear()
            connection.execute(f"DROP DATABASE {NAME} WITH (FORCE)")


@pytest.fixture
def migrated(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with _database("tca", monkeypatch) as url:
        yield url


@pytest.fixture
def as_if() -> Iterator[Become]:
    """Makes the test's own database look as if it had another schema."""
    before = _schema()

    def become(revision: str, oldest_code: str | None) -> None:
        with psycopg.connect(_url()) as connection:
            connection.execute("UPDATE alembic_version SET version_num = %s, oldest_code = %s", (revision, oldest_code))
        service._kept.cache_clear()  # what was found in the last second

    yield become
    become(*before)


async def test_a_schema_that_was_only_added_to_is_served_and_started_on(as_if: Become, api: httpx.AsyncClient) -> None:
    as_if(NEWER, own_revision())
    assert (await api.get("/health/ready")).status_code == 200
    check = await PARTS["migrations"]()
    assert check.detail == f"revision {NEWER}, newer than that of this version ({own_revision()})"
    require_schema()  # what `web` asks
    migrate()  # what `worker`, `serve` and the commands do
    assert _schema() == (NEWER, own_revision())


@pytest.mark.parametrize("oldest_code", [NEWER, None], ids=["contracted", "not said"])
async def test_a_schema_that_this_version_cannot_use_is_refused(
    as_if: Become, api: httpx.AsyncClient, oldest_code: str | None
) -> None:
    as_if(NEWER, oldest_code)
    assert (await api.get("/health/ready")).status_code == 503
    line = f"schema {NEWER}, which only versions with schema {NEWER} or newer can use.*start the newer version"
    for start in (require_schema, migrate):
        with pytest.raises(MigrationError, match=line):
            start()
    assert _schema() == (NEWER, oldest_code)


async def test_an_older_schema_is_refused_whatever_it_says(as_if: Become, api: httpx.AsyncClient) -> None:
    as_if("1000", "1000")
    assert (await api.get("/health/ready")).status_code == 503
    with pytest.raises(
        MigrationError, match=f"schema 1000 and this version needs {own_revision()}; `python -m tca_app"
    ):
        require_schema()


async def test_a_database_from_before_this_was_noted_is_served_at_the_same_revision_only(migrated: str) -> None:
    with psycopg.connect(migrated) as connection:
        connection.execute("ALTER TABLE alembic_version DROP COLUMN oldest_code")
    require_schema()
    with psycopg.connect(migrated) as connection:
        connection.execute("UPDATE alembic_version SET version_num = %s", (NEWER,))
    with pytest.raises(MigrationError, match="start the newer version"):
        require_schema()


def test_each_step_notes_the_oldest_code_that_it_leaves_usable(migrated: str, tmp_path: Path) -> None:
    """As a newer version would make them: one that adds, one that contracts, and one that does not say."""
    shutil.copy(ROOT / "alembic.ini", tmp_path)
    shutil.copytree(ROOT / "alembic", tmp_path / "alembic", ignore=shutil.ignore_patterns("__pycache__"))
    newer = Config(tmp_path / "alembic.ini")
    newer.set_main_option("script_location", str(tmp_path / "alembic"))
    with psycopg.connect(migrated) as connection:
        connection.execute("ALTER TABLE alembic_version DROP COLUMN oldest_code")
    before, oldest = own_revision(), _oldest_code()
    for number, said in enumerate(("contracts = False", "contracts = True", "contracts = False", "")):
        revision = str(int(NEWER) + number)
        (tmp_path / "alembic" / "versions" / f"{revision}_step.py").write_text(
            f"revision, down_revision = '{revision}', '{before}'\n{said}\n"
            "def upgrade():\n    pass\ndef downgrade():\n    pass\n"
        )
        command.upgrade(newer, "head")
        oldest = oldest if said == "contracts = False" else revision
        assert _schema() == (revision, oldest)
        before = revision
    command.downgrade(newer, NEWER)
    assert _schema() == (NEWER, _oldest_code())
    require_schema()


def _oldest_code() -> str:
    """What the migrations of this version leave."""
    steps = SCRIPTS.iterate_revisions("head", "base")
    return next(step.revision for step in steps if getattr(step.module, "contracts", True))


def test_every_new_migration_declares_whether_it_contracts() -> None:
    silent = [step.path for step in AFTER_BASELINE if not isinstance(vars(step.module).get("contracts"), bool)]
    assert not silent, "declare `contracts = True` or `contracts = False`: CONTRIBUTING.md, Add a migration"


def test_revisions_grow_along_the_chain() -> None:
    """A process tells by the number alone that a schema is newer than its own."""
    revisions = [step.revision for step in SCRIPTS.walk_revisions()]
    assert revisions == sorted(revisions, key=lambda revision: (len(revision), revision), reverse=True)


def test_a_migration_that_says_that_it_adds_does_not_contract(monkeypatch: pytest.MonkeyPatch) -> None:
    adding = [step for step in AFTER_BASELINE if vars(step.module).get("contracts") is False]
    if not adding:
        return  # the judge itself is tested below
    found: dict[str, set[str]] = {}
    with _database("template0", monkeypatch) as url:
        command.upgrade(alembic_config(), str(adding[0].down_revision))
        for step in AFTER_BASELINE[AFTER_BASELINE.index(adding[0]) :]:
            with psycopg.connect(url) as connection:
                before = read_catalog(connection)
            command.upgrade(alembic_config(), step.revision)
            if step in adding:
                with psycopg.connect(url) as connection:
                    found[step.revision] = set(contracting_changes(before, read_catalog(connection)))
    loosened = {revision: changes.keys() for revision, changes in LOOSENED.items()}
    for revision, changes in loosened.items():
        assert changes <= found[revision], "no longer changed: take it off the list"
    wrong = {revision: sorted(left) for revision in found if (left := found[revision] - loosened.get(revision, set()))}
    assert not wrong, "these contract: declare `contracts = True`, or add first and contract in the next version"


CONTRACTING = {
    "ALTER TABLE projects DROP COLUMN description": "column projects.description is dropped or renamed",
    "ALTER TABLE projects RENAME description TO about": "column projects.description is dropped or renamed",
    "DROP TABLE backup_runs": "column backup_runs.error is dropped or renamed",
    "ALTER TABLE backup_runs RENAME TO runs": "column backup_runs.error is dropped or renamed",
    "ALTER TABLE projects ALTER description TYPE varchar(10)": "column projects.description has another type",
    "ALTER TABLE backup_runs ADD note text NOT NULL": "column backup_runs.note is required and has no default",
    "ALTER TABLE users ALTER hashed_password SET NOT NULL": "column users.hashed_password must not be null now",
    "ALTER TABLE backup_runs ALTER error DROP NOT NULL": "column backup_runs.error may be null now",
    "ALTER TABLE backup_runs ALTER error DROP DEFAULT": "column backup_runs.error lost its default",
    "ALTER TABLE backup_runs ADD CONSTRAINT short CHECK (length(error) < 9)": "short on backup_runs is new",
    "CREATE UNIQUE INDEX one_start ON backup_runs (started_at)": "one_start on backup_runs is new",
    "CREATE UNIQUE INDEX one_error ON backup_runs (lower(error))": "one_error on backup_runs is new",
    "DROP INDEX uq_groups_name": "uq_groups_name on groups is changed or dropped",
    "ALTER TABLE groups RENAME CONSTRAINT fk_groups_updated_by_id TO x": "fk_groups_updated_by_id on groups is changed",
    "CREATE OR REPLACE FUNCTION notify_token() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'": (
        "function notify_token() is changed"
    ),
    "DROP TRIGGER groups_changed ON groups": "trigger groups_changed on groups is changed or dropped",
    "CREATE TRIGGER rewrites BEFORE INSERT ON groups FOR EACH ROW EXECUTE FUNCTION effective_role()": (
        "trigger rewrites on groups is new"
    ),
}
ADDING = (
    "ALTER TABLE projects ADD cost_centre text NOT NULL DEFAULT ''",
    "ALTER TABLE projects ADD owner_note text",
    "ALTER TABLE projects ADD budget int DEFAULT 0 CONSTRAINT budget CHECK (budget >= 0)",
    "ALTER TABLE projects ADD lead_id bigint CONSTRAINT fk_lead REFERENCES users (id)",
    "CREATE TABLE notes (id bigint PRIMARY KEY, text text NOT NULL UNIQUE, user_id bigint REFERENCES users (id))",
    "CREATE INDEX ix_backup_runs_started ON backup_runs (started_at)",
    "DROP INDEX ix_ci_trusts_issuer",
    "ALTER TABLE backup_runs ALTER error SET DEFAULT 'x'",
    "CREATE FUNCTION half(x int) RETURNS int LANGUAGE sql AS 'SELECT x / 2'",
    "CREATE TRIGGER tells AFTER INSERT ON backup_runs FOR EACH STATEMENT EXECUTE FUNCTION notify_table('backups')",
)


def test_what_contracts_is_told_from_what_adds() -> None:
    wrong = {}
    with psycopg.connect(_url()) as connection:
        before = read_catalog(connection)
        for statement, expected in CONTRACTING.items() | {(statement, "") for statement in ADDING}:
            with connection.transaction(force_rollback=True):
                connection.execute(statement)
                found = contracting_changes(before, read_catalog(connection))
            if not any(change.startswith(expected) for change in found) if expected else found:
                wrong[statement] = found
    assert not wrong

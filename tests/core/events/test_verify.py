"""verify-log finds a changed row, a missing row and a truncated chain, also where personal data was erased."""

from dataclasses import replace

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.config.settings import get_settings
from tca_app.core.database.session import reading
from tca_app.core.events import verify
from tca_app.core.events.log import emit
from tca_app.core.events.verify import verify_log
from tca_app.features.personal_data import erasure
from tca_app.features.projects.events import ProjectUpdated
from tests.factories import make_admin, make_user, run


@pytest.fixture(autouse=True)
async def three_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "BATCH", 2)
    for _ in range(3):
        await run(emit, None, ProjectUpdated(subject_id=7, subject_name="Billing"))
    await run(emit, None, ProjectUpdated(subject_id=8, subject_name="Other"))


def forge(statement: str) -> None:
    """As somebody who may switch the triggers off."""
    with psycopg.connect(get_settings().database_url.get_secret_value(), autocommit=True) as forger:
        forger.execute("SET session_replication_role = replica")
        forger.execute(statement)


async def test_an_untouched_log_is_intact() -> None:
    found = await run(verify_log)
    assert (found.events, found.chains, found.fault) == (4, 2, "")


@pytest.mark.parametrize(
    ("forgery", "said"),
    [
        ("UPDATE events SET subject_name = 'x' WHERE sequence = 2", "number 2): its content is not what was written"),
        ("UPDATE events SET data = '{}' WHERE sequence = 2", "its content is not what was written"),
        ("DELETE FROM events WHERE sequence = 2", "number 3): the event before it is gone"),
        ("DELETE FROM events WHERE sequence = 1 AND subject_id = 7", "number 2): the event before it is gone"),
        ("DELETE FROM events WHERE sequence = 3", "project 7 do not end where they did"),
        ("DELETE FROM events WHERE subject_id = 8", "project 8 do not end where they did"),
        (
            "UPDATE events SET actor_name = 'x' WHERE sequence = 2;"
            "UPDATE events AS e SET hash = event_hash(e) WHERE sequence = 2",
            "number 3): it does not follow the event before it",
        ),
    ],
)
async def test_the_first_broken_row_is_named(forgery: str, said: str) -> None:
    forge(forgery)
    assert said in (await run(verify_log)).fault


@pytest.fixture
async def erased() -> int:
    """The id of an erased person with two events in the chain of one project, the first and the second of three."""
    boss, ana = await make_admin("boss"), replace(await make_user("ana"), ip="192.0.2.7")
    for actor in (ana, ana, boss):
        await run(emit, actor, ProjectUpdated(subject_id=9, subject_name="Ledger"))
    await run(erasure.erase_user, boss, ana.user_id)
    return ana.user_id


async def test_an_erased_log_is_intact_and_says_how_many_were_erased(erased: int) -> None:
    found = await run(verify_log)
    assert (found.fault, found.erased) == ("", 2)


CHANGE = "UPDATE events SET actor_name = 'x', salt = NULL WHERE subject_id = 7 AND sequence = 2;"
MARK = (
    "INSERT INTO event_erasures (event_id, erasure, seal) SELECT id, gen_random_uuid(), event_hash(events) FROM events "
    "WHERE subject_id = 7 AND sequence = 2"
)


@pytest.mark.parametrize(
    ("forgery", "said"),
    [
        ("UPDATE events SET data = '{}' WHERE subject_id = 9 AND sequence = 1", "its content is not what was written"),
        ("UPDATE events SET hash = 'x' WHERE subject_id = 9 AND sequence = 1", "it does not follow the event before"),
        ("DELETE FROM events WHERE subject_id = 9 AND sequence = 2", "the event before it is gone"),
        ("DELETE FROM event_erasures", "its content is not what was written"),
        ("DELETE FROM events WHERE type = 'user_erased'", "do not end where they did"),
        # Somebody changes a row and marks it as erased, or hides it under an erasure that there was.
        (CHANGE + MARK, "is not what an event user_erased says of it"),
        (
            CHANGE + MARK.replace("gen_random_uuid()", "(SELECT erasure FROM event_erasures LIMIT 1)"),
            "is not what an event user_erased says of it",
        ),
        (
            "UPDATE events SET actor_name = 'x' WHERE subject_id = 9 AND sequence = 1;"
            "UPDATE event_erasures SET seal = event_hash(events) FROM events WHERE events.id = event_id",
            "is not what an event user_erased says of it",
        ),
    ],
)
async def test_no_change_hides_behind_an_erasure(erased: int, forgery: str, said: str) -> None:
    forge(forgery)
    assert said in (await run(verify_log)).fault


async def test_the_hash_of_an_erased_event_confirms_no_guess(erased: int) -> None:
    """Restoring the original values does not give the stored hash, because the salt is gone."""
    forge(f"UPDATE events SET actor_name = 'Ana', ip = '192.0.2.7' WHERE actor_id = {erased} AND subject_id = 9")
    async with reading() as session:
        confirms = text("SELECT event_hash(events) = hash FROM events WHERE subject_id = 9 AND sequence < 3")
        assert list(await session.scalars(confirms)) == [False, False]


async def test_a_row_from_before_the_salt_is_checked_and_erased_too() -> None:
    boss, ana = await make_admin("boss"), await make_user("ana")
    await run(emit, ana, ProjectUpdated(subject_id=10, subject_name="Old"))
    forge(
        "UPDATE events SET salt = NULL WHERE subject_id = 10;"
        "UPDATE events SET hash = event_hash(events) WHERE subject_id = 10;"
        "UPDATE event_heads AS head SET hash = events.hash FROM events "
        "WHERE events.subject_id = 10 AND head.subject_id = 10"
    )
    assert (await run(verify_log)).fault == ""
    await run(erasure.erase_user, boss, ana.user_id)
    assert ((await run(verify_log)).fault, (await run(verify_log)).erased) == ("", 1)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE events SET actor_name = 'x', salt = NULL",
        "DO $$ BEGIN UPDATE events SET actor_name = 'x', salt = NULL /* erase_events(uuid,jsonb) */; END $$",
        "UPDATE event_erasures SET seal = 'x'",
        "DELETE FROM event_erasures",
        "SELECT erase_events(gen_random_uuid(), jsonb_build_array(jsonb_build_object('id', 0)))",
    ],
)
async def test_only_the_function_changes_events_and_nothing_changes_its_marks(erased: int, change: str) -> None:
    if change.startswith("SELECT"):
        await run(_execute, change)  # no such event
        assert (await run(verify_log)).fault == ""
        return
    with pytest.raises(DBAPIError, match="append-only"):
        await run(_execute, change)


async def _execute(session: AsyncSession, statement: str) -> None:
    await session.execute(text(statement))

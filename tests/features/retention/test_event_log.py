"""Old events are deleted from the beginning of their chains; the log is still verified, and figures stay."""

import json
from datetime import UTC, datetime
from io import BytesIO

import pytest
from pydantic import ValidationError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.config.schema import Settings
from tca_app.config.settings import get_settings
from tca_app.consumers import maintenance, streams
from tca_app.consumers.analytics import recount
from tca_app.core.database.session import reading
from tca_app.core.events.log import emit
from tca_app.core.events.verify import verify_log
from tca_app.features.personal_data import erasure
from tca_app.features.projects.events import ProjectUpdated
from tca_app.features.retention import event_log
from tca_app.server.commands.export_events import write_events
from tests.factories import do_jobs, make_admin, make_delivery, make_user, make_webhook, run
from tests.features.retention.old_events import age, forge


@pytest.fixture(autouse=True)
def _kept_for_less_than_a_year(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "retention_events_days", 250)


async def happen(subject_id: int, times: int) -> None:
    for _ in range(times):
        await run(emit, None, ProjectUpdated(subject_id=subject_id, subject_name="Billing"))
    await do_jobs()


async def left(subject_id: int) -> list[int]:
    async with reading() as session:
        rows = text("SELECT sequence FROM events WHERE subject_type = 'project' AND subject_id = :id ORDER BY sequence")
        return list(await session.scalars(rows, {"id": subject_id}))


@pytest.fixture
async def removed() -> None:
    """Of the chain of project 7 the first two of four events are gone, and all of that of project 8."""
    await happen(7, 4)
    await happen(8, 2)
    age("subject_id = 7 AND sequence <= 2 OR subject_id = 8")
    assert (await run(verify_log)).fault == ""
    await maintenance.remove_old_events()


async def test_a_chain_goes_on_after_its_beginning_was_removed(removed: None) -> None:
    assert (await left(7), await left(8)) == ([3, 4], [])
    found = await run(verify_log)
    assert (found.fault, found.removed) == ("", 4)
    await happen(7, 1)
    await happen(8, 1)
    assert (await left(7), await left(8)) == ([3, 4, 5], [3])
    assert (await run(verify_log)).fault == ""
    async with reading() as session:
        event = (await session.execute(text("SELECT data, actor_type FROM events WHERE type = 'events_removed'"))).one()
        assert (event.data["events"], event.actor_type) == (4, "system")


async def test_it_goes_on_from_the_last_removal(removed: None) -> None:
    age("subject_id = 7 AND sequence = 3")
    await maintenance.remove_old_events()
    await maintenance.remove_old_events()
    assert await left(7) == [4]
    found = await run(verify_log)
    assert (found.fault, found.removed) == ("", 5)


async def test_figures_of_removed_events_stay() -> None:
    for _ in range(3):
        await run(emit, None, ProjectUpdated(subject_id=7, subject_name="Billing"))
    age("subject_id = 7")
    await do_jobs()  # counts them on that day
    await maintenance.remove_old_events()
    await do_jobs()
    assert (await run(recount)).differences == []
    async with reading() as session:
        counted = text("SELECT sum(value) FROM daily_metrics WHERE name = 'events' AND dimension = 'project_updated'")
        assert await session.scalar(counted) == 3
    assert await left(7) == []


async def test_nothing_goes_while_the_days_are_zero_or_the_events_recent(monkeypatch: pytest.MonkeyPatch) -> None:
    await happen(7, 2)
    assert await run(event_log.remove_old_events) == 0
    age("subject_id = 7")
    monkeypatch.setattr(get_settings(), "retention_events_days", 0)
    assert await run(event_log.remove_old_events) == 0
    assert await left(7) == [1, 2]


async def test_no_gap_is_made_in_the_middle() -> None:
    """An event that is recent, not counted, or needed by a job keeps everything after it."""
    await happen(7, 3)
    age("subject_id = 7 AND sequence <> 2")
    await happen(8, 3)
    forge("DELETE FROM event_effects WHERE event_id = (SELECT id FROM events WHERE subject_id = 8 AND sequence = 2)")
    await happen(9, 3)
    age("subject_id IN (8, 9)")
    forge(
        "INSERT INTO procrastinate_jobs (queue_name, task_name, args) SELECT 'x', 'x', "
        "jsonb_build_object('event_id', id) FROM events WHERE subject_id = 9 AND sequence = 2"
    )
    await maintenance.remove_old_events()
    assert (await left(7), await left(8), await left(9)) == ([2, 3], [2, 3], [2, 3])
    assert (await run(verify_log)).fault == ""


async def test_chains_that_stay_do_not_keep_others_from_deletion(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_log, "BATCH", 2)
    await happen(7, 4)
    await happen(8, 3)
    age("subject_id = 7", days=400)
    age("subject_id = 8")
    forge(
        "INSERT INTO procrastinate_jobs (queue_name, task_name, args) SELECT 'x', 'x', "
        "jsonb_build_object('event_id', id) FROM events WHERE subject_id = 7 AND sequence = 2"
    )
    await maintenance.remove_old_events()
    assert (await left(7), await left(8)) == ([2, 3, 4], [])
    assert (await run(verify_log)).fault == ""


async def test_an_erasure_stays_proved() -> None:
    boss, ana = await make_admin("boss"), await make_user("ana")
    await run(emit, ana, ProjectUpdated(subject_id=7, subject_name="Ledger"))
    await run(erasure.erase_user, boss, ana.user_id)
    await do_jobs()
    forge("UPDATE events SET at = at - interval '300 days'", "UPDATE event_erasures SET seal = event_hash(events) "
          "FROM events WHERE events.id = event_id")  # fmt: skip
    await maintenance.remove_old_events()
    async with reading() as session:
        kept = set(await session.scalars(text("SELECT type FROM events")))
    assert "user_erased" in kept
    assert "project_updated" not in kept


async def test_a_person_is_erased_after_the_events_about_them_were_deleted() -> None:
    boss, ana = await make_admin("boss"), await make_user("quintessa")
    await run(emit, ana, ProjectUpdated(subject_id=7, subject_name="Ledger"))
    hook = await make_webhook(boss)
    await do_jobs()
    sent = await make_delivery(hook.id)
    forge(f"UPDATE webhook_deliveries SET request_body = 'by quintessa', event_id = (SELECT id FROM events "
          f"WHERE subject_id = 7) WHERE id = {sent}")  # fmt: skip
    age("true")
    await maintenance.remove_old_events()
    await run(erasure.erase_user, boss, ana.user_id)
    await do_jobs()
    async with reading() as session:
        for table in ("events", "event_removals", "webhook_deliveries"):
            named = text(f"SELECT count(*) FROM {table} AS t WHERE CAST(t AS text) ILIKE '%quintessa%'")
            assert await session.scalar(named) == 0, table
    assert (await run(verify_log)).fault == ""


async def test_export_and_replay_go_on_with_what_is_left(removed: None) -> None:
    file = BytesIO()
    async with reading() as session:
        exported, _ = await write_events(session, file, datetime.min.replace(tzinfo=UTC), 0)
        assert await streams.replay(session, datetime(2020, 1, 1, tzinfo=UTC)) == exported
    assert [json.loads(line)["type"] for line in file.getvalue().splitlines()] == [
        "project_updated",
        "project_updated",
        "events_removed",
    ]


ANCHOR = (
    "INSERT INTO event_removals SELECT subject_type, subject_id, sequence, {removal}, sequence, hash FROM events "
    "WHERE subject_id = 7 AND sequence = 3"
)


@pytest.mark.parametrize(
    ("forgery", "said"),
    [
        (["DELETE FROM events WHERE subject_id = 7 AND sequence = 3"], "the event before it is gone"),
        (["DELETE FROM events WHERE subject_id = 7"], "project 7 do not end where they did"),
        (["DELETE FROM event_removals WHERE subject_id = 7"], "the event before it is gone"),
        (["DELETE FROM event_removals WHERE subject_id = 8"], "project 8 do not end where they did"),
        (["DELETE FROM events WHERE type = 'events_removed'"], "do not end where they did"),
        (["UPDATE event_removals SET hash = 'x' WHERE subject_id = 7"], "it does not follow the event before it"),
        (["UPDATE event_removals SET removed = 1 WHERE subject_id = 7"], "is not what an event events_removed says"),
        (["UPDATE events SET data = '{}' WHERE type = 'events_removed'"], "its content is not what was written"),
        # An attacker deletes an event and passes it off as old.
        (
            [ANCHOR.format(removal="gen_random_uuid()"), "DELETE FROM events WHERE subject_id = 7 AND sequence = 3"],
            "is not what an event events_removed says of it",
        ),
        (
            [
                ANCHOR.format(removal="(SELECT removal FROM event_removals LIMIT 1)"),
                "DELETE FROM events WHERE subject_id = 7 AND sequence = 3",
            ],
            "is not what an event events_removed says of it",
        ),
        ([ANCHOR.format(removal="gen_random_uuid()")], "events after it were removed as old, and it was not"),
        (["SELECT remove_events(gen_random_uuid(), now(), 1)"], "is not what an event events_removed says of it"),
    ],
)
async def test_nothing_is_hidden_behind_a_removal(removed: None, forgery: list[str], said: str) -> None:
    forge(*forgery)
    assert said in (await run(verify_log)).fault


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM events WHERE subject_id = 7",
        "TRUNCATE events CASCADE",
        "UPDATE event_removals SET removed = 1",
        "DELETE FROM event_removals",
        "DO $$ BEGIN DELETE FROM events /* remove_events(uuid,timestamp with time zone,integer) */; END $$",
        "DO $$ BEGIN DELETE FROM events /*\nremove_events(uuid,timestamp with time zone,integer)\n*/; END $$",
    ],
)
async def test_only_the_function_removes_events(removed: None, change: str) -> None:
    async def execute(session: AsyncSession) -> None:
        await session.execute(text(change))

    with pytest.raises(DBAPIError, match="append-only"):
        await run(execute)


def test_too_few_days_are_refused() -> None:
    assert Settings(retention_events_days=200).retention_events_days == 200
    with pytest.raises(ValidationError, match="must be 0 or at least 200"):
        Settings(retention_events_days=30)


async def test_a_full_batch_is_followed_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_log, "BATCH", 2)
    await happen(7, 5)
    age("subject_id = 7")
    await maintenance.remove_old_events()
    assert await left(7) == []
    assert (await run(verify_log)).fault == ""

"""Retention deletes what is old, keeps the rest, and logs what it deleted."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import insert, text

from tca_app.consumers import maintenance
from tca_app.core.database.session import reading, transaction
from tca_app.features.retention import service as retention
from tca_app.models import IdempotencyKey, Project, User
from tests.factories import do_jobs, make_project, make_user, run

NOW = datetime.now(UTC)


async def _names(table: str, column: str) -> list[str]:
    async with reading() as session:
        return sorted(await session.scalars(text(f"SELECT {column} FROM {table}")))


async def test_only_what_was_in_the_trash_for_thirty_days_is_gone_for_good() -> None:
    ana = await make_user("ana")
    await make_user("old", deleted_at=NOW - timedelta(days=31))
    await make_user("recent", deleted_at=NOW - timedelta(days=29))
    await make_project(ana, "Old", deleted_at=NOW - timedelta(days=31))
    await make_project(ana, "Recent", deleted_at=NOW - timedelta(days=29))
    await make_project(ana, "Alive")
    await maintenance.purge_trash()
    assert await _names(User.__tablename__, "username") == ["ana", "recent"]
    assert await _names(Project.__tablename__, "name") == ["Alive", "Recent"]
    async with reading() as session:
        told = await session.execute(text("SELECT type, subject_name, actor_type FROM events ORDER BY type"))
        assert [tuple(row) for row in told] == [("project_purged", "Old", "system"), ("user_purged", "Old", "system")]


async def test_who_still_owns_a_project_stays_until_that_is_gone() -> None:
    gone = await make_user("gone", deleted_at=NOW - timedelta(days=40))
    await make_project(gone, "Hers", deleted_at=NOW - timedelta(days=10))
    await maintenance.purge_trash()
    assert await _names("users", "username") == ["gone"]


async def test_rows_that_nobody_reads_any_more_go_in_batches() -> None:
    ana = await make_user("ana")
    rows = [
        {
            "user_id": ana.user_id,
            "key": f"k{n}",
            "fingerprint": b"",
            "answer": "",
            "created_at": NOW - timedelta(hours=h),
        }
        for n, h in enumerate((1, 25, 26, 30))
    ]
    async with transaction() as session:
        await session.execute(insert(IdempotencyKey).values(rows))
    retention_batch, retention.BATCH = retention.BATCH, 2
    try:
        await maintenance.trim_tables()
    finally:
        retention.BATCH = retention_batch
    assert await _names("idempotency_keys", "key") == ["k0"]


async def test_the_effects_behind_the_numbers_are_kept() -> None:
    await make_project(await make_user("ana"), "Billing")
    async with transaction() as session:
        await session.execute(
            text(
                "INSERT INTO event_effects (consumer, event_id, at) SELECT c, 1, now() - interval '31 days' "
                "FROM unnest(ARRAY['analytics', 'streams']) AS c"
            )
        )
    await run(retention.trim)
    assert await _names("event_effects", "consumer") == ["analytics"]
    await do_jobs()

"""Retention deletes what is old, keeps the rest, and logs what it deleted."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import insert, text

from tca_app.config.settings import get_settings
from tca_app.consumers import maintenance
from tca_app.core.database.session import reading, transaction
from tca_app.features.deployments import logs
from tca_app.features.deployments.schemas import LogQuery
from tca_app.features.retention import service as retention
from tca_app.models import IdempotencyKey, Project, User
from tests.factories import bearer, do_jobs, make_deployment, make_project, make_user, run
from tests.features.metrics.test_metrics import counted

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


async def test_the_days_of_the_trash_are_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    await make_user("old", deleted_at=NOW - timedelta(days=400))
    monkeypatch.setattr(get_settings(), "retention_trash_days", 0)
    await maintenance.purge_trash()
    assert await _names("users", "username") == ["old"]
    monkeypatch.setattr(get_settings(), "retention_trash_days", 399)
    await maintenance.purge_trash()
    assert await _names("users", "username") == []


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


DEAD_JOB = """
    WITH job AS (
      INSERT INTO procrastinate_jobs (queue_name, task_name, status, args)
      VALUES ('email_queue', 'send_mail', 'failed', jsonb_build_object('days', CAST(:days AS int))) RETURNING id)
    INSERT INTO job_failures (job_id, attempt, error, at)
    SELECT id, 1, 'no', now() - make_interval(days => :days) FROM job
"""


async def test_days_that_are_set_delete_and_zero_keeps(monkeypatch: pytest.MonkeyPatch) -> None:
    async with transaction() as session:
        for days in (9, 11):
            await session.execute(text(DEAD_JOB), {"days": days})
    await run(retention.trim)
    assert await _names("procrastinate_jobs", "args ->> 'days'") == ["11", "9"]
    monkeypatch.setattr(get_settings(), "retention_dead_jobs_days", 10)
    with counted("tca_retention_deleted_total", table="procrastinate_jobs"):
        await maintenance.trim_tables()
    assert await _names("procrastinate_jobs", "args ->> 'days'") == ["9"]


async def _logged(project_id: int, days: int, status: str = "succeeded") -> int:
    """A deployment that began and, unless it still goes on, ended so many days ago; with two lines."""
    at = NOW - timedelta(days=days)
    ends = {"finished_at": at} if status == "succeeded" else {}
    deployment_id = await make_deployment(project_id, status=status, created_at=at, log_lines=2, **ends)
    async with transaction() as session:
        lines = text(
            "INSERT INTO deployment_logs (deployment_id, seq, line) SELECT :id, n, 'x' FROM (VALUES (1), (2)) v(n)"
        )
        await session.execute(lines, {"id": deployment_id})
    return deployment_id


async def test_old_logs_go_and_what_is_told_of_them_stays_true(
    monkeypatch: pytest.MonkeyPatch, api: httpx.AsyncClient
) -> None:
    ana = await make_user("ana")
    project_id = await make_project(ana, "Billing")
    old, going_on, recent = (
        await _logged(project_id, 40),
        await _logged(project_id, 35, "in_progress"),
        await _logged(project_id, 5),
    )
    monkeypatch.setattr(get_settings(), "retention_deployment_logs_days", 30)
    await run(retention.trim)
    assert await _names("deployment_logs", "DISTINCT CAST(deployment_id AS text)") == sorted(
        map(str, (going_on, recent))
    )
    header = await bearer(ana)
    assert (await api.get(f"/api/v1/deployments/{old}", headers=header)).json()["log_lines"] == 2
    assert (await api.get(f"/api/v1/deployments/{old}/logs", headers=header)).json() == []
    assert len((await api.get(f"/api/v1/deployments/{recent}/logs", headers=header)).json()) == 2


async def test_half_a_log_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    ana = await make_user("ana")
    deployment_id = await _logged(await make_project(ana, "Billing"), 40)
    monkeypatch.setattr(get_settings(), "retention_deployment_logs_days", 30)
    monkeypatch.setattr(retention, "BATCH", 1)
    await run(retention.trim)
    assert await run(logs.count_lines, ana, deployment_id) == (2, True)
    assert await run(logs.read_log, ana, deployment_id, LogQuery()) == []

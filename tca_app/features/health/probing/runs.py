"""A probe run: claims due checks and records the results. The caller provides the clock and the probes."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from sqlalchemy import ARRAY, BigInteger, Boolean, Float, Text, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.config.settings import get_settings
from tca_app.core.events.log import emit
from tca_app.features.health.events import HealthDegraded, HealthRecovered, Subject
from tca_app.features.health.maintenance.periods import IN_MAINTENANCE_AT
from tca_app.features.health.probing.certificates import warn_of_expiry
from tca_app.features.health.probing.check_state import Change, CheckState, lasted, next_state
from tca_app.features.health.probing.probes import DueCheck, ProbeResult
from tca_app.features.health.schemas import State

BATCH = 200

# Claiming a check moves it to its next time, so that two workers never run it in the same minute.
_CLAIM = text(
    """
    UPDATE health_checks SET next_at = :now + make_interval(secs => interval_s)
    WHERE id IN (SELECT id FROM health_checks WHERE retired_at IS NULL AND NOT is_paused AND next_at <= :now
                 ORDER BY next_at, id LIMIT :most FOR NO KEY UPDATE SKIP LOCKED)
    RETURNING id, key, kind, url, expected_status, timeout_s
    """
)
_CURRENT_STATES = text(
    f"""
    SELECT id AS check_id, name, project_id, state, failures, passes, failures_to_open, passes_to_close, severity,
      {IN_MAINTENANCE_AT} AS is_in_maintenance
    FROM health_checks WHERE id = ANY(:ids) AND retired_at IS NULL AND NOT is_paused ORDER BY id FOR NO KEY UPDATE
    """  # noqa: S608  constant SQL
).bindparams(bindparam("ids", type_=ARRAY(BigInteger)))
# The aggregates count only newly inserted samples, so recording a run twice changes nothing.
_STORE = text(
    """
    WITH kept AS (
      INSERT INTO health_samples (check_id, at, ok, latency_ms, detail)
      SELECT given.check_id, :at, given.ok, given.latency_ms, given.detail
      FROM unnest(CAST(:ids AS bigint[]), CAST(:oks AS boolean[]), CAST(:latencies AS float8[]),
                  CAST(:details AS text[])) AS given (check_id, ok, latency_ms, detail)
      ON CONFLICT DO NOTHING
      RETURNING check_id, at, ok, latency_ms
    )
    INSERT INTO health_rolls AS roll
      (check_id, seconds, starts_at, count, passed, latency_sum_ms, latency_max_ms)
    SELECT check_id, seconds, date_bin(make_interval(secs => seconds), at, '2000-01-01T00:00:00Z'), 1,
      CAST(ok AS int), latency_ms, latency_ms
    FROM kept CROSS JOIN unnest(ARRAY[300, 3600, 86400]) AS seconds
    ORDER BY 1, 2
    ON CONFLICT (check_id, seconds, starts_at) DO UPDATE
    SET count = roll.count + 1, passed = roll.passed + excluded.passed,
      latency_sum_ms = roll.latency_sum_ms + excluded.latency_sum_ms,
      latency_max_ms = greatest(roll.latency_max_ms, excluded.latency_max_ms)
    """
).bindparams(
    bindparam("ids", type_=ARRAY(BigInteger)),
    bindparam("oks", type_=ARRAY(Boolean)),
    bindparam("latencies", type_=ARRAY(Float)),
    bindparam("details", type_=ARRAY(Text)),
)
_SETTLE = text(
    """
    UPDATE health_checks SET failures = :failures, passes = :passes,
      since = CASE WHEN state = :state THEN since ELSE :at END, state = :state, last_at = :at, last_ok = :ok,
      last_latency_ms = :latency_ms, last_detail = :detail,
      certificate_until = coalesce(:certificate_until, certificate_until)
    WHERE id = :check_id
    """
)
_OPEN = text(
    "INSERT INTO incidents (check_id, opened_at, reason, severity) VALUES (:check_id, :at, :reason, :severity) "
    "ON CONFLICT (check_id) WHERE closed_at IS NULL DO NOTHING RETURNING id"
)
_CLOSE = text(
    "UPDATE incidents SET closed_at = greatest(opened_at, :at) WHERE check_id = :check_id AND closed_at IS NULL "
    "RETURNING id, closed_at - opened_at AS span"
)


class _CheckedRow(Subject, Protocol):
    """A row of `_CURRENT_STATES`."""

    state: State
    failures: int
    passes: int
    failures_to_open: int
    passes_to_close: int
    severity: str
    is_in_maintenance: bool


def minute_of(now: datetime) -> datetime:
    """Returns the minute of a run, so that a run that starts a moment early still finds its checks due."""
    return now.astimezone(UTC).replace(second=0, microsecond=0)


async def claim_due(session: AsyncSession, now: datetime) -> Sequence[DueCheck]:
    """Claims up to `BATCH` due checks that no other worker has claimed."""
    return (await session.execute(_CLAIM, {"now": now, "most": BATCH})).all()


async def store_results(session: AsyncSession, at: datetime, found: Sequence[ProbeResult]) -> None:
    """Records the results of a run, opens and closes incidents, and emits the changes.

    During maintenance the last result of a check is recorded, and neither counts in a figure nor changes its state.
    """
    by_id = {one.check_id: one for one in found}
    rows = (await session.execute(_CURRENT_STATES, {"ids": list(by_id), "at": at})).all()
    if not rows:
        return
    counted = (by_id[row.check_id] for row in rows if not row.is_in_maintenance)
    kept = [result for result in counted if result.ok is not None]
    await session.execute(_STORE, {"at": at} | _columns(kept))
    for row in rows:
        await _settle(session, at, row, by_id[row.check_id])


def _columns(kept: list[ProbeResult]) -> dict[str, Any]:
    return {
        "ids": [one.check_id for one in kept],
        "oks": [one.ok for one in kept],
        "latencies": [one.latency_ms for one in kept],
        "details": [one.detail for one in kept],
    }


async def _settle(session: AsyncSession, at: datetime, row: _CheckedRow, found: ProbeResult) -> None:
    standing, change = _next(row, found.ok)
    values: dict[str, Any] = {
        "state": standing.state,
        "failures": standing.failures,
        "passes": standing.passes,
        "at": at,
    }
    latency = None if found.ok is None else found.latency_ms
    values |= {"check_id": row.check_id, "ok": found.ok, "latency_ms": latency, "detail": found.detail}
    await session.execute(_SETTLE, values | {"certificate_until": found.certificate_until})
    if found.certificate_until and not row.is_in_maintenance:
        await warn_of_expiry(session, at, row, found.certificate_until)
    if change == "opened":
        opening = {"check_id": row.check_id, "at": at, "reason": found.detail, "severity": row.severity}
        incident_id = (await session.execute(_OPEN, opening)).scalar()
        if incident_id is not None:
            await emit(session, None, HealthDegraded.of(row, incident_id=incident_id, reason=found.detail))
    elif change == "closed":
        closed = (await session.execute(_CLOSE, {"check_id": row.check_id, "at": at})).first()
        if closed is not None:
            event = HealthRecovered.of(row, incident_id=closed.id, lasted=lasted(closed.span))
            await emit(session, None, event)


def _next(row: _CheckedRow, ok: bool | None) -> tuple[CheckState, Change | None]:
    if row.is_in_maintenance and ok is not None:
        return CheckState(row.state), None
    opens_after = row.failures_to_open or get_settings().health_failures_to_open
    closes_after = row.passes_to_close or get_settings().health_passes_to_close
    return next_state(CheckState(row.state, row.failures, row.passes), ok, opens_after, closes_after)

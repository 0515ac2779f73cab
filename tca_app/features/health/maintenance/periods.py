"""Which components are in maintenance now, and for how long they were, for checks, probe runs and figures."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import ARRAY, BigInteger, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

_WINDOWS = "maintenance_checks JOIN maintenance_windows ON maintenance_windows.id = window_id"
IN_MAINTENANCE_AT = f"""(health_checks.id IN (SELECT check_id FROM {_WINDOWS}
      WHERE cancelled_at IS NULL AND starts_at <= :at AND ends_at > :at))"""  # noqa: S608  constant SQL
"""Whether a check was in maintenance at the time `at`."""
ON_NOW = f"""on_now AS MATERIALIZED (
      SELECT check_id, max(ends_at) AS until FROM {_WINDOWS}
      WHERE cancelled_at IS NULL AND starts_at <= now() AND ends_at > now() GROUP BY check_id)"""  # noqa: S608
"""The checks in maintenance, for the WITH of a statement that has `MAINTENANCE_UNTIL` or `IS_IDLE`."""
MAINTENANCE_UNTIL = "(SELECT until FROM on_now WHERE on_now.check_id = checks.id) AS maintenance_until"
IS_IDLE = "(checks.id IN (SELECT check_id FROM on_now))"
_PERIODS = text(
    f"""
    SELECT check_id, greatest(starts_at, :since) AS starts_at, least(ends_at, :now) AS ends_at FROM {_WINDOWS}
    WHERE check_id = ANY(:ids) AND cancelled_at IS NULL AND starts_at < :now AND ends_at > :since
    ORDER BY check_id, starts_at
    """  # noqa: S608
).bindparams(bindparam("ids", type_=ARRAY(BigInteger)))


async def maintenance_of(session: AsyncSession, check_ids: Sequence[int], since: datetime) -> dict[int, timedelta]:
    """Returns how long each check was in maintenance since then. The caller has checked the permission."""
    values = {"ids": list(check_ids), "since": since, "now": datetime.now(UTC)}
    totals = dict.fromkeys(check_ids, timedelta())
    until: dict[int, datetime] = {}
    for row in await session.execute(_PERIODS, values):
        start = max(row.starts_at, until.get(row.check_id, row.starts_at))  # windows may overlap
        if row.ends_at > start:
            totals[row.check_id] += row.ends_at - start
            until[row.check_id] = row.ends_at
    return totals

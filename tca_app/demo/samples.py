"""Demo health samples and aggregates, generated in the database, because there are several hundred thousand.

They match retention: samples of 48 hours, five-minute aggregates of 30 days, hours and days without limit. Each longer
aggregate is the sum of the shorter ones, where those exist.
"""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import ARRAY, BigInteger, DateTime, Float, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.demo.health import MonitoredChecks

MISSED_EVERY = timedelta(days=30)  # a single probe that fails, which opens nothing

_TABLES = (
    "CREATE TEMP TABLE demo_watched (check_id bigint, since timestamptz, until timestamptz, latency float8) "
    "ON COMMIT DROP",
    "CREATE TEMP TABLE demo_missed (check_id bigint, at timestamptz, PRIMARY KEY (check_id, at)) ON COMMIT DROP",
)
# Existing aggregates stay, and the generated data ends before them.
_WATCHED = text(
    """
    INSERT INTO demo_watched
    SELECT check_id, given.since, least(CAST(:now AS timestamptz), (
        SELECT min(starts_at) FROM health_rolls AS roll WHERE roll.check_id = given.check_id AND seconds = 3600
      )), latency
    FROM unnest(CAST(:ids AS bigint[]), CAST(:since AS timestamptz[]), CAST(:latencies AS float8[]))
      AS given (check_id, since, latency)
    """
).bindparams(
    bindparam("ids", type_=ARRAY(BigInteger)),
    bindparam("since", type_=ARRAY(DateTime(timezone=True))),
    bindparam("latencies", type_=ARRAY(Float)),
)
_MISSED = text(
    "INSERT INTO demo_missed SELECT * FROM unnest(CAST(:ids AS bigint[]), CAST(:times AS timestamptz[])) "
    "ON CONFLICT DO NOTHING"
).bindparams(bindparam("ids", type_=ARRAY(BigInteger)), bindparam("times", type_=ARRAY(DateTime(timezone=True))))
# Latency is higher by day than by night, with random variation.
_LATENCY = "round(CAST(latency * (0.8 + 0.4 * random() - 0.2 * cos(pi() * extract(hour FROM at) / 12)) AS numeric), 2)"
_SAMPLES = text(
    f"""
    INSERT INTO health_samples (check_id, at, ok, latency_ms)
    SELECT check_id, at, missed.check_id IS NULL, {_LATENCY}
    FROM demo_watched CROSS JOIN LATERAL generate_series(
      greatest(since, CAST(:start AS timestamptz)), until - interval '1 min', interval '1 min') AS step (at)
    LEFT JOIN demo_missed AS missed USING (check_id, at)
    """  # noqa: S608
)
_COLUMNS = "(check_id, seconds, starts_at, count, passed, latency_sum_ms, latency_max_ms)"
_MADE = text(
    f"""
    WITH missed AS (
      SELECT check_id, date_bin(make_interval(secs => :seconds), at, '2000-01-01T00:00:00Z') AS at, count(*) AS probes
      FROM demo_missed GROUP BY 1, 2
    )
    INSERT INTO health_rolls {_COLUMNS}
    SELECT check_id, :seconds, at, :probes, :probes - coalesce(probes, 0), :probes * {_LATENCY},
      latency * (1.3 + random())
    FROM demo_watched CROSS JOIN LATERAL generate_series(
      greatest(since, CAST(:start AS timestamptz)), least(until, CAST(:stop AS timestamptz)) - interval '1 s',
      make_interval(secs => :seconds)) AS step (at)
    LEFT JOIN missed USING (check_id, at)
    """  # noqa: S608
)
_FROM_SAMPLES = text(
    f"""
    INSERT INTO health_rolls {_COLUMNS}
    SELECT check_id, 300, date_bin('5 min', at, '2000-01-01T00:00:00Z'), count(*), count(*) FILTER (WHERE ok),
      sum(latency_ms), max(latency_ms)
    FROM health_samples JOIN demo_watched USING (check_id) WHERE at < until GROUP BY 1, 3
    """  # noqa: S608
)
# The day of the first start has a real aggregate already, which is added to.
_ADDED_UP = text(
    f"""
    INSERT INTO health_rolls AS roll {_COLUMNS}
    SELECT check_id, :longer, date_bin(make_interval(secs => :longer), starts_at, '2000-01-01T00:00:00Z'), sum(count),
      sum(passed), sum(latency_sum_ms), max(latency_max_ms)
    FROM health_rolls JOIN demo_watched USING (check_id)
    WHERE seconds = :shorter AND starts_at >= CAST(:start AS timestamptz) AND starts_at < until
    GROUP BY 1, 3 ORDER BY 1, 3
    ON CONFLICT (check_id, seconds, starts_at) DO UPDATE
    SET count = roll.count + excluded.count, passed = roll.passed + excluded.passed,
      latency_sum_ms = roll.latency_sum_ms + excluded.latency_sum_ms,
      latency_max_ms = greatest(roll.latency_max_ms, excluded.latency_max_ms)
    """  # noqa: S608
)


async def remember(session: AsyncSession, now: datetime, watched: MonitoredChecks) -> None:
    """Write the history of the checks. It runs last, because real probes may wait for today's aggregates."""
    now = now.replace(second=0, microsecond=0)
    hour = now.replace(minute=0)
    of_samples, of_minutes = hour - timedelta(hours=47), hour - timedelta(days=30) + timedelta(hours=1)
    for statement in (*_TABLES, "SELECT setseed(0.24)"):
        await session.execute(text(statement))
    checks = watched.checks
    columns = {"ids": "id", "since": "since", "latencies": "latency"}
    given = {name: [check[key] for check in checks] for name, key in columns.items()}
    await session.execute(_WATCHED, given | {"now": now})
    missed = list(_missed(random.Random(25), now, watched))  # noqa: S311
    await session.execute(_MISSED, {"ids": [one[0] for one in missed], "times": [one[1] for one in missed]})
    await session.execute(_SAMPLES, {"start": of_samples})
    await session.execute(_MADE, {"seconds": 300, "probes": 5, "start": of_minutes, "stop": of_samples})
    await session.execute(_FROM_SAMPLES)
    first = min(check["since"] for check in checks)
    await session.execute(_MADE, {"seconds": 3600, "probes": 60, "start": first, "stop": of_minutes})
    await session.execute(_ADDED_UP, {"shorter": 300, "longer": 3600, "start": of_minutes})
    await session.execute(_ADDED_UP, {"shorter": 3600, "longer": 86400, "start": first})
    await session.execute(text("ANALYZE health_samples, health_rolls"))  # else the first pages are slow


def _missed(rng: random.Random, now: datetime, watched: MonitoredChecks) -> Iterator[tuple[int, datetime]]:
    """Check and minute of each probe that failed. An incident opens with the third and closes with the second pass."""
    for one in watched.incidents:
        at = one["opened_at"] - timedelta(minutes=2)
        while at < one["closed_at"] - timedelta(minutes=1):
            yield one["check"]["id"], at
            at += timedelta(minutes=1)
    for check in watched.checks:
        at = check["since"]
        while (at := at + MISSED_EVERY * rng.random() * 2) < now:
            yield check["id"], at.replace(second=0, microsecond=0)

"""Checks and their history, limited to what the actor may see, read from the aggregates and never from samples.

The score is the weighted average of each check's share of passed probes. Checks without a probe do not count.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Row, TextClause, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.errors import NotFound
from tca_app.core.language.messages import N_
from tca_app.core.periods import DayRange
from tca_app.features.health import policy
from tca_app.features.health.maintenance.periods import MAINTENANCE_UNTIL, ON_NOW, maintenance_of
from tca_app.features.health.probing.check_state import GRACE
from tca_app.features.health.schemas import CheckRead, HistoryRead, Point, ScorePoint, ScoreTrend, Window

FIVE_MINUTES, HOUR, DAY = 300, 3_600, 86_400
# The windows of the history: their length, and the length of a step.
WINDOWS: dict[Window, tuple[timedelta, int]] = {
    "24h": (timedelta(hours=24), FIVE_MINUTES),
    "90d": (timedelta(days=90), DAY),
}
FORMULA = N_(
    "Score = Σ (weight × share of passed checks) ÷ Σ weight, over all components that were checked. "
    "Maintenance is left out."
)


# The trash and the actor's memberships are small sets: they are read once, not looked up for each check.
def visible(project: str) -> str:
    """Returns whether `actor_id` may see what belongs to this project in SQL, or to the console when it is null."""
    return f"""
    ({project} IS NULL OR {project} NOT IN (SELECT id FROM projects WHERE deleted_at IS NOT NULL)
      AND (:sees_all OR {project} IN (SELECT project_id FROM project_members WHERE user_id = :actor_id)))
    """  # noqa: S608  constant SQL


def role_in(project: str) -> str:
    """Returns the role of `actor_id`, by the key of the membership. Select it for the rows of a page only."""
    return f"""(SELECT me.role FROM project_members AS me
    WHERE me.project_id = {project} AND me.user_id = :actor_id) AS role"""  # noqa: S608


VISIBLE = visible("checks.project_id")
SEEN = f"FROM health_checks AS checks WHERE {VISIBLE}"
ROLE = role_in("checks.project_id")
RECENT = f"""
    (checks.last_at > CAST(:now AS timestamptz) - make_interval(secs => checks.interval_s + {GRACE.seconds}))
"""
"""Whether the last result is still current at `now`, or null when there is none."""
IN_USE = "(checks.last_at IS NULL OR checks.last_ok IS NOT NULL)"
"""Whether there is something to check: the last probe of a component that the settings leave out has no result."""
_OWN = [name for name in CheckRead.model_fields if name not in ("may_manage", "project_slug", "maintenance_until")]
_SLUG = "(SELECT slug FROM projects WHERE projects.id = checks.project_id) AS project_slug"
COLUMNS = ", ".join(f"checks.{name}" for name in _OWN) + f", {_SLUG}, {MAINTENANCE_UNTIL}, {ROLE}"
_LISTED = f"WITH {ON_NOW} SELECT {COLUMNS}"
_ONE = text(f"{_LISTED} {SEEN} AND checks.retired_at IS NULL AND checks.id = :check_id")
_CHOSEN = text(f"{_LISTED} FROM health_checks AS checks WHERE checks.id = ANY(:ids)").bindparams(
    bindparam("ids", type_=ARRAY(BigInteger))
)
_POINTS = text(
    """
    SELECT check_id, starts_at, count, passed, latency_sum_ms / count AS latency_avg_ms, latency_max_ms
    FROM health_rolls WHERE check_id = ANY(:ids) AND seconds = :seconds AND starts_at > :since
      AND (CAST(:until AS timestamptz) IS NULL OR starts_at < :until)
    ORDER BY 1, 2
    """
).bindparams(bindparam("ids", type_=ARRAY(BigInteger)))
_SHARES = f"""
    SELECT checks.id, checks.weight, roll.starts_at, roll.count, roll.passed
    FROM health_checks AS checks JOIN health_rolls AS roll ON roll.check_id = checks.id
    WHERE {VISIBLE} AND roll.seconds = :seconds AND roll.starts_at >= :since
"""  # noqa: S608  constant SQL
_SCORE = text(
    f"""
    WITH rolls AS ({_SHARES}), shares AS (
      SELECT weight, CAST(sum(passed) AS float8) / sum(count) AS share FROM rolls GROUP BY id, weight
    )
    SELECT 100 * sum(weight * share) / nullif(sum(weight), 0) FROM shares
    """  # noqa: S608
)
# One row for each day, and one row without a day for each of the two periods.
_TREND = text(
    f"""
    WITH found AS ({_SHARES} AND roll.starts_at < :until),
    rolls AS (SELECT *, starts_at >= :middle AS is_now FROM found), shares AS (
      SELECT is_now, starts_at, weight, CAST(sum(passed) AS float8) / sum(count) AS share
      FROM rolls GROUP BY GROUPING SETS ((id, weight, is_now, starts_at), (id, weight, is_now))
    )
    SELECT is_now, CAST(starts_at AT TIME ZONE 'UTC' AS date) AS day,
      100 * sum(weight * share) / nullif(sum(weight), 0) AS score
    FROM shares GROUP BY is_now, starts_at
    """  # noqa: S608
)


def viewer(actor: Actor) -> dict[str, Any]:
    """Returns the parameters of `SEEN`."""
    return {"actor_id": actor.user_id, "sees_all": actor.is_superuser}


def visible_to(actor: Actor, project: str) -> TextClause:
    """Returns `visible` with its parameters, as a condition of a select."""
    return text(visible(project)).bindparams(**viewer(actor))


async def read_chosen(session: AsyncSession, actor: Actor, ids: list[int]) -> list[CheckRead]:
    """Returns these checks in this order. The caller has chosen them among those that the actor may see."""
    rows = {row.id: row for row in await session.execute(_CHOSEN, viewer(actor) | {"ids": ids})}
    return [check_read(actor, rows[number]) for number in ids if number in rows]


def check_read(actor: Actor, row: Row[*tuple[Any, ...]]) -> CheckRead:
    """Returns the schema of a row with the columns of a check and `role`, the actor's role in its project."""
    may_manage = policy.may_manage(actor, row.project_id, row.role)
    return CheckRead.model_validate({**row._mapping, "may_manage": may_manage})


async def get_check(session: AsyncSession, actor: Actor, check_id: int) -> CheckRead:
    """Returns one check. Raises NotFound, for non-members too."""
    policy.require_list(actor)
    row = (await session.execute(_ONE, viewer(actor) | {"check_id": check_id})).first()
    if row is None:
        raise NotFound
    return check_read(actor, row)


async def read_history(session: AsyncSession, actor: Actor, check_id: int, window: Window) -> HistoryRead:
    """Returns the history of one check. Raises NotFound, for non-members too."""
    await get_check(session, actor, check_id)
    span, seconds = WINDOWS[window]
    since = datetime.now(UTC) - span
    points = await points_of(session, [check_id], seconds, since)
    maintenance = (await maintenance_of(session, [check_id], since))[check_id]
    return HistoryRead(
        check_id=check_id,
        window=window,
        step_seconds=seconds,
        maintenance_s=int(maintenance.total_seconds()),
        points=points[check_id],
    )


async def points_of(
    session: AsyncSession, check_ids: Sequence[int], seconds: int, since: datetime, until: datetime | None = None
) -> dict[int, list[Point]]:
    """Returns the aggregates of these checks after `since`, up to `until`. The caller has checked the permission."""
    values = {"ids": list(check_ids), "seconds": seconds, "since": since, "until": until}
    found: dict[int, list[Point]] = defaultdict(list)
    for row in await session.execute(_POINTS, values):
        found[row.check_id].append(Point.model_validate(row))
    return found


async def score(session: AsyncSession, actor: Actor, span: timedelta, seconds: int = HOUR) -> float | None:
    """Returns the score of the last `span`, 0 to 100, or None when nothing was probed."""
    policy.require_list(actor)
    since = datetime.now(UTC) - span
    found: float | None = (
        await session.execute(_SCORE, viewer(actor) | {"seconds": seconds, "since": since})
    ).scalar_one()
    return found


async def score_trend(session: AsyncSession, actor: Actor, days: DayRange) -> ScoreTrend:
    """Returns the score of these days (UTC) and of as many before them, in one statement.

    `now` and `before` are 0 to 100 or None. `points` has one value for each day, oldest first.
    """
    policy.require_list(actor)
    since, middle, until = (
        datetime.combine(day, time.min, UTC) for day in (days.before.since, days.since, days.until + timedelta(days=1))
    )
    values = viewer(actor) | {"seconds": DAY, "since": since, "middle": middle, "until": until}
    rows = (await session.execute(_TREND, values)).all()
    periods = {row.is_now: row.score for row in rows if row.day is None}
    by_day = {row.day: row.score for row in rows}
    points = [ScorePoint(day=day, score=by_day.get(day)) for day in days]
    return ScoreTrend(days=len(days), now=periods.get(True), before=periods.get(False), points=points)

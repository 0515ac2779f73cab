"""Computes the numbers of the dashboard in six statements, however many rows there are."""

from datetime import UTC, date, timedelta
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.cache.shared import SharedCache, cached
from tca_app.core.periods import DayRange, days_in
from tca_app.features.dashboard.queries import ENDED, Changes, busiest, changes_by_day, new_project, there_now
from tca_app.features.dashboard.schemas import Counts, DayCount, DayResults, NewUser, Rate, StatsQuery, StatsRead, Trend
from tca_app.features.deployments.dora_metrics import delivery_measures
from tca_app.features.deployments.queries import open_deployments
from tca_app.features.deployments.schemas import MeasuresQuery
from tca_app.features.health.summary import kept_score
from tca_app.features.users import policy

MAX_OPEN = 6

# The numbers depend on the viewer; all superusers see the same. The TTL is short because the period moves on.
_kept = SharedCache("stats", depends_on=("user", "project", "stat", "deployment"), ttl_s=30)


async def stats(session: AsyncSession, actor: Actor, query: StatsQuery) -> StatsRead:
    """Returns the counts of the last days that the viewer may see."""
    return await stats_of_days(session, actor, DayRange.last(days_in(query.days)))


async def stats_of_days(session: AsyncSession, actor: Actor, days: DayRange) -> StatsRead:
    """Returns the counts that the viewer may see, each with its value before; "as of" is when they were computed.

    The score is not cached here: it changes with every probe, and reading it is cheap.
    """

    async def count() -> dict[str, Any]:
        return (await _count(session, actor, days)).model_dump(mode="json")

    key = "superusers" if actor.is_superuser else f"user:{actor.user_id}"
    found = await cached(session, _kept, f"{key}:{days.since}:{days.until}", count)
    return StatsRead.model_validate(found | {"health": await kept_score(session, actor, days)})


async def _count(session: AsyncSession, actor: Actor, days: DayRange) -> Counts:
    sees_people = policy.may(actor, "users.list")
    now = (await session.execute(there_now(actor.is_superuser, sees_people), {"actor_id": actor.user_id})).one()
    today = now.as_of.astimezone(UTC).date()
    changes = await changes_by_day(session, actor, days.before.since - timedelta(days=1))
    earlier, these = ([_results(changes, day) for day in part] for part in (days.before, days))
    projects = _back_from(now.projects, changes["projects_active"], today, days)
    seen = Counts(
        days=len(days),
        total_users=None,
        active_projects=Trend.of(projects[-1].total, projects[0].total),
        deployments=Trend.of(sum(day.ended for day in these), sum(day.ended for day in earlier)),
        success_rate=Rate(now=_success_rate(these), before=_success_rate(earlier)),
        users_by_day=[],
        projects_by_day=projects[1:],
        deployments_by_day=these,
        has_deployments=now.has_deployments,
        deploying=await open_deployments(session, actor, MAX_OPEN),
        busiest_projects=await busiest(session, actor, days),
        measures=await delivery_measures(session, actor, MeasuresQuery(), days),
        newest_users=[],
        newest_projects=[new_project(row) for row in now.newest_projects],
        as_of=now.as_of,
    )
    if not sees_people:
        return seen
    return _with_people(seen, now, _back_from(now.users, changes["users_total"], today, days))


def _with_people(seen: Counts, now: Row[*tuple[Any, ...]], people: list[DayCount]) -> Counts:
    return seen.model_copy(
        update={
            "total_users": Trend.of(people[-1].total, people[0].total),
            "users_by_day": people[1:],
            "newest_users": [NewUser.model_validate(row) for row in now.newest_users],
        }
    )


def _back_from(total: int, changed: dict[date, int], today: date, days: DayRange) -> list[DayCount]:
    """Returns the count at the end of each of these days and of the day before them, oldest first.

    It starts at the current count and subtracts the change of each day.
    """
    counts, day = [], max(today, days.until)
    while day >= days.since - timedelta(days=1):
        counts.append(DayCount(day=day, total=total))
        total -= changed[day]
        day -= timedelta(days=1)
    return [count for count in reversed(counts) if count.day <= days.until]


def _results(changes: Changes, day: date) -> DayResults:
    return DayResults(day=day, **{result: changes[f"deployments_{result}"][day] for result in ENDED})


def _success_rate(days: list[DayResults]) -> float | None:
    """Returns the success rate of the deployments that succeeded or failed. Cancelled ones do not count."""
    succeeded, failed = sum(day.succeeded for day in days), sum(day.failed for day in days)
    return succeeded / (succeeded + failed) if succeeded + failed else None

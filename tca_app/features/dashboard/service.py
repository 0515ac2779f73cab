"""The numbers of the dashboard, from what is there: eight statements, however many rows there are."""

from datetime import UTC, date, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.cache import Cache, cached
from tca_app.core.lists import shapes
from tca_app.features.dashboard.queries import (
    ENDED,
    NEWEST_USERS,
    TOTAL_USERS,
    Changes,
    active_projects,
    busiest,
    changes_by_day,
    new_project,
    newest_projects,
)
from tca_app.features.dashboard.schemas import DayCount, DayResults, NewUser, Rate, StatsQuery, StatsRead, Trend
from tca_app.features.deployments.measures import delivery_measures
from tca_app.features.deployments.queries import open_deployments
from tca_app.features.deployments.schemas import MeasuresQuery
from tca_app.features.users import policy

MOST_OPEN = 6

# What a viewer sees depends on who they are; all superusers see the same. The days move on, so not for long.
_kept = Cache("stats", made_of=("user", "project", "stat", "deployment"), ttl_s=30)


async def stats(session: AsyncSession, actor: Actor, query: StatsQuery) -> StatsRead:
    """The counts that this viewer may see, each with its value a period ago; "as of" says when they were counted."""

    async def count() -> dict[str, Any]:
        return (await _count(session, actor, query)).model_dump(mode="json")

    key = "superusers" if actor.is_superuser else f"user:{actor.user_id}"
    return StatsRead.model_validate(await cached(session, _kept, f"{key}:{query.days}", count))


async def _count(session: AsyncSession, actor: Actor, query: StatsQuery) -> StatsRead:
    values = {"actor_id": actor.user_id}
    period = timedelta(days=int(query.days))
    active = active_projects(actor.is_superuser)
    as_of, now, before = (await session.execute(active, values | {"ago": period})).one()
    today = as_of.astimezone(UTC).date()
    changes = await changes_by_day(session, actor, today - 2 * period)
    by_day = [_results(changes, today - timedelta(days=back)) for back in range(2 * period.days - 1, -1, -1)]
    earlier, these = by_day[: period.days], by_day[period.days :]
    found = (await session.execute(newest_projects(actor.is_superuser), values)).all()
    seen = StatsRead(
        days=period.days,
        total_users=None,
        active_projects=Trend.of(now, before),
        deployments=Trend.of(sum(day.ended for day in these), sum(day.ended for day in earlier)),
        success_rate=Rate(now=_success_rate(these), before=_success_rate(earlier)),
        users_by_day=[],
        projects_by_day=[],
        deployments_by_day=these,
        deploying=await open_deployments(session, actor, MOST_OPEN),
        busiest_projects=await busiest(session, actor, today - period),
        measures=await delivery_measures(session, actor, MeasuresQuery(days=query.days)),
        newest_users=[],
        newest_projects=[new_project(row) for row in found],
        as_of=as_of,
    )
    return await _with_all(session, seen, changes, today) if policy.may(actor, "users.list") else seen


async def _with_all(session: AsyncSession, seen: StatsRead, changes: Changes, today: date) -> StatsRead:
    """What only those see who see everything. The past is what is there now without what each day since has changed."""
    total: int = (await session.execute(TOTAL_USERS)).scalar_one()
    people = _back_from(total, changes["users_total"], today, seen.days)
    projects = _back_from(seen.active_projects.now, changes["projects_active"], today, seen.days)
    newest = (await session.execute(NEWEST_USERS)).all()
    return seen.model_copy(
        update={
            "total_users": Trend.of(total, people[0].total),
            "active_projects": Trend.of(seen.active_projects.now, projects[0].total),
            "users_by_day": people[1:],
            "projects_by_day": projects[1:],
            "newest_users": shapes(NewUser, newest),
        }
    )


def _back_from(total: int, changed: dict[date, int], today: date, days: int) -> list[DayCount]:
    """How many there were at the end of each of the last days, and of the one before them; the oldest first."""
    counts = []
    for back in range(days + 1):
        day = today - timedelta(days=back)
        counts.append(DayCount(day=day, total=total))
        total -= changed[day]
    return counts[::-1]


def _results(changes: Changes, day: date) -> DayResults:
    return DayResults(day=day, **{result: changes[f"deployments_{result}"][day] for result in ENDED})


def _success_rate(days: list[DayResults]) -> float | None:
    """Of those that ran to their end: what was cancelled says nothing about the change."""
    succeeded, failed = sum(day.succeeded for day in days), sum(day.failed for day in days)
    return succeeded / (succeeded + failed) if succeeded + failed else None

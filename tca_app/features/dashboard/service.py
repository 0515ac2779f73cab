"""The numbers of the dashboard, from the rows that are there: six statements, however many rows there are."""

from datetime import UTC, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, and_, bindparam, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.cache import Cache, cached
from tca_app.core.lists import shapes
from tca_app.features.dashboard.schemas import DayCount, NewProject, NewUser, StatsRead, Trend
from tca_app.features.projects.queries import visible
from tca_app.features.users import policy
from tca_app.features.users.schemas import PersonRead
from tca_app.models import DailyMetric, Project, User

DAYS = 30
NEWEST = 5
_users = User.__table__.c
_projects = Project.__table__.c


# What a viewer sees depends on who they are; all superusers see the same. The 30 days move on, so not for long.
_kept = Cache("stats", made_of=("user", "project", "stat"), ttl_s=30)


async def stats(session: AsyncSession, actor: Actor) -> StatsRead:
    """The counts that this viewer may see, each with its value 30 days ago; "as of" says when they were counted."""

    async def count() -> dict[str, Any]:
        return (await _count(session, actor)).model_dump(mode="json")

    key = "superusers" if actor.is_superuser else f"user:{actor.user_id}"
    return StatsRead.model_validate(await cached(session, _kept, key, count))


async def _count(session: AsyncSession, actor: Actor) -> StatsRead:
    values = {"actor_id": actor.user_id}
    as_of, active, before = (await session.execute(_active_projects(actor.is_superuser), values)).one()
    newest_projects = (await session.execute(_newest_projects(actor.is_superuser), values)).all()
    seen = StatsRead(
        total_users=None,
        active_projects=Trend.of(active, before),
        users_by_day=[],
        newest_users=[],
        newest_projects=[_new_project(row) for row in newest_projects],
        as_of=as_of,
    )
    return await _with_all(session, seen, active) if policy.may(actor, "users.list") else seen


async def _with_all(session: AsyncSession, seen: StatsRead, active: int) -> StatsRead:
    """What only those see who see everything. The past is what is there now without what each day since has changed
    (`daily_metrics`, kept by the events), so it needs no rows of people or projects."""
    today = seen.as_of.astimezone(UTC).date()
    rows = (await session.execute(_CHANGES, {"after": today - timedelta(days=DAYS)})).all()
    people = {row.day: row.value for row in rows if row.name == "users_total"}
    projects = sum(row.value for row in rows if row.name == "projects_active")
    total: int = (await session.execute(_TOTAL)).scalar_one()
    days = [today - timedelta(days=back) for back in range(DAYS, -1, -1)]
    by_day = [DayCount(day=day, total=total - sum(n for on, n in people.items() if on > day)) for day in days]
    newest = (await session.execute(_NEWEST_USERS)).all()
    return seen.model_copy(
        update={
            "total_users": Trend.of(total, by_day[0].total),
            "active_projects": Trend.of(active, active - projects),
            "users_by_day": by_day[1:],
            "newest_users": shapes(NewUser, newest),
        }
    )


_metrics = DailyMetric.__table__.c
_CHANGES = select(_metrics.day, _metrics.name, _metrics.value).where(
    _metrics.name.in_(("users_total", "projects_active")), _metrics.day > bindparam("after")
)


@lru_cache(maxsize=2)
def _active_projects(all_projects: bool) -> Select[Any]:
    """The time, the count now and 30 days ago.

    For a member a project counts for the past by the status that it has today: the rows do not say when it changed.
    """
    live = _projects.deleted_at.is_(None)
    since = func.now() - literal(timedelta(days=DAYS))
    was_there = and_(_projects.created_at <= since, or_(live, _projects.deleted_at > since))
    counts = select(func.now(), func.count().filter(live), func.count().filter(was_there))
    return counts.where(_projects.status == "active", visible(all_projects))


_TOTAL = select(func.count()).where(_users.deleted_at.is_(None))
_NEWEST_USERS = (
    select(_users.id, _users.username, _users.full_name, _users.created_at)
    .where(_users.deleted_at.is_(None))
    .order_by(_users.created_at.desc(), _users.id.desc())
    .limit(NEWEST)
)


@lru_cache(maxsize=2)
def _newest_projects(all_projects: bool) -> Select[Any]:
    own = (_projects.id, _projects.name, _projects.slug, _projects.status, _projects.created_at)
    return (
        select(*own, _projects.owner_id, _users.username, _users.full_name)
        .select_from(Project.__table__.join(User.__table__, _users.id == _projects.owner_id))
        .where(_projects.deleted_at.is_(None), visible(all_projects))
        .order_by(_projects.created_at.desc(), _projects.id.desc())
        .limit(NEWEST)
    )


def _new_project(row: Any) -> NewProject:
    owner = PersonRead(id=row.owner_id, username=row.username, full_name=row.full_name)
    fields = {name: row._mapping[name] for name in ("id", "name", "slug", "status", "created_at")}
    return NewProject(owner=owner, **fields)

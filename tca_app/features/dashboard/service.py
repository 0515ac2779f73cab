"""The numbers of the dashboard, from the rows that are there: six statements, however many rows there are."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Date, Select, and_, bindparam, cast, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.cache import Cache, cached
from tca_app.core.lists import shapes
from tca_app.features.dashboard.schemas import DayCount, NewProject, NewUser, StatsRead, Trend
from tca_app.features.projects.queries import visible
from tca_app.features.users import policy
from tca_app.features.users.schemas import PersonRead
from tca_app.models import Project, User

DAYS = 30
NEWEST = 5
_users = User.__table__.c
_projects = Project.__table__.c
_since: Any = bindparam("since")


# What a viewer sees depends on who they are; all superusers see the same. The 30 days move on, so not for long.
_kept = Cache("stats", made_of=("user", "project"), ttl_s=30)


async def stats(session: AsyncSession, actor: Actor) -> StatsRead:
    """The counts that this viewer may see, each with its value 30 days ago; "as of" says when they were counted."""

    async def count() -> dict[str, Any]:
        return (await _count(session, actor)).model_dump(mode="json")

    key = "superusers" if actor.is_superuser else f"user:{actor.user_id}"
    return StatsRead.model_validate(await cached(session, _kept, key, count))


async def _count(session: AsyncSession, actor: Actor) -> StatsRead:
    sees_people = policy.may(actor, "users.list")
    values = {"actor_id": actor.user_id}
    as_of, now, before = (await session.execute(_active_projects(actor.is_superuser), values)).one()
    total, by_day = await _users_over_time(session, as_of) if sees_people else (None, [])
    newest_users = (await session.execute(_NEWEST_USERS)).all() if sees_people else []
    newest_projects = (await session.execute(_newest_projects(actor.is_superuser), values)).all()
    return StatsRead(
        total_users=total,
        active_projects=Trend.of(now, before),
        users_by_day=by_day,
        newest_users=shapes(NewUser, newest_users),
        newest_projects=[_new_project(row) for row in newest_projects],
        as_of=as_of,
    )


@lru_cache(maxsize=2)
def _active_projects(all_projects: bool) -> Select[Any]:
    """The time, the count now and 30 days ago.

    A project counts for the past by the status that it has today: the rows do not say when it changed.
    """
    live = _projects.deleted_at.is_(None)
    since = func.now() - literal(timedelta(days=DAYS))
    was_there = and_(_projects.created_at <= since, or_(live, _projects.deleted_at > since))
    counts = select(func.now(), func.count().filter(live), func.count().filter(was_there))
    return counts.where(_projects.status == "active", visible(all_projects))


def _day(moment: Any) -> Any:
    return cast(func.timezone("UTC", moment), Date)


_TOTAL = select(func.count()).where(_users.deleted_at.is_(None))
_came_on, _left_on, _was_there = _day(_users.created_at), _day(_users.deleted_at), _users.created_at <= _since
_CAME = select(_came_on, func.count()).where(_users.deleted_at.is_(None), _users.created_at > _since).group_by(_came_on)
_LEFT = (
    select(_left_on, _was_there, _came_on, func.count())
    .where(_users.deleted_at > _since)
    .group_by(_left_on, _was_there, _came_on)
)


async def _users_over_time(session: AsyncSession, as_of: datetime) -> tuple[Trend, list[DayCount]]:
    """Counted back from today: those who came after a day are taken off, those who left after it are put back.

    So only the rows of the last 30 days are read beside the total, which an index alone answers.
    """
    since = {"since": as_of - timedelta(days=DAYS)}
    now: int = (await session.execute(_TOTAL)).scalar_one()
    arrivals: dict[date, int] = dict((await session.execute(_CAME, since)).all())
    leavers = (await session.execute(_LEFT, since)).all()
    before = now - sum(arrivals.values()) + sum(n for _, was_there, _, n in leavers if was_there)
    days = [as_of.astimezone(UTC).date() - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    return Trend.of(now, before), [DayCount(day=day, total=_total_on(day, now, arrivals, leavers)) for day in days]


def _total_on(day: date, now: int, arrivals: dict[date, int], leavers: Sequence[Any]) -> int:
    later = sum(n for arrived, n in arrivals.items() if arrived > day)
    gone_since = sum(n for left, _, arrived, n in leavers if left > day >= arrived)
    return now - later + gone_since


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

"""Queries of the dashboard: history by day, the newest records and the busiest projects."""

from collections import defaultdict
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Exists, Label, Select, func, literal, literal_column, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tca_app.core.actor import Actor
from tca_app.core.periods import DayRange
from tca_app.features.dashboard.schemas import BusyProject, NewProject
from tca_app.features.projects.counters import ACTIVE_CHANGE
from tca_app.features.projects.queries import visible
from tca_app.models import Deployment, Project, User

NEWEST = BUSIEST = 5
ENDED = ("succeeded", "failed", "cancelled")
_users, _projects = User.__table__.c, Project.__table__.c

# Daily aggregates, so they read few rows, however many deployments there are. They count neither the trash nor
# what was deleted permanently.
_DAYS_OF_ALL = text(
    """
    SELECT day, name, value FROM daily_metrics
    WHERE day > :after AND dimension = '' AND name IN ('users_total', 'projects_active')
    UNION ALL
    SELECT day, 'deployments_' || name, CAST(sum(value) AS bigint)
    FROM daily_deployment_totals,
      LATERAL (VALUES ('succeeded', succeeded), ('failed', failed), ('cancelled', cancelled)) AS number (name, value)
    WHERE day > :after GROUP BY 1, 2
    """
)
_MINE = """
    daily_deployments JOIN projects ON projects.id = daily_deployments.project_id AND projects.deleted_at IS NULL
    JOIN project_members ON project_members.project_id = projects.id AND user_id = :actor_id
    WHERE day > :after
"""
# The event log says how many of these projects were active, also before the viewer joined them. OFFSET 0 makes
# PostgreSQL read it for each project by the index of its events, however many events other projects have.
_DAYS_OF_MINE = text(
    f"""
    SELECT day, 'deployments_' || name AS name, value FROM (
      SELECT day, sum(succeeded) AS succeeded, sum(failed) AS failed, sum(cancelled) AS cancelled
      FROM {_MINE} GROUP BY day) AS days,
      LATERAL (VALUES ('succeeded', succeeded), ('failed', failed), ('cancelled', cancelled)) AS number (name, value)
    UNION ALL
    SELECT CAST(logged.at AT TIME ZONE 'UTC' AS date), 'projects_active', sum({ACTIVE_CHANGE})
    FROM project_members, LATERAL (
      SELECT type, at, data FROM events
      WHERE subject_type = 'project' AND subject_id = project_members.project_id
        AND at >= CAST(CAST(:after AS date) + 1 AS timestamp) AT TIME ZONE 'UTC'
      OFFSET 0) AS logged
    WHERE user_id = :actor_id GROUP BY 1
    """  # noqa: S608  constant SQL
)
# Until the aggregate of a period exists, for an hour at most, the days are summed. OFFSET 0 keeps the check outside
# of that sum, so that PostgreSQL does not start it when it is not needed.
_BUSIEST_OF_ALL = text(
    """
    WITH most AS (
      (SELECT project_id, deployments, failed FROM deployments_since
       WHERE since = CAST(:after AS date) + 1 AND deployments > 0
       ORDER BY deployments DESC FETCH FIRST :most ROWS WITH TIES)
      UNION ALL
      SELECT * FROM (
        SELECT project_id, sum(succeeded + failed + cancelled), sum(failed) FROM daily_deployments
        WHERE day > :after AND counts GROUP BY 1 OFFSET 0) AS late
      WHERE NOT EXISTS (SELECT FROM rolled_since WHERE since = CAST(:after AS date) + 1)
    )
    SELECT projects.id, projects.name, projects.slug, projects.color, projects.emoji,
      CAST(deployments AS bigint) AS deployments, CAST(failed AS bigint) AS failed
    FROM most JOIN projects ON projects.id = project_id AND projects.deleted_at IS NULL
    ORDER BY deployments DESC, projects.name, projects.id LIMIT :most
    """
)
# No aggregate has periods that ended before today.
_BUSIEST_EARLIER = text(
    """
    SELECT projects.id, projects.name, projects.slug, projects.color, projects.emoji, deployments, failed
    FROM (SELECT project_id, CAST(sum(succeeded + failed + cancelled) AS bigint) AS deployments,
        CAST(sum(failed) AS bigint) AS failed
      FROM daily_deployments WHERE day > :after AND day <= :until AND counts GROUP BY 1) AS each
    JOIN projects ON projects.id = project_id AND projects.deleted_at IS NULL
    WHERE deployments > 0 ORDER BY deployments DESC, projects.name, projects.id LIMIT :most
    """
)
_BUSIEST_OF_MINE = text(
    f"""
    SELECT projects.id, projects.name, projects.slug, projects.color, projects.emoji,
      sum(succeeded + failed + cancelled) AS deployments, sum(failed) AS failed
    FROM {_MINE} AND day <= :until
    GROUP BY projects.id ORDER BY deployments DESC, projects.name, projects.id LIMIT :most
    """  # noqa: S608
)
_NEWEST_USERS = (
    select(_users.id, _users.username, _users.full_name, _users.created_at)
    .where(_users.deleted_at.is_(None), _users.kind == "person")
    .order_by(_users.created_at.desc(), _users.id.desc())
    .limit(NEWEST)
)

Changes = dict[str, dict[date, int]]


async def changes_by_day(session: AsyncSession, actor: Actor, after: date) -> Changes:
    """Returns the change or the count of each day after `after`, by name and day."""
    statement = _DAYS_OF_ALL if actor.is_superuser else _DAYS_OF_MINE.bindparams(actor_id=actor.user_id)
    found: Changes = defaultdict(lambda: defaultdict(int))
    for row in await session.execute(statement, {"after": after}):
        found[row.name][row.day] += row.value
    return found


async def busiest(session: AsyncSession, actor: Actor, days: DayRange) -> list[BusyProject]:
    """Returns the projects with the most deployments that ended on these days."""
    values = {"after": days.since - timedelta(days=1), "until": days.until, "most": BUSIEST}
    if not actor.is_superuser:
        rows = await session.execute(_BUSIEST_OF_MINE, values | {"actor_id": actor.user_id})
    elif days.until < DayRange.last(1).until:
        rows = await session.execute(_BUSIEST_EARLIER, values)
    else:
        rows = await session.execute(_BUSIEST_OF_ALL, values)
    return [BusyProject(**row._mapping) for row in rows]


_TOTAL_USERS = select(func.count()).select_from(User).where(col(User.deleted_at).is_(None), col(User.kind) == "person")


@lru_cache(maxsize=4)
def there_now(all_projects: bool, people: bool) -> Select[Any]:
    """Returns one row of the current state: the time, the counts, and the newest records as JSON."""
    columns: list[ColumnElement[Any]] = [
        func.now().label("as_of"),
        func.count().label("projects"),
        _any_deployment(all_projects).label("has_deployments"),
        _listed(_newest_projects(all_projects), "newest_projects"),
    ]
    if people:
        columns += [
            _TOTAL_USERS.scalar_subquery().label("users"),
            _listed(_NEWEST_USERS, "newest_users"),
        ]
    live = _projects.deleted_at.is_(None)
    return select(*columns).where(_projects.status == "active", live, visible(all_projects))


def _any_deployment(all_projects: bool) -> Exists:
    of_live = Deployment.__table__.join(Project.__table__, _projects.id == Deployment.__table__.c.project_id)
    found = select(literal(1)).select_from(of_live).where(_projects.deleted_at.is_(None), visible(all_projects))
    return found.correlate(None).exists()


def _listed(rows: Select[Any], name: str) -> Label[Any]:
    """Returns the rows as one JSON array, so that a list needs no statement of its own."""
    found: Any = rows.correlate(None).subquery(f"of_{name}")
    listed = func.coalesce(func.json_agg(found.table_valued()), literal_column("'[]'::json"))
    return select(listed).select_from(found).correlate(None).scalar_subquery().label(name)


def _newest_projects(all_projects: bool) -> Select[Any]:
    names = ("id", "name", "slug", "color", "emoji", "status", "created_at", "owner_id")
    own = [_projects[name] for name in names]
    newest = select(*own).where(_projects.deleted_at.is_(None), visible(all_projects))
    page = newest.order_by(_projects.created_at.desc(), _projects.id.desc()).limit(NEWEST).subquery("page")
    named = select(page, _users.username, _users.full_name).join(User.__table__, _users.id == page.c.owner_id)
    return named.order_by(page.c.created_at.desc(), page.c.id.desc())


def new_project(row: dict[str, Any]) -> NewProject:
    owner = {"id": row["owner_id"], "username": row["username"], "full_name": row["full_name"]}
    return NewProject.model_validate(row | {"owner": owner})

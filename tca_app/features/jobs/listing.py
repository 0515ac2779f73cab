"""The list of jobs, for administrators: its pages, the counts of its filters, and its file."""

from typing import Any, Literal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.csv_lines import MAX_ROWS
from tca_app.core.database.pagination import Page
from tca_app.core.facets import Facets, facets_of
from tca_app.core.filters import times_of
from tca_app.features.jobs import policy
from tca_app.features.jobs.schemas import JobFilter, JobQuery, JobRead

JobField = Literal["state", "queue"]
COLUMNS = ("id", "kind", "queue", "state", "attempts", "args", "reason", "failed_at", "next_at", "request_id")
_STATES = {
    "dead": "jobs.status = 'failed'",
    "retrying": "jobs.status = 'todo' AND jobs.attempts > 0",
    "waiting": "jobs.status = 'todo' AND jobs.attempts = 0",
    "running": "jobs.status = 'doing'",
}
_STATE = f"CASE {' '.join(f'WHEN {condition} THEN {name!r}' for name, condition in _STATES.items())} END"
_LAST = """
    LEFT JOIN LATERAL (
      SELECT error, at FROM job_failures WHERE job_id = jobs.id ORDER BY attempt DESC LIMIT 1) AS last ON true
"""
_WHERE = "WHERE ({states}) AND (CAST(:queue AS text[]) = '{{}}' OR queue_name = ANY(:queue))"
_ALL = f"FROM procrastinate_jobs AS jobs {_WHERE}"
_WITH_FAILURES = f"FROM procrastinate_jobs AS jobs {_LAST} {_WHERE}"
_FOUND = f"""
    {_WITH_FAILURES}
      AND strpos(lower(task_name || ' ' || coalesce(error, '')), lower(:search)) > 0
"""
_COLUMNS = f"""
    SELECT jobs.id, task_name AS kind, queue_name AS queue, {_STATE} AS state, attempts, args - 'cause' AS args,
      coalesce(error, '') AS reason, last.at AS failed_at,
      CASE WHEN scheduled_at > now() THEN scheduled_at END AS next_at,
      coalesce(args #>> '{{cause,request_id}}', '') AS request_id
"""
_SORTS = {
    "id": "jobs.id",
    "kind": "task_name",
    "queue": "queue_name",
    "attempts": "attempts",
    "reason": "error",
    "failed_at": "last.at",
    "state": _STATE,
}
_OF_FAILURES = ("reason", "failed_at")
_DAYS = {"since": "last.at >= :since", "until": "last.at < :until"}
_FIELDS: dict[JobField, str] = {"state": _STATE, "queue": "queue_name"}


async def list_jobs(session: AsyncSession, actor: Actor, query: JobQuery) -> Page[JobRead]:
    """Returns the jobs in these states, by default the dead ones, newest first."""
    policy.require(actor)
    values, order = _values(query) | {"skip": query.skip, "limit": query.limit}, _order(query.sort)
    total = (await session.execute(text(f"SELECT count(*) {_from(query)}"), values)).scalar_one()
    page = f"WITH page AS (SELECT jobs.* {_from(query, query.sort)} ORDER BY {order} LIMIT :limit OFFSET :skip)"
    rows = await session.execute(text(f"{page} {_COLUMNS} FROM page AS jobs {_LAST} ORDER BY {order}"), values)
    return Page([JobRead(**row._mapping) for row in rows], total)


async def find_job_ids(session: AsyncSession, actor: Actor, query: JobFilter) -> list[int]:
    """Returns the ids of the list, at most 50,000."""
    policy.require(actor)
    ids = f"SELECT jobs.id {_from(query, query.sort)} ORDER BY {_order(query.sort)} LIMIT {MAX_ROWS}"
    return list((await session.execute(text(ids), _values(query))).scalars())


async def read_jobs(session: AsyncSession, actor: Actor, query: JobFilter, ids: list[int]) -> list[JobRead]:
    """Returns those of the ids that are still in the list."""
    policy.require(actor)
    left = f"WITH page AS (SELECT jobs.* {_from(query)} AND jobs.id = ANY(:ids))"
    rows = await session.execute(text(f"{left} {_COLUMNS} FROM page AS jobs {_LAST}"), _values(query) | {"ids": ids})
    return [JobRead(**row._mapping) for row in rows]


async def count_jobs(session: AsyncSession, actor: Actor, query: JobFilter, field: JobField) -> Facets:
    """Returns the values of a field with how many jobs each has, under the other filters."""
    policy.require(actor)
    others = query.model_copy(update={field: list(_STATES) if field == "state" else []})
    value = _FIELDS[field]
    rows = await session.execute(text(f"SELECT {value}, count(*) {_from(others)} GROUP BY 1"), _values(others))
    return facets_of([(row[0], "", row[1]) for row in rows])


def _from(query: JobFilter, sort: str = "") -> str:
    """Returns FROM and WHERE of a list. They are constant SQL without user input, chosen from dictionaries."""
    days = [_DAYS[name] for name in times_of(query)]
    is_of_failures = days or sort.removeprefix("-") in _OF_FAILURES
    source = _FOUND if query.search else _WITH_FAILURES if is_of_failures else _ALL
    return " AND ".join((source.format(states=" OR ".join(f"({_STATES[state]})" for state in query.state)), *days))


def _values(query: JobFilter) -> dict[str, Any]:
    return {"queue": query.queue, **times_of(query), **({"search": query.search} if query.search else {})}


def _order(sort: str) -> str:
    """Returns the ORDER BY of a sort. Jobs that never failed are last in both directions."""
    way = "DESC" if sort.startswith("-") else "ASC"
    return f"{_SORTS[sort.removeprefix('-')]} {way} NULLS LAST, jobs.id {way}"

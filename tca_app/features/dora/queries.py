"""The statements of the DORA metrics: sums and medians of the daily aggregates, by week, in total and by unit."""

from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.facets import MAX_FACETS, Facets, facets_of
from tca_app.features.dora.schemas import DoraQuery, Unit


class SumRow(NamedTuple):
    """The sums of a week (0 is the last one), of a period (0 is the last one), or of a unit."""

    scope: str
    unit_id: int
    part: int
    name: str
    slug: str
    color: str
    emoji: str
    succeeded: int
    finished: int
    bad: int
    projects: int
    with_commit_time: int
    restored: int


class MedianRow(NamedTuple):
    """The median of a kind of durations, "lead" or "restore", in seconds."""

    scope: str
    unit_id: int
    part: int
    kind: str
    seconds: float


# Administrators see every group, others those that they are in.
_GROUPS = (
    "SELECT id, name FROM groups WHERE :sees_all OR id IN (SELECT group_id FROM group_members WHERE user_id = :me)"
)
_IN_GROUPS = f"""
    SELECT project_id FROM project_groups JOIN ({_GROUPS}) AS known ON known.id = group_id
    WHERE group_id = ANY(CAST(:groups AS bigint[]))
"""  # noqa: S608  constant SQL
_VISIBLE = f"""
    visible AS (
      SELECT id, name, slug, color, emoji FROM projects
      WHERE deleted_at IS NULL
        AND (:sees_all OR id IN (SELECT project_id FROM project_members WHERE user_id = :me))
        AND (CAST(:projects AS bigint[]) = '{{}}' OR id = ANY(CAST(:projects AS bigint[])))
        AND (CAST(:groups AS bigint[]) = '{{}}' OR id IN ({_IN_GROUPS})))
"""  # noqa: S608
_NAMED = """
    environment_id IN (
      SELECT id FROM environments WHERE lower(name) IN (SELECT lower(each) FROM unnest(CAST(:names AS text[])) AS each))
"""


def _seen(columns: str, periods: int = 2) -> str:
    """Reads the last `weeks` weeks, with two periods as many before, in narrow rows. Week 0 ends with `last_day`."""
    return f"""
        seen AS MATERIALIZED (
          SELECT project_id, (CAST(:last_day AS date) - day) / 7 AS ago, {columns} FROM daily_deployments
          WHERE day > CAST(:last_day AS date) - {7 * periods} * CAST(:weeks AS int) AND day <= CAST(:last_day AS date)
            AND tier = ANY(CAST(:tiers AS text[])) AND project_id IN (SELECT id FROM visible)
            AND (CAST(:names AS text[]) = '{{}}' OR {_NAMED}))
    """  # noqa: S608


_FINISHED = "environment_id, tier, succeeded + failed - unstarted AS finished"
_UNITS: dict[Unit, str] = {
    "project": "SELECT id AS project_id, id AS unit_id, name, slug, color, emoji FROM visible",
    "group": f"SELECT project_id, known.id AS unit_id, name, '' AS slug, '' AS color, '' AS emoji "  # noqa: S608
    f"FROM project_groups JOIN ({_GROUPS}) AS known ON known.id = group_id "
    "WHERE CAST(:groups AS bigint[]) = '{}' OR known.id = ANY(CAST(:groups AS bigint[]))",
}
_NUMBERS = ("succeeded", "finished", "bad", "with_commit_time", "restored")
_SUMS = ", ".join(f"CAST(sum({name}) AS int) AS {name}" for name in _NUMBERS)
_ORDERED = "succeeded, finished, bad, projects, with_commit_time, restored"
_MEDIAN = "percentile_cont(0.5) WITHIN GROUP (ORDER BY us) / 1e6 AS s"
_NAME_COLUMNS = ("name", "slug", "color", "emoji")


def _sums(unit: Unit) -> TextClause:
    """The sums. The days are summed once by project and week, and everything else is a sum of that."""
    seen = _seen(
        "succeeded, succeeded + failed - unstarted AS finished, bad, cardinality(lead_us) AS with_commit_time, "
        "cardinality(restored_us) AS restored"
    )
    none = "".join(f"'' AS {name}, " for name in _NAME_COLUMNS)
    of_unit = "".join(f"min({name}) AS {name}, " for name in _NAME_COLUMNS)
    with_projects = f"{_SUMS}, CAST(count(*) FILTER (WHERE succeeded > 0) AS int) AS projects"
    return text(
        f"""
        WITH {_VISIBLE}, {seen}, units AS ({_UNITS[unit]}),
          cells AS MATERIALIZED (SELECT project_id, ago, {_SUMS} FROM seen GROUP BY 1, 2),
          parts AS MATERIALIZED (
            SELECT project_id, ago / CAST(:weeks AS int) AS part, {_SUMS} FROM cells GROUP BY 1, 2),
          scopes AS (
            SELECT 'week' AS scope, CAST(0 AS bigint) AS unit_id, ago AS part, {none} {with_projects}
            FROM cells WHERE ago < CAST(:weeks AS int) GROUP BY ago
            UNION ALL SELECT 'total', 0, part, {none} {with_projects} FROM parts GROUP BY part
            UNION ALL SELECT 'unit', unit_id, 0, {of_unit} {with_projects}
            FROM parts JOIN units USING (project_id) WHERE part = 0 GROUP BY unit_id)
        SELECT scope, unit_id, part, {", ".join(_NAME_COLUMNS)}, {_ORDERED} FROM scopes
        """  # noqa: S608
    )


def _medians(unit: Unit) -> TextClause:
    return text(
        f"""
        WITH {_VISIBLE}, {_seen("lead_us, restored_us")}, units AS ({_UNITS[unit]}),
          each AS MATERIALIZED (
            SELECT project_id, ago, 'lead' AS kind, unnest(lead_us) AS us FROM seen WHERE lead_us <> '{{}}'
            UNION ALL SELECT project_id, ago, 'restore', unnest(restored_us) FROM seen WHERE restored_us <> '{{}}')
        SELECT 'week' AS scope, CAST(0 AS bigint) AS unit_id, ago AS part, kind, {_MEDIAN}
        FROM each WHERE ago < CAST(:weeks AS int) GROUP BY ago, kind
        UNION ALL SELECT 'total', 0, ago / CAST(:weeks AS int), kind, {_MEDIAN} FROM each GROUP BY 3, kind
        UNION ALL SELECT 'unit', unit_id, 0, kind, {_MEDIAN}
        FROM each JOIN units USING (project_id) WHERE ago < CAST(:weeks AS int) GROUP BY unit_id, kind
        """  # noqa: S608
    )


_STATEMENTS: dict[Unit, tuple[TextClause, TextClause]] = {unit: (_sums(unit), _medians(unit)) for unit in _UNITS}
_FACETS = {
    "tier": "SELECT tier, '', sum(finished) AS many FROM seen GROUP BY tier",
    "environment": "SELECT min(name), '', sum(finished) AS many FROM seen JOIN environments ON id = environment_id "
    "GROUP BY lower(name)",
    "project": "SELECT id, name, sum(finished) AS many FROM seen JOIN visible ON id = project_id GROUP BY id, name",
    "group": f"SELECT unit_id, name, sum(finished) AS many FROM seen JOIN ({_UNITS['group']}) AS units "  # noqa: S608
    "USING (project_id) GROUP BY unit_id, name",
}
_COUNTS = {
    key: text(
        f"WITH {_VISIBLE}, {_seen(_FINISHED, 1)} SELECT * FROM ({counted}) AS counted (value, label, many) "  # noqa: S608
        f"WHERE CAST(:search AS text) = '' OR position(lower(:search) IN lower(label)) > 0 "
        f"ORDER BY many DESC, value LIMIT {MAX_FACETS}"
    )
    for key, counted in _FACETS.items()
}
_NAMES = {
    "project": text(f"WITH {_VISIBLE} SELECT id, name FROM visible WHERE id = ANY(CAST(:ids AS bigint[]))"),  # noqa: S608
    "group": text(f"SELECT id, name FROM ({_GROUPS}) AS known WHERE id = ANY(CAST(:ids AS bigint[]))"),  # noqa: S608
}


def _values(actor: Actor, query: DoraQuery) -> dict[str, Any]:
    return {
        "me": actor.user_id,
        "sees_all": actor.is_superuser,
        "projects": query.project_id,
        "groups": query.group_id,
        "tiers": list(query.tiers),
        "names": query.environment,
        "weeks": query.weeks,
    }


async def read_sums(session: AsyncSession, actor: Actor, query: DoraQuery, last_day: date) -> list[SumRow]:
    found = await session.execute(_STATEMENTS[query.by][0], _values(actor, query) | {"last_day": last_day})
    return [SumRow(*row) for row in found]


async def read_medians(session: AsyncSession, actor: Actor, query: DoraQuery, last_day: date) -> list[MedianRow]:
    found = await session.execute(_STATEMENTS[query.by][1], _values(actor, query) | {"last_day": last_day})
    return [MedianRow(*row) for row in found]


async def count_finished(
    session: AsyncSession, actor: Actor, query: DoraQuery, key: str, search: str, last_day: date
) -> Facets:
    """Returns the values of a filter with the finished deployments of each."""
    found = await session.execute(_COUNTS[key], _values(actor, query) | {"last_day": last_day, "search": search})
    return facets_of([(row.value, row.label, int(row.many)) for row in found])


async def read_names(session: AsyncSession, actor: Actor, key: str, ids: list[int]) -> dict[str, str]:
    """Returns the names of projects or groups that the actor may see, by id."""
    found = await session.execute(_NAMES[key], _values(actor, DoraQuery()) | {"ids": ids})
    return {str(row.id): row.name for row in found}

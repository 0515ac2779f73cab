"""Health items that need attention: open incidents, and certificates that expire soon."""

from datetime import datetime
from typing import Literal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.schema import ReadModel
from tca_app.features.health import policy
from tca_app.features.health.history.service import VISIBLE, viewer, visible
from tca_app.features.health.incidents.queries import PROJECT
from tca_app.features.health.probing.certificates import THRESHOLDS
from tca_app.features.health.schemas import Severity
from tca_app.features.projects.schemas import ProjectRef

CERTIFICATE_DAYS = max(THRESHOLDS)


def _project(project_id: str) -> str:
    """Returns the column `project`, which is null for the console's own. Takes the SQL of an id."""
    names = "id, name, slug, color, emoji"
    return f"(SELECT to_jsonb(ref) FROM (SELECT {names} FROM projects WHERE id = {project_id}) AS ref) AS project"  # noqa: S608


_ATTENTION = text(
    f"""
    WITH found AS (
      SELECT incidents.id, 'incident' AS kind, coalesce(checks.name, title) AS name, {PROJECT} AS project_id,
        {_project(PROJECT)},
        reason AS detail, opened_at AS at, incidents.check_id IS NULL AS is_manual, incidents.severity,
        acknowledged_at IS NOT NULL AS is_acknowledged
      FROM incidents LEFT JOIN health_checks AS checks ON checks.id = check_id
      WHERE closed_at IS NULL AND {visible(PROJECT)}
      UNION ALL
      SELECT checks.id, 'certificate', checks.name, checks.project_id, {_project("checks.project_id")}, checks.url,
        certificate_until, false, '', false
      FROM health_checks AS checks
      WHERE certificate_until < now() + interval '{CERTIFICATE_DAYS} days' AND retired_at IS NULL AND NOT is_paused
        AND {VISIBLE}
    ),
    ranked AS (
      SELECT *, count(*) OVER (PARTITION BY kind) AS total, row_number() OVER (
        PARTITION BY kind ORDER BY array_position(ARRAY['critical', 'major', 'minor'], severity), at DESC, id) AS rank
      FROM found
    )
    SELECT * FROM ranked WHERE rank <= :most ORDER BY kind DESC, rank
    """  # noqa: S608  constant SQL
)


class HealthAttention(ReadModel):
    """An open incident since `at`, or a certificate that expires at that time, which has no severity.

    `total`: how many there are of its kind.
    """

    id: int
    kind: Literal["incident", "certificate"]
    total: int
    name: str
    project_id: int | None
    project: ProjectRef | None
    detail: str
    at: datetime
    is_manual: bool
    severity: Severity | Literal[""]
    is_acknowledged: bool


async def read_attention(session: AsyncSession, actor: Actor, most: int) -> list[HealthAttention]:
    """Returns at most `most` of each kind that the actor may see: the most severe incidents first, then the newest."""
    policy.require_list(actor)
    rows = await session.execute(_ATTENTION, viewer(actor) | {"most": most})
    return [HealthAttention.model_validate(row) for row in rows]

"""What other pages show of the health: the score of a period, and the components that want a look first."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.cache import Cache, cached
from tca_app.features.health import policy
from tca_app.features.health.history import COLUMNS, SEEN, check_read, score_trend, viewer
from tca_app.features.health.schemas import CheckRead, ScoreTrend

# A round a minute changes it, and nothing else but who may see what: far less often than the rest of a dashboard.
_kept = Cache("health_score", made_of=("health", "project"), ttl_s=60)

_FIRST = text(
    f"""
    SELECT {COLUMNS},
      count(*) OVER () AS total,
      count(*) FILTER (WHERE checks.state = 'failing') OVER () AS failing,
      count(*) FILTER (WHERE checks.state = 'unknown') OVER () AS unknown,
      max(checks.last_at) OVER () AS newest
    {SEEN} AND checks.retired_at IS NULL AND NOT checks.is_paused
    ORDER BY checks.state = 'failing' DESC, checks.last_ok IS FALSE DESC, checks.project_id IS NOT NULL,
      checks.weight DESC, lower(checks.name), checks.id
    LIMIT :most
    """
)


@dataclass(frozen=True, slots=True)
class Glance:
    """Some of the `total` components that the actor may see and that are asked; `probed_at` is when one last was."""

    checks: list[CheckRead]
    total: int
    failing: int
    unknown: int
    probed_at: datetime | None


async def glance(session: AsyncSession, actor: Actor, most: int) -> Glance:
    """What fails first, then what gave a bad answer, then the console's own parts; one statement."""
    policy.require_list(actor)
    rows = (await session.execute(_FIRST, viewer(actor) | {"most": most})).all()
    checks = [check_read(actor, row) for row in rows]
    if not rows:
        return Glance(checks, 0, 0, 0, None)
    return Glance(checks, rows[0].total, rows[0].failing, rows[0].unknown, rows[0].newest)


async def kept_score(session: AsyncSession, actor: Actor, days: int) -> ScoreTrend:
    """As `score_trend`, from the cache: all superusers see the same, everybody else what is theirs."""
    policy.require_list(actor)

    async def count() -> dict[str, Any]:
        return (await score_trend(session, actor, days)).model_dump(mode="json")

    key = "superusers" if actor.is_superuser else f"user:{actor.user_id}"
    return ScoreTrend.model_validate(await cached(session, _kept, f"{key}:{days}", count))

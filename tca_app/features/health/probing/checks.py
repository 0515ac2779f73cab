"""The checks to run: the console's components, configured services, and environments with a URL."""

from datetime import datetime

from sqlalchemy import ARRAY, Integer, Text, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.config.settings import get_settings
from tca_app.core.language.stored import stored_name
from tca_app.features.health.probing.check_state import BACKUP

# Maps keys to name and weight. Without PostgreSQL or its schema nothing works, so they weigh most.
PARTS = {
    "database": ("PostgreSQL", 5),
    "migrations": (stored_name("Schema"), 3),
    "redis": ("Redis", 2),
    "jobs": (stored_name("Jobs"), 2),
    "disk": (stored_name("Disk"), 2),
    "mail": (stored_name("Mail"), 1),
    "streams": (stored_name("Streams"), 1),
    "backup": (BACKUP, 1),
    "event_export": (stored_name("Event export"), 1),
}
SERVICES = {
    "user_service": (stored_name("User service"), 1),
    "notification_service": (stored_name("Notification service"), 1),
    "analytics_service": (stored_name("Analytics service"), 1),
}
ENVIRONMENT_WEIGHT = 1

_OWN = text(
    """
    INSERT INTO health_checks (key, kind, name, weight, since, next_at)
    SELECT given.*, :now, :now
    FROM unnest(CAST(:keys AS text[]), CAST(:kinds AS text[]), CAST(:names AS text[]), CAST(:weights AS int[]))
      AS given (key, kind, name, weight)
    ON CONFLICT (key) DO UPDATE
    SET name = excluded.name, retired_at = NULL, state = 'unknown', since = :now, next_at = :now
    WHERE health_checks.retired_at IS NOT NULL
    """
).bindparams(*(bindparam(name, type_=ARRAY(Text)) for name in ("keys", "kinds", "names")))
_OWN = _OWN.bindparams(bindparam("weights", type_=ARRAY(Integer)))

# A changed URL is a different target, so the results of the old one no longer count.
_ENVIRONMENTS = text(
    """
    WITH live AS (
      SELECT environments.id, project_id, url, projects.name || ' ' || environments.name AS name
      FROM environments JOIN projects ON projects.id = project_id
      WHERE url <> '' AND environments.deleted_at IS NULL AND projects.deleted_at IS NULL
        AND projects.status <> 'archived'
    )
    INSERT INTO health_checks (key, kind, name, project_id, environment_id, url, weight, since, next_at)
    SELECT 'environment:' || live.id, 'environment', live.name, live.project_id, live.id, live.url, :weight, :now, :now
    FROM live LEFT JOIN health_checks AS known ON known.environment_id = live.id
    WHERE known.id IS NULL OR known.retired_at IS NOT NULL OR known.url <> live.url OR known.name <> live.name
    ON CONFLICT (key) DO UPDATE
    SET name = excluded.name, url = excluded.url, retired_at = NULL,
      state = CASE WHEN health_checks.retired_at IS NULL THEN health_checks.state ELSE 'unknown' END,
      since = CASE WHEN health_checks.retired_at IS NULL THEN health_checks.since ELSE :now END,
      failures = CASE WHEN health_checks.url = excluded.url THEN health_checks.failures ELSE 0 END,
      passes = CASE WHEN health_checks.url = excluded.url THEN health_checks.passes ELSE 0 END,
      certificate_until = CASE WHEN health_checks.url = excluded.url THEN health_checks.certificate_until END
    """
)
# A retired check can never recover, so its incident is closed with it.
_RETIRE = text(
    """
    WITH gone AS (
      UPDATE health_checks AS checks SET retired_at = :now, failures = 0, passes = 0
      WHERE retired_at IS NULL AND CASE
        WHEN kind <> 'environment' THEN key <> ALL(CAST(:keys AS text[]))
        ELSE NOT EXISTS (
          SELECT FROM environments JOIN projects ON projects.id = environments.project_id
          WHERE environments.id = checks.environment_id AND environments.url <> '' AND environments.deleted_at IS NULL
            AND projects.deleted_at IS NULL AND projects.status <> 'archived')
        END
      RETURNING id
    )
    UPDATE incidents SET closed_at = greatest(opened_at, :now)
    WHERE closed_at IS NULL AND check_id IN (SELECT id FROM gone)
    """
).bindparams(bindparam("keys", type_=ARRAY(Text)))


async def sync_checks(session: AsyncSession, now: datetime) -> None:
    """Synchronizes the table of checks with what exists now, in three statements."""
    services = {key: own for key, own in SERVICES.items() if service_url(key)}
    own = [(key, "part", *PARTS[key]) for key in PARTS] + [(key, "service", *services[key]) for key in services]
    keys, kinds, names, weights = (list(column) for column in zip(*own, strict=True))
    given = {"keys": keys, "kinds": kinds, "names": names, "weights": weights, "now": now}
    await session.execute(_OWN, given)
    await session.execute(_ENVIRONMENTS, {"now": now, "weight": ENVIRONMENT_WEIGHT})
    await session.execute(_RETIRE, {"now": now, "keys": keys})


def service_url(key: str) -> str:
    """Returns the URL of a service, or "" when it is not set. It is not stored, because it may contain a secret."""
    return str(getattr(get_settings(), f"{key}_url"))

"""`python -m tca_app web`: one web process of several, on stores that all of them share (docs/replicas.md)."""

import os
from collections.abc import Callable

from tca_app.config.schema import Settings
from tca_app.config.settings import ConfigError, get_settings
from tca_app.frontend import build
from tca_app.server.migrate import require_schema
from tca_app.server.serve import claim_port, run_server, run_to_the_end

# Reflex' own names. Without a bound its pools grow to hundreds of connections; three of these only listen.
REDIS_CONNECTIONS = "20"


def serve_replica(say: Callable[[str], None]) -> None:
    """Serve until Ctrl-C or SIGTERM. Nothing here is kept: whatever a replica knows is in the stores.

    The schema is somebody else's business (`migrate`, once per version): two replicas of two versions would fight.
    """
    settings = get_settings()
    _require_stores(settings)
    claim_port(settings)
    require_schema()
    if build.ensure_built(settings.data_dir, on_start=lambda: say("Building the front end (a minute or two)")):
        say("The front end is built")
    _share_state(settings)
    if "run_worker" not in settings.model_fields_set:
        os.environ["RUN_WORKER"] = "false"
        get_settings.cache_clear()
    run_to_the_end(run_server(get_settings(), say))


def _require_stores(settings: Settings) -> None:
    urls = {"DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url}
    missing = [name for name, url in urls.items() if not url.get_secret_value()]
    if missing:
        raise ConfigError(
            [f"{' and '.join(missing)}: a web replica needs the stores of the others; `serve` brings its own"]
        )


def _share_state(settings: Settings) -> None:
    """The state of the tabs in Redis: whichever replica a tab comes to knows it. Read by Reflex at its import."""
    os.environ["REFLEX_STATE_MANAGER_MODE"] = "redis"
    os.environ["REFLEX_REDIS_URL"] = settings.redis_url.get_secret_value()
    os.environ.setdefault("REFLEX_REDIS_MAX_CONNECTIONS", REDIS_CONNECTIONS)
    os.environ["REFLEX_OPLOCK_ENABLED"] = "false"  # asks for Redis 7, and a killed replica would take its tabs along

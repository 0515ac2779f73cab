"""`python -m tca_app web`: one of several web replicas on shared stores (docs/replicas.md)."""

import os

from tca_app.config.schema import Settings
from tca_app.config.settings import Role, get_settings, load_settings
from tca_app.server.lifespan import run_to_the_end
from tca_app.server.migrate import require_schema
from tca_app.server.serve import build_pages, claim_port, run_server

# Limit of Reflex's Redis pools, which otherwise grow to hundreds of connections; three of these only listen.
REDIS_CONNECTIONS = "20"


def serve_replica() -> None:
    """Serve until Ctrl-C or SIGTERM. A replica keeps no state of its own; all state is in the stores.

    It does not migrate, because replicas of two versions would conflict; run `migrate` once per version.
    """
    settings = load_settings(Role.WEB)
    claim_port(settings.host, settings.port)
    require_schema()
    build_pages(settings)
    _share_state(settings)
    if "run_worker" not in settings.model_fields_set:
        os.environ["RUN_WORKER"] = "false"
        get_settings.cache_clear()
    run_to_the_end(run_server(get_settings()))


def _share_state(settings: Settings) -> None:
    """Keep the Reflex state in Redis, so that any replica can serve any tab. Reflex reads this at import."""
    os.environ["REFLEX_STATE_MANAGER_MODE"] = "redis"
    os.environ["REFLEX_REDIS_URL"] = settings.redis_url.get_secret_value()
    os.environ.setdefault("REFLEX_REDIS_MAX_CONNECTIONS", REDIS_CONNECTIONS)
    os.environ["REFLEX_OPLOCK_ENABLED"] = "false"  # needs Redis 7, and the tabs of a killed replica would be lost

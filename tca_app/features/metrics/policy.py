"""Permissions on metrics: Prometheus with METRICS_TOKEN, and superusers. Metrics reveal everybody's activity."""

from tca_app.core.actor import Actor
from tca_app.core.errors import Forbidden


def require(actor: Actor | None) -> None:
    """Raises Forbidden unless the actor is a superuser. Without an actor the request came with METRICS_TOKEN."""
    if actor is not None and not actor.is_superuser:
        raise Forbidden

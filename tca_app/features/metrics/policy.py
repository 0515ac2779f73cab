"""Who may read the metrics: Prometheus with METRICS_TOKEN, and superusers. They tell how much everybody does."""

from tca_app.core.actor import Actor
from tca_app.core.errors import Forbidden


def require(actor: Actor | None) -> None:
    """Nobody stands for whoever sent METRICS_TOKEN. Raises Forbidden."""
    if actor is not None and not actor.is_superuser:
        raise Forbidden

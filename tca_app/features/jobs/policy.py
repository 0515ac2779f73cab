"""Who may see and act on jobs: superusers. What a job holds may be about anybody."""

from tca_app.core.actor import Actor
from tca_app.core.errors import Forbidden


def require(actor: Actor) -> None:
    """Raises Forbidden."""
    if not actor.is_superuser:
        raise Forbidden

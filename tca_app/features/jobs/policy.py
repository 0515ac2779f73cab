"""Permissions on jobs: superusers only, because a job may contain data about anybody."""

from tca_app.core.actor import Actor
from tca_app.core.errors import Forbidden


def require(actor: Actor) -> None:
    """Raises Forbidden unless the actor is a superuser."""
    if not actor.is_superuser:
        raise Forbidden

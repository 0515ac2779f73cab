"""Permissions on groups: administrators change them; everybody who is signed in sees the names, to add one."""

from tca_app.core.actor import Actor
from tca_app.core.errors import Forbidden


def require(actor: Actor) -> None:
    """Raises Forbidden unless the actor is an administrator."""
    if not actor.is_superuser:
        raise Forbidden

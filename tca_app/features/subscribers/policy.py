"""Permissions on subscribers: administrators see and remove them. Subscribing is for everybody, while it is offered."""

from tca_app.config.settings import get_settings
from tca_app.core.actor import Actor
from tca_app.core.errors import Forbidden, NotFound
from tca_app.core.instance import instance_settings


def require(actor: Actor) -> None:
    """Raises Forbidden unless the actor is an administrator."""
    if not actor.is_superuser:
        raise Forbidden


def is_offered() -> bool:
    """Returns whether the public page is on and the console sends mail."""
    return instance_settings().status_public and get_settings().has_mail


def require_offered() -> None:
    """Raises NotFound unless strangers can subscribe."""
    if not is_offered():
        raise NotFound

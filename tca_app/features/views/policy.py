"""Permissions on saved views: people with access to a list have own ones; administrators change shared ones."""

from typing import get_args

from tca_app.core.actor import Actor
from tca_app.core.errors import Forbidden
from tca_app.features.views.lists import ViewedList

_FOR_ADMINISTRATORS = frozenset({"users", "tokens", "jobs", "invitations", "groups", "subscribers"})


def visible_lists(actor: Actor) -> list[str]:
    """Returns the lists that the actor may see. Those of a project also need that the actor sees it."""
    return [name for name in get_args(ViewedList) if actor.is_superuser or name not in _FOR_ADMINISTRATORS]


def require_list(actor: Actor, name: str) -> None:
    """Raises Forbidden unless the actor may see the list."""
    if name not in visible_lists(actor):
        raise Forbidden


def require_change(actor: Actor, *, is_shared: bool) -> None:
    """Raises Forbidden for a shared view, unless the actor is an administrator."""
    if is_shared and not actor.is_superuser:
        raise Forbidden

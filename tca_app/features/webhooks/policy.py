"""Permissions on webhooks: maintainers and owners of the project; for instance webhooks superusers only."""

from tca_app.core.actor import Actor
from tca_app.core.errors import Forbidden, NotFound
from tca_app.core.language.messages import _
from tca_app.features.projects import policy as projects


def require(actor: Actor, project_id: int | None, role: str | None) -> None:
    """Raises NotFound for non-members, Forbidden for members whose role is too low."""
    if project_id is not None:
        projects.require(actor, "webhooks.manage", role)
    elif not actor.is_superuser:
        raise NotFound


def require_for_all(actor: Actor) -> None:
    """Raises Forbidden unless the actor may manage instance webhooks. That they exist is no secret."""
    if not actor.is_superuser:
        raise Forbidden(_("Only administrators manage instance webhooks. Choose a project."))

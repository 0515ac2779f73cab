"""Who may manage webhooks: those who look after the project; superusers, too, and alone those that hear everything."""

from tca_app.core.actor import Actor
from tca_app.core.errors import Forbidden, NotFound
from tca_app.features.projects import policy as projects


def require(actor: Actor, project_id: int | None, role: str | None) -> None:
    """Raises NotFound to a stranger, Forbidden to a member whose role is too low."""
    if project_id is not None:
        projects.require(actor, "webhooks.manage", role)
    elif not actor.is_superuser:
        raise NotFound


def require_for_all(actor: Actor) -> None:
    """To list or make those that hear everything. That there are such is no secret. Raises Forbidden."""
    if not actor.is_superuser:
        raise Forbidden("Only administrators manage instance webhooks. Choose a project.")

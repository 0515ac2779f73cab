"""Who sees what works and who writes about it: of a project its people, of the console everybody who is signed in."""

from tca_app.config.settings import get_settings
from tca_app.core.actor import Actor
from tca_app.core.errors import Forbidden, NotFound
from tca_app.features.projects import policy


def require_list(actor: Actor) -> None:
    """Lists hold only what the actor may see."""
    policy.require(actor, "health.list")


def may_note(actor: Actor, project_id: int | None, role: str | None) -> bool:
    """Those who deploy write about their project's incidents, administrators about the console's."""
    return actor.is_superuser if project_id is None else policy.may(actor, "health.note", role)


def require_note(actor: Actor, project_id: int | None, role: str | None) -> None:
    """Raises Forbidden. That the actor may see the incident was asked before."""
    if not may_note(actor, project_id, role):
        raise Forbidden


def may_manage(actor: Actor, project_id: int | None, role: str | None) -> bool:
    """Those who look after the project say how it is asked and who sees it, administrators how the console is."""
    return actor.is_superuser if project_id is None else policy.may(actor, "health.manage", role)


def require_manage(actor: Actor, project_id: int | None, role: str | None) -> None:
    """Raises Forbidden. That the actor may see the check was asked before."""
    if not may_manage(actor, project_id, role):
        raise Forbidden


def require_public() -> None:
    """Everybody may see what was chosen for them, when whoever runs the console wants that. Raises NotFound."""
    if not get_settings().status_public:
        raise NotFound

"""Permissions on checks: members see those of their projects, every signed-in user those of the console."""

from tca_app.core.actor import Actor
from tca_app.core.errors import Forbidden, NotFound
from tca_app.core.instance import instance_settings
from tca_app.features.projects import policy

NOTE, MANAGE = "health.note", "health.manage"


def roles_for(action: str) -> list[str]:
    """Returns the roles in a project that may do `action`."""
    return [role for role, rank in policy.RANK.items() if rank >= policy.RANK[policy.RULES[action]]]


def require_list(actor: Actor) -> None:
    """Allows everybody: lists contain only what the actor may see."""
    policy.require(actor, "health.list")


def may_note(actor: Actor, project_id: int | None, role: str | None) -> bool:
    """Deployers open, update and acknowledge incidents of their project, administrators those of the console."""
    return actor.is_superuser if project_id is None else policy.may(actor, NOTE, role)


def require_note(actor: Actor, project_id: int | None, role: str | None) -> None:
    """Raises Forbidden. The caller has checked that the actor may see the incident."""
    if not may_note(actor, project_id, role):
        raise Forbidden


def may_manage(actor: Actor, project_id: int | None, role: str | None) -> bool:
    """Maintainers change checks and plan maintenance of their project, administrators of the console."""
    return actor.is_superuser if project_id is None else policy.may(actor, MANAGE, role)


def require_manage(actor: Actor, project_id: int | None, role: str | None) -> None:
    """Raises Forbidden. The caller has checked that the actor may see the check."""
    if not may_manage(actor, project_id, role):
        raise Forbidden


def require_public() -> None:
    """Raises NotFound unless the settings enable the public page, which everybody may see."""
    if not instance_settings().status_public:
        raise NotFound

"""Permissions on imports: who may create one row may import many. Only its creator sees an import."""

from tca_app.core.actor import Actor
from tca_app.core.errors import NotWhileActing
from tca_app.features.imports.schemas import Kind
from tca_app.features.projects import policy as projects
from tca_app.features.users import policy as users


def require(actor: Actor, kind: Kind, role: str | None = None) -> None:
    """Raises Forbidden, NotFound for the members of a project of others, or NotWhileActing: it outlasts that."""
    if actor.acting_id:
        raise NotWhileActing
    if kind == "users":
        users.require(actor, "users.create")
    elif kind == "projects":
        projects.require(actor, "projects.create")
    else:
        projects.require(actor, "members.write", role)

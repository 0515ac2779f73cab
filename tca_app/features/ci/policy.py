"""Permissions on trusted issuers: a maintainer's, and never a token's."""

from tca_app.core.actor import Actor
from tca_app.core.errors import SessionRequired
from tca_app.features.auth.policy import require_own
from tca_app.features.projects import policy as projects

MANAGE = "ci_trusts.manage"  # in a project


def require_session(actor: Actor) -> None:
    """Raises SessionRequired: no token says which jobs get tokens, and NotWhileActing."""
    require_own(actor, "tokens.use")
    if actor.token_id:
        raise SessionRequired


def require_manager(actor: Actor, my_role: str | None) -> None:
    """Raises NotFound, Forbidden unless the actor manages the trusted issuers of the project."""
    require_session(actor)
    projects.require(actor, MANAGE, my_role)

"""Permissions on API tokens: a token never has more than its maker has."""

from collections.abc import Iterable

from tca_app.core.actor import Actor
from tca_app.core.errors import FieldError, Forbidden, SessionRequired
from tca_app.core.language.messages import _
from tca_app.features.auth.policy import require_own
from tca_app.features.projects import policy as projects

MANAGE = "tokens.manage"  # in a project


def require_session(actor: Actor) -> None:
    """Raises SessionRequired: no token lists, creates, rotates or revokes tokens, and NotWhileActing."""
    require_own(actor, "tokens.use")
    if actor.token_id:
        raise SessionRequired


def require_scopes(actor: Actor, scopes: Iterable[str]) -> None:
    """Raises Forbidden unless the actor has the power that these scopes give."""
    if "admin" in scopes and not actor.is_superuser:
        raise _refused("scopes", _("Only administrators may create a token with the scope admin."))


def require_role(actor: Actor, my_role: str | None, role: str) -> None:
    """Raises Forbidden unless the actor may grant this role in the project."""
    projects.require(actor, projects.grant_action(role), my_role)


def require_no_expiry(actor: Actor) -> None:
    """Raises Forbidden unless the actor may create tokens that never expire."""
    if not actor.is_superuser:
        raise _refused("expires_in_days", _("Only administrators may create a token that never expires."))


def require_all(actor: Actor) -> None:
    """Raises Forbidden unless the actor may see the tokens of everybody."""
    require_session(actor)
    if not actor.is_superuser:
        raise Forbidden


def _refused(field: str, detail: str) -> Forbidden:
    return Forbidden(detail, errors=[FieldError(f"/{field}", detail)])

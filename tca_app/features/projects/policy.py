"""Permissions in a project, by the role in it. A superuser counts as its owner."""

from tca_app.core.actor import Actor
from tca_app.core.errors import Forbidden, NotFound

RANK = {"viewer": 1, "deployer": 2, "maintainer": 3, "owner": 4}

# The lowest role that may do each action.
RULES = {
    "projects.read": "viewer",
    "projects.update": "maintainer",
    "projects.rename": "owner",
    "projects.archive": "owner",
    "projects.transfer": "owner",
    "projects.delete": "owner",
    "projects.restore": "owner",
    "members.list": "maintainer",
    "members.write": "maintainer",
    "members.grant_maintainer": "owner",
    "webhooks.manage": "maintainer",
    "environments.read": "viewer",
    "environments.write": "maintainer",
    "deployments.read": "viewer",
    "deployments.write": "deployer",
    "deployments.decide": "maintainer",
    "comments.write": "viewer",
    "comments.moderate": "maintainer",
    "hooks.write": "maintainer",
    "slack.manage": "maintainer",
    "tokens.manage": "maintainer",
    "ci_trusts.manage": "maintainer",
    "health.note": "deployer",
    "health.manage": "maintainer",
}
# Open to every signed-in user: lists show only their own projects, and the creator of a project owns it.
ANYBODY = frozenset({"projects.list", "projects.create", "projects.bulk", "deployments.list", "health.list"})


def may(actor: Actor, action: str, role: str | None = None) -> bool:
    """Returns whether `actor` may do `action` with `role` in the project (None: not a member)."""
    if action in ANYBODY:
        return True
    needed = RULES.get(action)
    if needed is None:
        return False
    return RANK[needed] <= (RANK["owner"] if actor.is_superuser else RANK.get(role or "", 0))


def require(actor: Actor, action: str, role: str | None = None) -> None:
    """Raises NotFound for non-members, Forbidden for members whose role is too low."""
    if may(actor, action, role):
        return
    raise Forbidden if role else NotFound


def change_action(field: str, before: object, after: object) -> str:
    """Returns the action that a change of this field needs."""
    if field in ("name", "slug"):
        return "projects.rename"
    if field == "status" and "archived" in (before, after):
        return "projects.archive"
    return "projects.update"


def grant_action(*roles: str) -> str:
    """Returns the action that granting or revoking these roles needs."""
    return "members.grant_maintainer" if "maintainer" in roles else "members.write"

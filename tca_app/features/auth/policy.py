"""What only the person themselves may do, and never an administrator who acts as them: whatever concerns credentials.

Features call `require_own` with an action of this table first. Anything that needs a recent proof of identity, such as
a new factor, a secret, a role or an owner, is refused with "proof.use", because only the person can give that proof.
"""

from tca_app.core.actor import Actor
from tca_app.core.errors import NotWhileActing

CREDENTIALS = frozenset(
    {
        "acting.start",
        "email.change",
        "email.confirm",
        "factors.list",
        "identities.change",
        "identities.list",
        "invitations.accept",
        "invitations.manage",
        "password.change",
        "proof.give",
        "proof.use",
        "sessions.end",
        "sessions.list",
        "tokens.use",
    }
)


def require_own(actor: Actor, action: str) -> None:
    """Raises NotWhileActing if an administrator acts as this user."""
    if action not in CREDENTIALS:
        raise ValueError(f"no such action: {action}")
    if actor.acting_id:
        raise NotWhileActing

"""Permissions on user accounts. Anything not listed here is refused."""

from collections.abc import Iterable

from tca_app.core.actor import Actor
from tca_app.core.errors import FieldError, Forbidden, NotFound
from tca_app.core.language.messages import _

ANYBODY = "anybody"
SELF = "self"
SUPERUSER = "superuser"

RULES: dict[str, frozenset[str]] = {
    "users.list": frozenset({SUPERUSER}),
    "users.create": frozenset({SUPERUSER}),
    "users.directory": frozenset({ANYBODY}),
    "users.read": frozenset({SUPERUSER, SELF}),
    "users.update": frozenset({SUPERUSER, SELF}),
    "users.delete": frozenset({SUPERUSER}),
    "users.restore": frozenset({SUPERUSER}),
    "users.export": frozenset({SUPERUSER, SELF}),
    "users.erase": frozenset({SUPERUSER, SELF}),
    "users.bulk": frozenset({SUPERUSER}),
    "users.read_picture": frozenset({ANYBODY}),
    "users.set_picture": frozenset({SELF}),
    "users.remove_picture": frozenset({SUPERUSER, SELF}),
    "users.read_factors": frozenset({SUPERUSER, SELF}),
    "users.reset_factors": frozenset({SUPERUSER}),
    "users.act_as": frozenset({SUPERUSER}),
}
OWN_FIELDS = frozenset({"email", "full_name", "language", "password", "current_password", "time_zone", "locale"})


def may(actor: Actor, action: str, user_id: int | None = None) -> bool:
    """Returns whether `actor` may do `action`, to the user `user_id` where the action is about one."""
    allowed = RULES.get(action, frozenset())
    return (
        ANYBODY in allowed
        or (SUPERUSER in allowed and actor.is_superuser)
        or (SELF in allowed and user_id == actor.user_id)
    )


def require(actor: Actor, action: str, user_id: int | None = None) -> None:
    """Raises NotFound where Forbidden would reveal that the user exists, else Forbidden."""
    if may(actor, action, user_id):
        return
    raise NotFound if SELF in RULES.get(action, frozenset()) else Forbidden


def require_fields(actor: Actor, given: Iterable[str]) -> None:
    """Raises Forbidden when the fields include one that only a superuser may set."""
    if actor.is_superuser:
        return
    refused = sorted(set(given) - OWN_FIELDS)
    if refused:
        raise Forbidden(
            _("Only an administrator may change this."),
            errors=[FieldError(f"/{name}", _("Only an administrator may change this.")) for name in refused],
        )

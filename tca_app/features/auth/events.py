"""Events of sign-in: successful and failed sign-ins, ended sessions, and acting as another user."""

from tca_app.core.events.log import NOTIFYING, Event
from tca_app.core.language.messages import N_


class _SessionEvent(Event):
    """`subject` is the user who signs in. Unknown names are not recorded; they have the id 0."""

    subject_type = "user"


class UserLoggedIn(_SessionEvent):
    type = "user_logged_in"
    title = N_("{subject} signed in")

    kind: str
    device: str


class LoginFailed(_SessionEvent):
    type = "login_failed"
    title = N_("Failed sign-in for {subject}")

    device: str


class SessionRevoked(_SessionEvent):
    type = "session_revoked"
    title = N_("{actor} signed out sessions of {subject}")
    own_title = N_("{actor} signed out sessions of their own")
    consumers = NOTIFYING

    sessions: list[int]
    reason: str


class IdentityLinked(_SessionEvent):
    """`subject` can sign in at this provider from now on."""

    type = "identity_linked"
    title = N_("{actor} linked {provider} to the account of {subject}")
    own_title = N_("{actor} linked {provider} to their account")
    consumers = NOTIFYING

    provider: str


class IdentityUnlinked(_SessionEvent):
    type = "identity_unlinked"
    title = N_("{actor} unlinked {provider} from the account of {subject}")
    own_title = N_("{actor} unlinked {provider} from their account")
    consumers = NOTIFYING

    provider: str


class ActingStarted(_SessionEvent):
    """An administrator acts as `subject` until then. Their events in between have both names."""

    type = "acting_started"
    title = N_("{actor} acts as {subject}: {reason}")
    consumers = NOTIFYING

    reason: str
    until: str


class ActingStopped(_SessionEvent):
    type = "acting_stopped"
    title = N_("{actor} stopped acting as {subject}")

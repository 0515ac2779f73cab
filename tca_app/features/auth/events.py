"""What happens at the door: sign-ins, refused ones, and sessions that end."""

from typing import ClassVar

from tca_app.core.events.log import NOTIFYING, Event


class _SessionEvent(Event):
    """`subject` is the person who signs in; id 0 stands for names that nobody has, which are not written down."""

    type: ClassVar[str] = ""
    subject_type: ClassVar[str] = "user"


class UserLoggedIn(_SessionEvent):
    type = "user_logged_in"
    title = "{subject} signed in"

    kind: str
    device: str


class LoginFailed(_SessionEvent):
    type = "login_failed"
    title = "Failed sign-in for {subject}"

    device: str


class SessionRevoked(_SessionEvent):
    type = "session_revoked"
    title = "{actor} signed out sessions of {subject}"
    consumers = NOTIFYING

    sessions: list[int]
    reason: str

"""Actor: the signed-in person that a service function acts for."""

from contextvars import ContextVar
from dataclasses import dataclass

from tca_app.core.display_name import display_name

# The client address of the current request, for events without a signed-in actor.
client_ip_var: ContextVar[str] = ContextVar("client_ip", default="")


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in person and their session. It is read from the database, never taken from the client."""

    user_id: int
    username: str
    full_name: str
    is_superuser: bool
    session_id: int = 0
    ip: str = ""
    request_id: str = ""

    @property
    def display_name(self) -> str:
        return display_name(self)

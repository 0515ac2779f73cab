"""Who acts: the one value that every rule asks before it does anything."""

from contextvars import ContextVar
from dataclasses import dataclass

# The network address of the request that is being answered, for events that nobody signed in for.
client_ip_var: ContextVar[str] = ContextVar("client_ip", default="")


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in person with the session they act through. Fresh from the database, never from the client."""

    user_id: int
    username: str
    full_name: str
    is_superuser: bool
    session_id: int = 0
    ip: str = ""
    request_id: str = ""

    @property
    def display_name(self) -> str:
        return self.full_name or self.username

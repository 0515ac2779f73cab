"""Actor: the signed-in person, or the API token, that a service function acts for."""

from contextvars import ContextVar
from dataclasses import dataclass

from tca_app.core.display_name import display_name

# The client address of the current request, for events without a signed-in actor.
client_ip_var: ContextVar[str] = ContextVar("client_ip", default="")


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in person and their session, or an API token. It is read from the database, never from the client.

    With a token, `token_name` names it with its owner, `scopes` are those of the token, and `token_project_id` is its
    project unless it is a person's. `is_superuser` is then True only with the scope `admin`.
    """

    user_id: int
    username: str
    full_name: str
    is_superuser: bool
    session_id: int = 0
    ip: str = ""
    request_id: str = ""
    token_id: int = 0
    token_name: str = ""
    token_project_id: int = 0
    scopes: frozenset[str] | None = None
    must_change_password: bool = False

    @property
    def display_name(self) -> str:
        return display_name(self)

    @property
    def event_name(self) -> str:
        """The name in the event log: of the token, so that nobody mistakes a script for its owner."""
        return self.token_name or self.display_name

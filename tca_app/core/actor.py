"""Actor: the signed-in person, or the API token, that a service function acts for."""

from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime

from tca_app.core.display_name import display_name

# The client address of the current request, for events without a signed-in actor.
client_ip_var: ContextVar[str] = ContextVar("client_ip", default="")


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in person and their session, or an API token. It is read from the database, never from the client.

    With a token, `token_name` names it, one of a person with its owner, `scopes` are those of the token, and
    `token_project_id` is its project unless it is a person's. `is_superuser` is then True only with the scope `admin`.

    While an administrator acts as another user, the actor is that user, `acting_id` and `acting_name` are those of the
    administrator, and `session_id` is the administrator's session.

    `time_zone`, `locale` and `language` are what the person chose for the pages, or empty for those of the browser.

    `second_factor_due` is when the account must have a second factor, or None: it has one, or needs none.
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
    acting_id: int = 0
    acting_name: str = ""
    acting_until: datetime | None = None
    second_factor_due: datetime | None = None
    time_zone: str = ""
    locale: str = ""
    language: str | None = None

    @property
    def lacks_second_factor(self) -> bool:
        """Whether the days of grace are over, so that the actor may only add a second factor."""
        return self.second_factor_due is not None and self.second_factor_due <= datetime.now(UTC)

    @property
    def may_pick_people(self) -> bool:
        """Whether the actor may learn which people there are. A token of a project may if it can add them."""
        return not self.token_project_id or "write" in (self.scopes or ())

    @property
    def display_name(self) -> str:
        return display_name(self)

    @property
    def event_name(self) -> str:
        """The name in the event log: of the token, so that nobody mistakes a script for its owner, or both names
        while an administrator acts as the user."""
        if self.acting_id:
            return f"{self.acting_name} (acting as {self.display_name})"
        return self.token_name or self.display_name

    @property
    def event_id(self) -> int:
        """The id in the event log: of the person who did it, who is not the user whom they act as."""
        return self.acting_id or self.user_id

"""Who acts: the one value that every rule asks before it does anything."""

from dataclasses import dataclass


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

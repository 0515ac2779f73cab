"""Events of API tokens. None of them contains the text of a token."""

from typing import ClassVar, Protocol, Self

from tca_app.core.events.log import NOTIFYING, Event
from tca_app.core.language.messages import N_


class Subject(Protocol):
    """A row of a token with the name of its owner."""

    @property
    def id(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def project_id(self) -> int | None: ...
    @property
    def owner(self) -> str: ...
    @property
    def owner_id(self) -> int: ...


class _TokenEvent(Event):
    """`subject` is the token. `owner` names its project or person; `owner_id` is the person, or None."""

    type: ClassVar[str] = ""
    subject_type: ClassVar[str] = "token"

    owner: str
    owner_id: int | None

    @classmethod
    def of(cls, token: Subject, **fields: object) -> Self:
        """Creates the event of a token."""
        return cls(
            subject_id=token.id,
            subject_name=token.name,
            project_id=token.project_id,
            owner=token.owner,
            owner_id=None if token.project_id else token.owner_id,
            **fields,
        )


class TokenCreated(_TokenEvent):
    type = "token_created"
    title = N_("{actor} created the API token {subject} of {owner}")


class TokenRotated(_TokenEvent):
    """`subject` is the new token; `old_id` the one that it replaces, which works until `old_ends_at`."""

    type = "token_rotated"
    title = N_("{actor} rotated the API token {subject} of {owner}")

    old_id: int
    old_ends_at: str


class TokenRevoked(_TokenEvent):
    type = "token_revoked"
    title = N_("{actor} revoked the API token {subject} of {owner}")
    consumers = NOTIFYING


class TokenExpiring(_TokenEvent):
    """The console warns seven days before the end. `expires_on` is the day in UTC."""

    type = "token_expiring"
    title = N_("The API token {subject} of {owner} expires on {expires_on}")
    consumers = NOTIFYING

    expires_on: str
    expires_at: str

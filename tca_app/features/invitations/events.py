"""Events of invitations. None of them contains the whole address, because members of the project may read them."""

from typing import Protocol, Self

from tca_app.core.events.log import Event
from tca_app.core.language.messages import N_


class Subject(Protocol):
    """A row or schema of an invitation."""

    @property
    def id(self) -> int: ...
    @property
    def email(self) -> str: ...
    @property
    def project_id(self) -> int | None: ...
    @property
    def role(self) -> str | None: ...


def masked(email: str) -> str:
    """Returns the address with only the first letter of its local part."""
    local, _, host = email.partition("@")
    return f"{local[:1]}…@{host}"


class _InvitationEvent(Event):
    """`subject` is the invitation."""

    subject_type = "invitation"

    role: str

    @classmethod
    def of(cls, row: Subject) -> Self:
        about = {"subject_id": row.id, "subject_name": masked(row.email), "project_id": row.project_id}
        return cls(**about, role=row.role or "")


class UserInvited(_InvitationEvent):
    type = "user_invited"
    title = N_("{actor} invited {subject}")


class InvitationAccepted(_InvitationEvent):
    type = "invitation_accepted"
    title = N_("{actor} accepted the invitation of {subject}")


class InvitationRevoked(_InvitationEvent):
    type = "invitation_revoked"
    title = N_("{actor} revoked the invitation of {subject}")

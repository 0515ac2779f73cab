"""Schemas of invitations."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from tca_app.core.database.concurrency import ListFilter, ListQuery
from tca_app.core.filters import DayOrMoment, Many
from tca_app.core.schema import Email, Id, InputModel, Line100, ReadModel, UrlId, Username
from tca_app.features.auth.schemas import NewPassword, Token
from tca_app.features.projects.schemas import GrantedRole
from tca_app.features.users.schemas import PersonRead

MAX_ADDRESSES = 100
State = Literal["pending", "accepted", "expired", "revoked"]
_EXAMPLE: dict[str, Any] = {"emails": ["ana@example.com"], "project_id": 3, "role": "viewer"}


def _role_goes_with_project(schema: dict[str, Any]) -> None:
    schema["dependentRequired"] = {"role": ["project_id"], "project_id": ["role"]}
    schema["examples"] = [_EXAMPLE]
    for name in ("role", "project_id"):
        field = schema["properties"][name]
        del field["default"]
        (only,) = (option for option in field.pop("anyOf") if option.get("type") != "null")
        field |= only


class InvitationCreate(InputModel):
    """Without `project_id` and `role` an invitation to the console alone, for which you must be an administrator."""

    model_config = ConfigDict(json_schema_extra=_role_goes_with_project)

    emails: Annotated[list[Email], Field(min_length=1, max_length=MAX_ADDRESSES)]
    project_id: Id | None = None
    role: GrantedRole | None = None

    @model_validator(mode="after")
    def _role_in_project(self) -> "InvitationCreate":
        if (self.project_id is None) != (self.role is None):
            raise ValueError("Provide project_id and role together, or neither")
        return self


InvitationSort = Literal[
    "created_at",
    "-created_at",
    "email",
    "-email",
    "state",
    "-state",
    "invited_by",
    "-invited_by",
    "expires_at",
    "-expires_at",
    "role",
    "-role",
]


class InvitationFilter(ListFilter):
    """`project_id`: the invitations into this project; without it, or with several, for administrators."""

    project_id: Many[UrlId] = []
    state: Many[State] = []
    invited_by_id: Many[UrlId] = []
    since: DayOrMoment | None = Field(None, description="Invited at or after this time.")
    until: DayOrMoment | None = Field(None, description="Invited before this time, or on this day at the latest.")
    sort: InvitationSort = "-created_at"


class InvitationQuery(InvitationFilter, ListQuery):
    """A page of invitations."""


class InvitationRead(ReadModel):
    """An invitation. `role` and the project are null for one to the console alone."""

    id: int
    email: str
    project_id: int | None
    project_name: str | None
    role: GrantedRole | None
    state: State
    invited_by: PersonRead | None
    created_at: datetime
    expires_at: datetime
    accepted_at: datetime | None
    accepted_by: PersonRead | None
    revoked_at: datetime | None


class InvitationsSent(ReadModel):
    """The invitations and, while mail is off, the link of each in the same order. No other call returns a link."""

    invitations: list[InvitationRead]
    secret_links: list[str] | None = Field(
        default=None,
        description="Only while mail is off: give each person the link yourself. Null when an Idempotency-Key is "
        "repeated.",
    )


class InvitationToken(InputModel):
    token: Token


class InvitationAcceptance(InputModel):
    """The account of the invited person, with the token of the link. Its address is that of the invitation."""

    token: Token
    username: Username
    full_name: Line100 = ""
    password: NewPassword


class InvitationDetails(ReadModel):
    """What the page of a link shows. `has_account`: someone has an account with this address."""

    email: str
    project_id: int | None
    project_name: str | None
    role: GrantedRole | None
    invited_by: str
    expires_at: datetime
    has_account: bool

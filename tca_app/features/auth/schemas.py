"""Schemas of sign-in and sessions."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tca_app.core.language.messages import LanguageName
from tca_app.core.schema import Email, InputModel, Line100, ReadModel, Reason, UrlId, Username
from tca_app.core.security.tokens import MAX_PASSWORD

# A password that is only checked: any text of limited length.
GivenPassword = Annotated[
    str, Field(min_length=1, max_length=MAX_PASSWORD, json_schema_extra={"format": "password", "writeOnly": True})
]
# A new password: core.security.password_fault has the rule.
NewPassword = Annotated[
    str,
    Field(
        min_length=8,
        max_length=MAX_PASSWORD,
        description="At least 8 characters (administrators may require more), at most 256, with a digit 0 to 9 and an "
        "uppercase letter. Common passwords are refused, and those made of the username or the email.",
        json_schema_extra={"format": "new-password", "writeOnly": True},
    ),
]
LoginName = Annotated[str, Field(min_length=1, max_length=254, pattern=r"^[^\x00-\x1f\x7f]+$", examples=["ana"])]
Token = Annotated[str, Field(min_length=20, max_length=200, pattern=r"^[A-Za-z0-9._-]+$")]


def _one_name_required(schema: dict[str, Any]) -> None:
    """Says that a name goes with the password. Many generators of clients cannot read `anyOf` of an object."""
    for name in ("username", "email"):
        del schema["properties"][name]["default"]
    schema["minProperties"] = 2
    schema["examples"] = [{"username": "ana", "password": "Green-Boat-42"}]


class LoginRequest(InputModel):
    """Provide `username` or `email`. `username` may also contain an email address."""

    model_config = ConfigDict(json_schema_extra=_one_name_required)

    username: LoginName = Field(default="")
    email: LoginName = Field(default="")
    password: GivenPassword

    @model_validator(mode="after")
    def _one_name(self) -> "LoginRequest":
        if not (self.username or self.email):
            raise ValueError("Provide username or email")
        return self

    @property
    def login(self) -> str:
        return self.username or self.email


class SessionRequest(InputModel):
    username: LoginName
    password: GivenPassword


class Reauthentication(InputModel):
    """A proof of identity for the sensitive changes of the next ten minutes."""

    password: GivenPassword


class ForgottenPassword(InputModel):
    email: Email


class PasswordReset(InputModel):
    """A new password, with the token of the link in the mail."""

    token: Token
    password: NewPassword


class PasswordChange(InputModel):
    """A new password of one's own."""

    current_password: GivenPassword
    password: NewPassword


class EmailConfirmation(InputModel):
    token: Token


class SetupRequest(InputModel):
    """The first administrator, with the one-time token that the first start prints."""

    token: Token
    email: Email
    username: Username
    full_name: Line100 = ""
    password: NewPassword


class RefreshRequest(InputModel):
    refresh_token: Token


class ActingStart(InputModel):
    """Why an administrator acts as another user; the event log has it."""

    reason: Reason


class SignedInUser(ReadModel):
    """The user of a session, as the user sees it."""

    id: int
    email: str
    username: str
    full_name: str
    is_active: bool
    is_superuser: bool
    must_change_password: bool = Field(description="Until they change it every other call answers 403.")
    time_zone: str | None = Field(description="Null: that of the browser.", examples=["Europe/Berlin"])
    locale: str | None = Field(description="Null: that of the browser.", examples=["en-GB"])
    language: LanguageName | None
    last_login_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


class TokenPair(BaseModel):
    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105  the name of a scheme
    expires_in: int = Field(description="Seconds until the access token expires.")
    refresh_token: str


class LoginAnswer(TokenPair):
    user: SignedInUser


SessionSort = Literal[
    "kind",
    "-kind",
    "user_agent",
    "-user_agent",
    "ip",
    "-ip",
    "created_at",
    "-created_at",
    "last_used_at",
    "-last_used_at",
]


class SessionQuery(BaseModel):
    """`user_id`: the sessions of another user, for administrators."""

    model_config = ConfigDict(extra="forbid")

    user_id: UrlId | None = None
    sort: SessionSort = "-last_used_at"


class SessionRead(ReadModel):
    """One session. `is_current` marks the session of this request."""

    id: int
    kind: Literal["browser", "api"]
    user_agent: str
    ip: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    is_current: bool = False

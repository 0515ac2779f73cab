"""Schemas of trusted issuers, and of the exchange of an ID token (RFC 8693)."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from tca_app.core.database.concurrency import UNSET, Changes
from tca_app.core.schema import InputModel, Name50, ReadModel, Url, Wildcard

GITHUB = "https://token.actions.githubusercontent.com"
GITLAB = "https://gitlab.com"
# Claims that name a repository, a project of a CI service, or the job as a whole.
NAMING = (
    "repository",
    "repository_id",
    "project_path",
    "project_id",
    "repositoryUuid",
    "oidc.circleci.com/project-id",
    "sub",
)
MAX_ID_TOKEN = 16 * 1024
GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN: Final = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105  a type
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"  # noqa: S105  a type
JWT = "urn:ietf:params:oauth:token-type:jwt"
_EXAMPLE: dict[str, Any] = {
    "name": "Release",
    "issuer": GITHUB,
    "claims": {"repository": "acme/ledger", "environment": "production"},
}

ClaimName = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9_./:-]+$")]
Claims = Annotated[
    dict[ClaimName, Wildcard],
    Field(
        min_length=1,
        max_length=10,
        description="The value that each claim must have. A `*` at the end stands for anything. One claim names the "
        f"repository: {', '.join(NAMING)}.",
        examples=[_EXAMPLE["claims"]],
    ),
]
Issuer = Annotated[Url, Field(min_length=1, examples=[GITHUB], description="The `iss` of the ID tokens, exactly.")]


class TrustCreate(InputModel):
    """An issuer of ID tokens, and the claims of the jobs that may have tokens of the project."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    name: Name50
    issuer: Issuer
    claims: Claims


class TrustUpdate(Changes):
    """Another issuer or other claims end the tokens that jobs have now. `claims` replaces all claims."""

    name: Name50 = UNSET
    issuer: Issuer = UNSET
    claims: Claims = UNSET


TrustSort = Literal["created_at", "-created_at", "name", "-name", "issuer", "-issuer", "last_used_at", "-last_used_at"]


class TrustQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    sort: TrustSort = "created_at"


class TrustRead(ReadModel):
    """A trusted issuer. `created_by` is empty when that person was deleted."""

    id: int
    project_id: int
    name: str
    issuer: str
    claims: dict[str, str]
    version: int
    created_by: str
    created_at: datetime
    updated_at: datetime
    last_used_at: datetime | None


_Short = Annotated[str, Field(max_length=200, pattern=r"^[!-~]*$")]


class TokenExchange(BaseModel):
    """The form of RFC 8693. `audience` is the number or the slug of the project, or `resource` the URL of its page."""

    grant_type: Annotated[_Short, Field(examples=[GRANT])]
    subject_token: Annotated[
        str, Field(min_length=1, max_length=MAX_ID_TOKEN, pattern=r"^[!-~]+$", description="The ID token of the job.")
    ]
    subject_token_type: Annotated[_Short, Field(examples=[ID_TOKEN])]
    audience: Annotated[_Short, Field(examples=["ledger"])] = ""
    resource: Annotated[_Short, Field(examples=["https://console.example.com/projects/ledger"])] = ""
    requested_token_type: Annotated[_Short, Field(examples=[ACCESS_TOKEN])] = ""


class ExchangedToken(BaseModel):
    """An API token of 15 minutes with the role of deployer in the project."""

    access_token: str = Field(examples=["tca_8hK2xQzN4rT7vW1yB5cF9gJ3mP6sU0aDeHiLoRtX2Zq1bV9k"])
    issued_token_type: Literal["urn:ietf:params:oauth:token-type:access_token"] = ACCESS_TOKEN
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105  a type
    expires_in: int = Field(description="Seconds.", examples=[900])
    scope: str = Field(examples=["read deploy"])

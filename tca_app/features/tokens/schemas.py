"""Schemas of API tokens. The text of a token is only in the response that creates it."""

from datetime import datetime
from ipaddress import ip_network
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, WithJsonSchema

from tca_app.core.database.concurrency import ListFilter
from tca_app.core.filters import DayOrMoment, Many
from tca_app.core.language.messages import N_
from tca_app.core.schema import InputModel, Limit, Name50, ReadModel, ShortSkip, UrlId
from tca_app.core.security.scopes import SCOPES, Scope
from tca_app.features.projects.schemas import GrantedRole, Role

TokenState = Literal["active", "expired", "revoked"]
DEFAULT_DAYS = 90
MAX_DAYS = 365
MAX_OVERLAP_HOURS = 24


def _distinct(scopes: list[Any]) -> list[Any]:
    return [scope for scope in SCOPES if scope in scopes]


def _network(text: str) -> str:
    """Returns an address or a network in its usual form. Raises ValueError."""
    try:
        return str(ip_network(text, strict=False))
    except ValueError:
        raise ValueError(N_("Enter an address or a network, such as 203.0.113.7 or 10.0.0.0/8.")) from None


def _distinct_networks(networks: list[str]) -> list[str]:
    return list(dict.fromkeys(networks))


def _whole(value: object) -> object:
    """Accepts 90.0 as an integer, as JSON Schema does."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


# Only the format stands in the document: JSON Schema cannot say which addresses there are.
_Network = Annotated[
    str,
    Field(min_length=2, max_length=50, pattern=r"^[0-9A-Fa-f.:]+(/[0-9]{1,3})?$"),
    AfterValidator(_network),
    WithJsonSchema({"type": "string", "format": "ip-network", "examples": ["203.0.113.0/24"]}, mode="validation"),
]
Networks = Annotated[
    list[_Network],
    Field(max_length=20, description="Addresses and networks from which the token works. Empty: from anywhere."),
    AfterValidator(_distinct_networks),
]
Scopes = Annotated[
    list[Scope],
    Field(min_length=1, max_length=4, description="Each scope includes those before it: read, deploy, write, admin."),
    AfterValidator(_distinct),
]
ProjectScopes = Annotated[
    list[Literal["read", "deploy", "write"]],
    Field(min_length=1, max_length=3, description="Each scope includes those before it: read, deploy, write."),
    AfterValidator(_distinct),
]
_Days = Annotated[int, Field(ge=1, le=MAX_DAYS)]
_Hours = Annotated[int, Field(ge=0, le=MAX_OVERLAP_HOURS)]
Days = Annotated[_Days, BeforeValidator(_whole, json_schema_input_type=_Days)]
Hours = Annotated[_Hours, BeforeValidator(_whole, json_schema_input_type=_Hours)]


class _NewToken(InputModel):
    name: Name50
    allowed_networks: Networks = []
    expires_in_days: Days | None = Field(
        DEFAULT_DAYS, description="Null: the token never expires. Only administrators may create such a token."
    )


class TokenCreate(_NewToken):
    """A token that acts as its maker, within its scopes. Only administrators may grant `admin`."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Laptop", "scopes": ["read"]}]})

    scopes: Scopes = ["read"]


class ProjectTokenCreate(_NewToken):
    """A token of the project, which works with its own role after its maker has left."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "CI", "role": "deployer", "scopes": ["deploy"]}]}
    )

    role: GrantedRole = "deployer"
    scopes: ProjectScopes = ["deploy"]


class TokenRotate(InputModel):
    """The old token works for `overlap_hours` more, so that every place can be changed. 0 ends it at once."""

    overlap_hours: Hours = MAX_OVERLAP_HOURS


TokenSort = Literal[
    "created_at",
    "-created_at",
    "name",
    "-name",
    "owner",
    "-owner",
    "state",
    "-state",
    "last_used_at",
    "-last_used_at",
    "expires_at",
    "-expires_at",
]


class TokenFilter(ListFilter):
    """All tokens of the console. Without `state`, those that were revoked or have expired too.

    `user_id`: tokens of these people. `project_id`: tokens of these projects. With both, of any of them.
    """

    state: Many[TokenState] = []
    user_id: Many[UrlId] = []
    project_id: Many[UrlId] = []
    since: DayOrMoment | None = Field(None, description="Created at or after this time.")
    until: DayOrMoment | None = Field(None, description="Created before this time, or on this day at the latest.")
    sort: TokenSort = "-created_at"


class TokenQuery(TokenFilter):
    """A page of all tokens."""

    skip: ShortSkip = 0
    limit: Limit = 100


OwnTokenSort = Literal[
    "created_at",
    "-created_at",
    "name",
    "-name",
    "state",
    "-state",
    "last_used_at",
    "-last_used_at",
    "expires_at",
    "-expires_at",
]


class OwnTokenQuery(ListFilter):
    """One's own tokens, or those of a project. Without `state`, those that were revoked or have expired too.

    `search` matches the name and the prefix.
    """

    state: Many[TokenState] = []
    since: DayOrMoment | None = Field(None, description="Created at or after this time.")
    until: DayOrMoment | None = Field(None, description="Created before this time, or on this day at the latest.")
    sort: OwnTokenSort = "-created_at"


class TokenRead(ReadModel):
    """An API token without its text. `prefix` is its beginning.

    `role`: the role in the project, for a token of a project. `ci_trust_id`: the trusted issuer whose ID token a CI job
    exchanged for it. `is_replaced`: a rotation made another one. `created_by` is empty when its maker was deleted, or
    is a CI job.
    """

    id: int
    name: str
    prefix: str = Field(examples=["tca_8hK2xQ"])
    scopes: list[Scope]
    allowed_networks: list[str]
    project_id: int | None
    ci_trust_id: int | None
    role: Role | None
    state: TokenState
    is_replaced: bool
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


class OwnedTokenRead(TokenRead):
    """A token with the name of the person or the project that it belongs to."""

    owner: str
    owner_id: int


class TokenWithSecret(TokenRead):
    """A token with its text, which is shown only once. If you lose it, rotate the token."""

    token: str | None = Field(
        description="Null in a repeated response for an Idempotency-Key, because secrets are not stored.",
        examples=["tca_8hK2xQzN4rT7vW1yB5cF9gJ3mP6sU0aDeHiLoRtX2Zq1bV9k"],
    )

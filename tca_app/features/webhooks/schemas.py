"""Schemas of webhooks. A secret is only in the response that creates it."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field

from tca_app.core.database.concurrency import UNSET, Changes, ListFilter
from tca_app.core.events.log import CATALOGUE
from tca_app.core.filters import DayOrMoment, Many
from tca_app.core.schema import Flag, Id, InputModel, Limit, Line100, ReadModel, Skip, Url, UrlId

DeliveryStatus = Literal["succeeded", "retrying", "failed"]
_EXAMPLE: dict[str, Any] = {
    "url": "https://hooks.example.com/infraforge",
    "description": "Deploy bot",
    "event_types": ["project_archived", "member_added"],
}


def _known(name: str) -> str:
    if name not in CATALOGUE:
        raise ValueError("Unknown event.")
    return name


def _offer(schema: dict[str, Any]) -> None:
    """Adds the events to the schema, when the document is made: the catalogue is not complete at import."""
    schema["enum"] = sorted(CATALOGUE)


def _distinct(names: list[str]) -> list[str]:
    return sorted(set(names))


EventType = Annotated[str, Field(max_length=60, json_schema_extra=_offer), AfterValidator(_known)]
EventTypes = Annotated[
    list[EventType],
    Field(max_length=100, description="Event types to send. Empty: all events."),
    AfterValidator(_distinct),
]
WebhookUrl = Annotated[Url, Field(min_length=1, examples=[_EXAMPLE["url"]])]


class WebhookCreate(InputModel):
    """Without `project_id` the webhook gets all events of the console; superusers only."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE | {"project_id": 7}]})

    project_id: Id | None = None
    url: WebhookUrl
    description: Line100 = ""
    event_types: EventTypes = []


class WebhookUpdate(Changes):
    """`is_active: true` also enables a webhook that was disabled for its failures."""

    url: WebhookUrl = UNSET
    description: Line100 = UNSET
    event_types: EventTypes = UNSET
    is_active: bool = UNSET


WebhookSort = Literal[
    "created_at",
    "-created_at",
    "url",
    "-url",
    "events",
    "-events",
    "is_active",
    "-is_active",
    "last_at",
    "-last_at",
]


class WebhookQuery(ListFilter):
    """Without `project_id`: instance webhooks. `search` matches URL and description."""

    project_id: UrlId | None = None
    is_active: Flag | None = None
    last_status: Many[DeliveryStatus] = Field([], description="The result of the last delivery.")
    since: DayOrMoment | None = Field(None, description="The last delivery was at or after this time.")
    until: DayOrMoment | None = Field(None, description="It was before this time, or on this day at the latest.")
    sort: WebhookSort = "created_at"


DeliverySort = Literal[
    "at",
    "-at",
    "event_type",
    "-event_type",
    "status",
    "-status",
    "attempt",
    "-attempt",
    "duration_ms",
    "-duration_ms",
    "response_code",
    "-response_code",
]


class DeliveryFilter(ListFilter):
    """`search` matches the id of the message and the error."""

    status: Many[DeliveryStatus] = []
    event_type: Many[Annotated[str, Field(max_length=50, pattern=r"^[a-z_]+$")]] = []
    since: DayOrMoment | None = None
    until: DayOrMoment | None = Field(None, description="Before this time, or on this day at the latest.")
    sort: DeliverySort = "-at"


class DeliveryQuery(DeliveryFilter):
    """A page of deliveries."""

    skip: Skip = 0
    limit: Limit = 25


class WebhookRead(ReadModel):
    """`failures`: failed deliveries in a row. `disabled_why`: why it was disabled automatically.

    `old_signature_until`: until then, requests also have a signature with the secret before the rotation.
    """

    id: int
    project_id: int | None
    url: str
    description: str
    event_types: list[str]
    is_active: bool
    failures: int
    disabled_at: datetime | None
    disabled_why: str
    old_signature_until: datetime | None
    last_status: DeliveryStatus | None
    last_at: datetime | None
    created_by: str
    created_by_id: int | None
    version: int
    created_at: datetime
    updated_at: datetime


class WebhookWithSecret(WebhookRead):
    """A webhook with its secret, which is shown only once. If you lose it, generate another."""

    secret: str | None = Field(
        description="Null in a repeated response for an Idempotency-Key, because secrets are not stored.",
        examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    )


class DeliveryRead(ReadModel):
    """One delivery attempt. `retrying`: it failed and another follows. `failed`: it was the last one.

    `message_id` is the same for all attempts of one event, including redeliveries. `event_type` of a test is `ping`.
    `response_size` is at most 64 KiB. The body of the response is not stored.
    """

    id: int
    message_id: str = Field(examples=["msg_6c1a2f0e9b7d4c8f8f3b0a5d2e1c4b7a"])
    event_type: str = Field(examples=["project_archived"])
    event_id: int | None
    attempt: int
    status: DeliveryStatus
    at: datetime
    response_code: int | None
    response_type: str = Field(examples=["application/json"])
    response_size: int
    duration_ms: int
    error: str


class DeliveryDetail(DeliveryRead):
    """One delivery attempt with its request."""

    url: str
    request_headers: dict[str, str]
    request_body: str


class Queued(ReadModel):
    """A queued delivery. The list of deliveries shows its result."""

    message_id: str

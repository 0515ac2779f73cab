"""What the calls and screens about webhooks take and give. A secret is in the answer that makes it, and in no other."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from tca_app.core.database.concurrency import LEFT_OUT, Changes
from tca_app.core.events.log import CATALOGUE
from tca_app.core.schema import Id, InputModel, Limit, Line100, ReadModel, Skip, Url, UrlId

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
    """The catalogue is whole when the document is made, not when this module is read."""
    schema["enum"] = sorted(CATALOGUE)


def _distinct(names: list[str]) -> list[str]:
    return sorted(set(names))


EventType = Annotated[str, Field(max_length=60, json_schema_extra=_offer), AfterValidator(_known)]
EventTypes = Annotated[
    list[EventType],
    Field(max_length=100, description="Empty: all events."),
    AfterValidator(_distinct),
]
WebhookUrl = Annotated[Url, Field(min_length=1, examples=[_EXAMPLE["url"]])]


class WebhookCreate(InputModel):
    """Without `project_id` it hears of everything in the console, which is for superusers."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE | {"project_id": 7}]})

    project_id: Id | None = None
    url: WebhookUrl
    description: Line100 = ""
    event_types: EventTypes = []


class WebhookUpdate(Changes):
    """`is_active`: true also takes back that it was switched off for its failures."""

    url: WebhookUrl = LEFT_OUT
    description: Line100 = LEFT_OUT
    event_types: EventTypes = LEFT_OUT
    is_active: bool = LEFT_OUT


class WebhookQuery(BaseModel):
    """Without `project_id` those that hear of everything."""

    model_config = ConfigDict(extra="forbid")

    project_id: UrlId | None = None


class DeliveryQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    status: DeliveryStatus | None = None
    skip: Skip = 0
    limit: Limit = 25


class WebhookRead(ReadModel):
    """`failures`: deliveries in a row that failed; `disabled_why`: what switched it off by itself.

    `old_signature_until`: until then what is sent carries a signature with the secret before the rotation, too.
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
    version: int
    created_at: datetime
    updated_at: datetime


class WebhookWithSecret(WebhookRead):
    """The secret is shown this once: who loses it makes another."""

    secret: str | None = Field(
        description="Null when the answer is given again for an Idempotency-Key: secrets are not kept for that.",
        examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    )


class DeliveryRead(ReadModel):
    """One attempt to tell a receiver. `retrying`: it failed and another follows; `failed`: it was the last one.

    `message_id` is the same for all attempts of one event, redeliveries included. `event_type` of a test is `ping`.
    `response_size` counts to 64 KiB. What the receiver wrote is not kept.
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
    """With what was sent."""

    url: str
    request_headers: dict[str, str]
    request_body: str


class Queued(ReadModel):
    """It will be sent in a moment; the deliveries tell what became of it."""

    message_id: str

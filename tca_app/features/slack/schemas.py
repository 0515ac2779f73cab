"""Schemas of a project's Slack channel. The URL is accepted but never returned."""

from datetime import datetime
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, ConfigDict, Field

from tca_app.core.database.concurrency import UNSET, Changes
from tca_app.core.schema import HttpUrl, ReadModel

Topic = Literal["deployments", "approvals", "health", "freezes"]
TOPICS: tuple[Topic, ...] = get_args(Topic)
DEFAULT_TOPICS: tuple[Topic, ...] = ("deployments", "approvals", "health")
_EXAMPLE: dict[str, Any] = {
    "url": "https://hooks.slack.com/services/T0000/B0000/XXXX",
    "topics": ["deployments", "health"],
}


def _distinct(topics: list[Topic]) -> list[Topic]:
    return [topic for topic in TOPICS if topic in topics]


Topics = Annotated[list[Topic], Field(min_length=1, max_length=20), AfterValidator(_distinct)]
Url = Annotated[HttpUrl, Field(min_length=1, examples=[_EXAMPLE["url"]])]


class SlackUpdate(Changes):
    """`url` is an incoming webhook of Slack. It is required the first time and never returned."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    url: Url = UNSET
    topics: Topics = UNSET


class SlackRead(ReadModel):
    """`sent_at` is when Slack last accepted a message. `error` says why the last message failed, or is empty."""

    is_connected: bool
    topics: list[Topic]
    changed_at: datetime | None = None
    sent_at: datetime | None = None
    error: str = ""

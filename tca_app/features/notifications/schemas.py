"""Schemas of notifications and preferences."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from tca_app.core.filters import DayOrMoment, Many
from tca_app.core.schema import Flag, InputModel, Limit, ReadModel, UrlId
from tca_app.features.notifications.kinds import OFFERED, Channel
from tca_app.features.projects.schemas import ProjectRef


def _known(kind: str) -> str:
    if kind not in OFFERED:
        raise ValueError("Unknown notification type.")
    return kind


KnownKind = Annotated[
    str, Field(json_schema_extra={"enum": list(OFFERED)}, examples=["member_added"]), AfterValidator(_known)
]


class InboxFilter(BaseModel):
    model_config = ConfigDict(extra="forbid")

    unread: Flag = False
    kind: Many[KnownKind] = []
    project_id: Many[UrlId] = []
    since: DayOrMoment | None = Field(None, description="Received at or after this time.")
    until: DayOrMoment | None = Field(None, description="Received before this time, or on this day at the latest.")
    sort: Literal["id", "-id"] = "-id"


class InboxQuery(InboxFilter):
    """`cursor` is the id of the last notification that the caller has received; the next ones follow."""

    cursor: UrlId | None = None
    limit: Limit = 50


class NotificationRead(ReadModel):
    """A notification. `link` is a path of this console, or empty."""

    id: int
    kind: str = Field(examples=["member_added"])
    title: str = Field(examples=["Ana Lopez added you to Billing API as deployer"])
    body: str
    link: str = Field(examples=["/projects/7"])
    created_at: datetime
    read_at: datetime | None


class Origin(ReadModel):
    """Who acted, empty for the console itself, and in which project."""

    actor_id: int | None
    actor_name: str
    project: ProjectRef | None


class InboxCount(ReadModel):
    unread: int


class Preference(ReadModel):
    """Whether the caller gets a kind of notification on a channel. `is_fixed`: it cannot be switched off."""

    kind: str = Field(examples=["member_added"])
    label: str = Field(examples=["You are added to a project"])
    channel: Channel
    is_on: bool
    is_fixed: bool


class PreferenceChange(InputModel):
    kind: KnownKind
    channel: Channel
    is_on: bool


class PreferencesUpdate(InputModel):
    preferences: Annotated[list[PreferenceChange], Field(min_length=1, max_length=100)]

"""Schemas of the event log."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from tca_app.core.database.csv_lines import MAX_ROWS
from tca_app.core.filters import DayOrMoment, Many
from tca_app.core.schema import Limit, ReadModel, SearchText, UrlId

EXPORT_ROWS = MAX_ROWS


TypeName = Annotated[str, Field(max_length=50, pattern=r"^[a-z_]+$")]


SubjectType = Literal[
    "user",
    "project",
    "deployment",
    "job",
    "webhook",
    "token",
    "instance",
    "group",
    "health_check",
    "incident",
    "maintenance",
]


class ActivityFilter(BaseModel):
    """Filters for events. `since` and `until` are inclusive days in UTC, or times, of which `until` is exclusive."""

    model_config = ConfigDict(extra="forbid")

    search: SearchText = ""
    type: Many[TypeName] = []
    actor_id: Many[UrlId] = []
    subject_type: Many[SubjectType] = []
    subject_id: UrlId | None = None
    about_id: UrlId | None = Field(None, description="Events about this user or by this user.")
    project_id: Many[UrlId] = []
    since: DayOrMoment | None = None
    until: DayOrMoment | None = None
    sort: Literal["at", "-at"] = "-at"


class ActivityQuery(ActivityFilter):
    """`cursor` is the id of the last event that the caller has received; the next ones follow."""

    cursor: UrlId | None = None
    limit: Limit = 50


class ExportQuery(ActivityFilter):
    """The first 50,000 events of the order at most. `X-Capped: true` says that there are more."""

    format: Literal["csv", "json"] = "csv"


class ActivityRead(ReadModel):
    """One event. `ip` and `request_id` are null except for superusers. The fields in `data` depend on the type."""

    id: int
    uuid: UUID
    at: datetime
    type: str
    summary: str = Field(examples=["Ana Lopez created Billing API"])
    actor_type: str = Field(examples=["user", "token", "system"])
    actor_id: int | None
    actor_name: str
    subject_type: str = Field(examples=["project"])
    subject_id: int
    subject_name: str
    project_id: int | None
    before: dict[str, Any]
    after: dict[str, Any]
    data: dict[str, Any]
    ip: str | None
    request_id: str | None

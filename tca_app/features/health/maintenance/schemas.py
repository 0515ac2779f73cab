"""Schemas of maintenance windows."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from tca_app.core.database.concurrency import UNSET, Changes, ListFilter
from tca_app.core.filters import DayOrMoment, Many
from tca_app.core.schema import Id, InputModel, Limit, Line500, Moment, Name100, ReadModel, Skip, UrlId
from tca_app.features.health.schemas import Component

MAX_COMPONENTS = 50
CheckIds = Annotated[list[Id], Field(min_length=1, max_length=MAX_COMPONENTS, description="The ids of health checks.")]
MaintenanceState = Literal["scheduled", "active", "completed", "cancelled"]


MaintenanceSort = Literal[
    "coming",
    "-coming",
    "title",
    "-title",
    "state",
    "-state",
    "component",
    "-component",
    "starts_at",
    "-starts_at",
    "ends_at",
    "-ends_at",
    "created_by",
    "-created_by",
]


class MaintenanceFilter(ListFilter):
    """`search` is in the title and the message. `coming`: current and planned ones by their start, then the others.

    Of days `since` and `until` are inclusive and in UTC; of times `until` is exclusive.
    """

    project_id: Many[UrlId] = []
    check_id: Many[UrlId] = []
    state: Many[MaintenanceState] = []
    created_by_id: Many[UrlId] = []
    since: Annotated[DayOrMoment | None, Field(description="It ends at this time or later.")] = None
    until: Annotated[DayOrMoment | None, Field(description="It begins at this time or before.")] = None
    sort: MaintenanceSort = "coming"


class MaintenanceQuery(MaintenanceFilter):
    skip: Skip = 0
    limit: Limit = 50


class MaintenanceCreate(InputModel):
    """At most 30 days. A start in the past means now.

    With `project_id` for components of that project, by its maintainers; without one for any, by superusers.
    `is_public` announces it on the public page.
    """

    title: Annotated[Name100, Field(examples=["Upgrade of the database"])]
    message: Line500 = ""
    project_id: Id | None = None
    check_ids: CheckIds
    starts_at: Moment
    ends_at: Moment
    is_public: bool = False


class MaintenanceUpdate(Changes):
    """The start of maintenance that has begun cannot be changed, and nothing of maintenance that is over."""

    title: Name100 = UNSET
    message: Line500 = UNSET
    check_ids: CheckIds = UNSET
    starts_at: Moment = UNSET
    ends_at: Moment = UNSET
    is_public: bool = UNSET


class MaintenanceRead(ReadModel):
    """`components` are those that the caller may see. Maintenance that was ended early is `completed`.

    `may_manage`: whether the caller may change and cancel it.
    """

    id: int
    project_id: int | None
    title: str
    message: str
    components: list[Component]
    starts_at: datetime
    ends_at: datetime
    state: MaintenanceState
    is_public: bool
    created_by: str
    created_by_id: int | None
    created_at: datetime
    cancelled_at: datetime | None
    version: int
    may_manage: bool

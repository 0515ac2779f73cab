"""Schemas of groups."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from tca_app.core.database.concurrency import UNSET, Changes, ListFilter, ListQuery
from tca_app.core.filters import DayOrMoment, Many
from tca_app.core.schema import Id, InputModel, Line200, Name50, ReadModel, UrlId
from tca_app.features.projects.schemas import GrantedRole


class GroupCreate(InputModel):
    name: Name50
    description: Line200 = ""


class GroupUpdate(Changes):
    name: Name50 = UNSET
    description: Line200 = UNSET


GroupSort = Literal[
    "name",
    "-name",
    "member_count",
    "-member_count",
    "project_count",
    "-project_count",
    "created_at",
    "-created_at",
]


class GroupFilter(ListFilter):
    """`search` matches name and description. Administrators alone may filter by people and by projects."""

    user_id: Many[UrlId] = []
    project_id: Many[UrlId] = []
    since: DayOrMoment | None = Field(None, description="Created at or after this time.")
    until: DayOrMoment | None = Field(None, description="Created before this time, or on this day at the latest.")
    sort: GroupSort = "name"


class GroupQuery(GroupFilter, ListQuery):
    """A page of groups."""


class GroupRead(ReadModel):
    """A group, with the number of its people and of the projects that have it."""

    id: int
    name: str
    description: str
    member_count: int
    project_count: int
    version: int
    created_at: datetime
    updated_at: datetime


class GroupMemberAdd(InputModel):
    user_id: Id


class GroupMemberRead(ReadModel):
    """One person in a group."""

    user_id: int
    username: str
    full_name: str
    is_active: bool


class GroupMemberQuery(ListFilter):
    """`search` matches names and email."""

    sort: Literal["username", "-username", "full_name", "-full_name"] = "username"


class ProjectGroupQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    sort: Literal["name", "-name", "member_count", "-member_count", "role", "-role"] = "name"


class ProjectGroupAdd(InputModel):
    group_id: Id
    role: GrantedRole = "viewer"


class ProjectGroupUpdate(InputModel):
    role: GrantedRole


class ProjectGroupRead(ReadModel):
    """A group in a project."""

    group_id: int
    name: str
    member_count: int
    role: GrantedRole

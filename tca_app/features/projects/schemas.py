"""Schemas of projects and their members."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from tca_app.core.database.concurrency import UNSET, Changes, ListFilter, ListQuery
from tca_app.core.filters import DayOrMoment, Many
from tca_app.core.marks import Color, Emoji
from tca_app.core.schema import Flag, HttpUrl, Id, InputModel, Name100, ReadModel, Slug, Text2000, UrlId
from tca_app.features.users.schemas import PersonRead

ProjectStatus = Literal["active", "paused", "archived"]
Role = Literal["owner", "maintainer", "deployer", "viewer"]
GrantedRole = Literal["maintainer", "deployer", "viewer"]
ProjectSort = Literal[
    "created_at",
    "-created_at",
    "updated_at",
    "-updated_at",
    "name",
    "-name",
    "slug",
    "-slug",
    "status",
    "-status",
    "owner",
    "-owner",
    "member_count",
    "-member_count",
    "my_role",
    "-my_role",
    "deleted_at",
    "-deleted_at",
    "deleted_by",
    "-deleted_by",
]
ProjectAction = Literal["archive", "delete", "restore"]

_BILLING: dict[str, Any] = {
    "name": "Billing API",
    "slug": "billing-api",
    "description": "Invoices and payments.",
    "status": "active",
    "repository_url": "https://git.example.com/billing",
    "color": "teal",
    "emoji": "",
}


class ProjectRef(ReadModel):
    """A project as the lists of other records name it. `color` and `emoji` are those of its mark."""

    id: int
    name: str
    slug: str
    color: Color
    emoji: str


class TeamMember(InputModel):
    user_id: Id
    role: GrantedRole = "viewer"


class ProjectCreate(InputModel):
    """The creator becomes the owner. Without a slug one is made from the name."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [_BILLING | {"team_members": [{"user_id": 7, "role": "deployer"}]}]}
    )

    name: Name100
    slug: Slug | None = None
    description: Text2000 = ""
    status: ProjectStatus = "active"
    repository_url: HttpUrl = ""
    color: Color = ""
    emoji: Emoji = ""
    team_members: Annotated[list[TeamMember], Field(max_length=100)] = []


class ProjectUpdate(Changes):
    """Maintainers may change description, repository_url, color, emoji, and status between active and paused; owners
    everything."""

    name: Name100 = UNSET
    slug: Slug = UNSET
    description: Text2000 = UNSET
    status: ProjectStatus = UNSET
    repository_url: HttpUrl = UNSET
    color: Color = UNSET
    emoji: Emoji = UNSET


class ProjectFilter(ListFilter):
    """`mine`: projects of which the caller is a member. `member_id`: projects of which this user is a member.

    `group_id`: projects with one of these groups; others than administrators: of groups that they are in. With `mine`,
    projects of either.

    `deleted`: projects in the trash (the caller's own; all for superusers).
    """

    status: Many[ProjectStatus] = []
    owner_id: Many[UrlId] = []
    member_id: Many[UrlId] = []
    group_id: Many[UrlId] = []
    my_role: Many[Role] = Field([], description="Projects in which the caller has one of these roles.")
    mine: Flag = False
    since: DayOrMoment | None = Field(None, description="Created at or after this time.")
    until: DayOrMoment | None = Field(None, description="Created before this time, or on this day at the latest.")
    deleted: Flag = False
    sort: ProjectSort = "-created_at"


class ProjectQuery(ProjectFilter, ListQuery):
    """A page of projects."""


class ProjectBulk(InputModel):
    """One action on many projects."""

    action: ProjectAction
    ids: Annotated[list[Id], Field(min_length=1, max_length=100)]


class Transfer(InputModel):
    user_id: Id = Field(description="The new owner. The current owner becomes a maintainer.")


class MemberUpdate(InputModel):
    role: GrantedRole


class ProjectRead(ReadModel):
    """A project as the caller sees it. `my_role` is null for a superuser who is not a member."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {"id": 3}
                | _BILLING
                | {
                    "owner": {"id": 7, "username": "ana", "full_name": "Ana Lopez"},
                    "member_count": 4,
                    "my_role": "owner",
                    "version": 1,
                    "created_at": "2026-05-04T09:30:00Z",
                    "updated_at": "2026-05-04T09:30:00Z",
                    "deleted_at": None,
                }
            ]
        },
    )

    id: int
    name: str
    slug: str
    description: str
    status: ProjectStatus
    repository_url: str
    color: Color = Field(description="The colour of its mark. Empty: one that depends on the name.")
    emoji: str = Field(description="Shown in the mark instead of the letter, or empty.")
    owner: PersonRead
    member_count: int
    my_role: Role | None
    version: int
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None


MemberSort = Literal["role", "-role", "name", "-name", "created_at", "-created_at"]


class MemberFilter(ListFilter):
    """`search` matches names. `sort=-role`: the highest role first, and within a role by name."""

    role: Many[Role] = []
    is_active: Flag | None = None
    since: DayOrMoment | None = Field(None, description="A member since this time, or later.")
    until: DayOrMoment | None = Field(None, description="A member before this time, or on this day at the latest.")
    sort: MemberSort = "-role"


class MemberQuery(MemberFilter, ListQuery):
    """A page of members."""


class MemberRead(ReadModel):
    """One member of a project. `by_groups`: the groups that give them a role, too; the highest role counts."""

    user_id: int
    username: str
    full_name: str
    is_active: bool
    role: Role
    by_groups: list[str]
    created_at: datetime

"""Schemas of users, for REST and the forms."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tca_app.core.database.concurrency import UNSET, Changes, ListFilter, ListQuery
from tca_app.core.display_name import display_name
from tca_app.core.filters import Day, DayOrMoment
from tca_app.core.language.messages import LanguageName
from tca_app.core.marks import Color
from tca_app.core.pictures import MAX_UPLOAD
from tca_app.core.region.locales import LocaleTag
from tca_app.core.schema import Email, Flag, Id, InputModel, Line100, ReadModel, TimeZone, Username
from tca_app.features.auth.schemas import GivenPassword, NewPassword, SignedInUser

_ANA: dict[str, Any] = {"email": "ana@example.com", "username": "ana", "full_name": "Ana Lopez"}

UserSort = Literal[
    "created_at",
    "-created_at",
    "username",
    "-username",
    "email",
    "-email",
    "full_name",
    "-full_name",
    "last_login_at",
    "-last_login_at",
    "is_superuser",
    "-is_superuser",
    "is_active",
    "-is_active",
    "deleted_at",
    "-deleted_at",
    "deleted_by",
    "-deleted_by",
]
UserAction = Literal["activate", "deactivate", "delete", "restore"]


class UserCreate(InputModel):
    model_config = ConfigDict(json_schema_extra={"examples": [_ANA | {"password": "Green-Boat-42"}]})

    email: Email
    username: Username
    full_name: Line100 = ""
    password: NewPassword
    must_change_password: bool = False
    is_active: bool = True
    is_superuser: bool = False


class ProvidedUser(InputModel):
    """A new account without a password, from what a sign-in provider says."""

    email: Email
    username: Username
    full_name: Line100 = ""
    is_superuser: bool = False


class ImportedUser(ProvidedUser):
    """A new account without a password, from a row of a file."""

    is_active: bool = True


class UserUpdate(Changes):
    """Changing your own email or password requires `current_password`. A new email of yours becomes `pending_email`
    until you open the link that is sent to it. Only superusers may set some fields. A `time_zone` or `locale` of null
    is that of the browser."""

    email: Email = UNSET
    username: Username = UNSET
    full_name: Line100 = UNSET
    language: LanguageName | None = UNSET
    password: NewPassword = UNSET
    current_password: GivenPassword = UNSET
    must_change_password: bool = UNSET
    is_active: bool = UNSET
    is_superuser: bool = UNSET
    time_zone: TimeZone | None = UNSET
    locale: LocaleTag | None = UNSET


class UserFilter(ListFilter):
    """`deleted` lists the trash instead of the users who are not in it.

    `since` and `until` are days in UTC, both inclusive, or times, of which `until` is exclusive.
    """

    is_active: Flag | None = None
    is_superuser: Flag | None = None
    deleted: Flag = False
    since: DayOrMoment | None = Field(None, description="Created at or after this time.")
    until: DayOrMoment | None = Field(None, description="Created before this time, or on this day at the latest.")
    existed_on: Day | None = Field(
        None, description="Existed at the end of this day (UTC), also if they were deleted later."
    )
    sort: UserSort = "-created_at"


class UserQuery(UserFilter, ListQuery):
    """A page of users."""


class UserBulk(InputModel):
    """One action on many users. `transfer_to` is the new owner of the projects of deleted users."""

    action: UserAction
    ids: Annotated[list[Id], Field(min_length=1, max_length=100)]
    transfer_to: Id | None = None


class UserRead(SignedInUser):
    """A user, as superusers and the user see it."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {"id": 7}
                | _ANA
                | {
                    "is_active": True,
                    "is_superuser": False,
                    "must_change_password": False,
                    "time_zone": "Europe/Berlin",
                    "locale": "en-GB",
                    "language": "de",
                    "last_login_at": None,
                    "version": 1,
                    "created_at": "2026-05-04T09:30:00Z",
                    "updated_at": "2026-05-04T09:30:00Z",
                    "deleted_at": None,
                    "pending_email": "",
                }
            ]
        },
    )

    deleted_at: datetime | None
    pending_email: str = Field(description="The address that you changed to, until you confirm it there; or empty.")


class PersonRead(ReadModel):
    """The names of a user, to show or to pick; nothing else."""

    id: int
    username: str
    full_name: str

    @property
    def display_name(self) -> str:
        return display_name(self)


class PictureUpdate(InputModel):
    """An image as base64: PNG, JPEG or WebP, of at most 512 kB and 2048 x 2048 pixels."""

    content: Annotated[
        str, Field(min_length=1, max_length=(MAX_UPLOAD + 2) // 3 * 4, pattern=r"^[A-Za-z0-9+/]+={0,2}$")
    ]


class PictureRead(ReadModel):
    """The stored picture."""

    url: str = Field(examples=["/api/v1/users/7/picture?v=0123456789abcdef"])


class MembershipQuery(BaseModel):
    """The order of the projects of a user."""

    sort: Literal["name", "-name", "role", "-role", "status", "-status"] = "name"


class MembershipRead(ReadModel):
    """A project of a user, with the user's role in it. `color` and `emoji` are those of its mark."""

    project_id: int
    name: str
    slug: str
    color: Color
    emoji: str
    status: Literal["active", "paused", "archived"]
    role: Literal["owner", "maintainer", "deployer", "viewer"]

"""Schemas of comments on deployments."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from tca_app.core.database.concurrency import UNSET, Changes
from tca_app.core.schema import FilledText4000, InputModel, Limit, ReadModel, SearchText, UrlId
from tca_app.features.users.schemas import PersonRead

Body = Annotated[
    FilledText4000, Field(description="Plain text. `@username` mentions a person with access to the project.")
]
_EXAMPLE = "@ana The health check fails. I roll it back."


class CommentCreate(InputModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"body": _EXAMPLE}]})

    body: Body


class CommentUpdate(Changes):
    body: Body = UNSET


class CommentQuery(BaseModel):
    """`cursor` is the id of the last comment that the caller has received; older ones follow."""

    model_config = ConfigDict(extra="forbid")

    cursor: UrlId | None = None
    limit: Limit = 50


class PeopleQuery(BaseModel):
    """`search` is the beginning of a username or of a word of a full name."""

    model_config = ConfigDict(extra="forbid")

    search: SearchText = ""


class MentionRead(ReadModel):
    """A mentioned person. `username` is as it stands in the comment."""

    username: str = Field(examples=["ana"])
    person: PersonRead


class CommentRead(ReadModel):
    """A comment. `author` is null when the account no longer exists."""

    id: int
    deployment_id: int
    author: PersonRead | None
    body: str = Field(examples=[_EXAMPLE])
    mentions: list[MentionRead]
    created_at: datetime
    edited_at: datetime | None
    may_edit: bool = Field(description="Whether the caller may edit it: its author.")
    may_delete: bool = Field(description="Whether the caller may delete it: its author, or a maintainer.")

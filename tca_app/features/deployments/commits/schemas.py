"""Schemas of commits, as CI reports them and as a deployment shows them."""

import re
from datetime import datetime
from typing import Annotated

from pydantic import BeforeValidator, Field

from tca_app.core.schema import HttpUrl, InputModel, Line100, Line200, Moment, ReadModel

MAX_COMMITS = 250  # of one report, and between two versions
MAX_MESSAGE = 200


# What the console's own fields refuse; a message of Git may have it.
_INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]+")


def first_line(text: object) -> object:
    """Returns the first line of a message, as far as it is shown, with spaces for invisible characters."""
    if not isinstance(text, str):
        return text
    return _INVISIBLE.sub(" ", text.strip().partition("\n")[0]).strip()[:MAX_MESSAGE]


FullSha = Annotated[str, Field(pattern=r"^([0-9a-f]{40}|[0-9a-f]{64})$", examples=["9f1c2ab0" * 5])]
Message = Annotated[Line200, BeforeValidator(first_line, json_schema_input_type=str | None)]


class CommitCreate(InputModel):
    """A commit. Of its message the first line is stored, at most 200 characters."""

    sha: FullSha
    message: Message = Field("", examples=["Reject negative lead times"])
    author: Line100 = ""
    at: Moment
    url: HttpUrl = ""


class ReportedCommits(InputModel):
    """The commits of a deployment: all after `since`, oldest first. The last one is what is deployed."""

    since: FullSha
    commits: Annotated[list[CommitCreate], Field(min_length=1, max_length=MAX_COMMITS)]


class CommitRead(ReadModel):
    sha: str
    message: str
    author: str
    url: str
    at: datetime


class CommitRange(ReadModel):
    """Commits between two versions, newest first; none where they were not reported."""

    is_known: bool = Field(description="Whether GitHub or CI reported the commits in between.")
    is_truncated: bool = Field(description="Whether there are more: at most 250 are listed.")
    commits: list[CommitRead]


class DeploymentCommits(CommitRange):
    """The commits since the previous deployment to the environment, or those that an earlier version takes back."""

    before_id: int | None = Field(description="The previous successful deployment to the environment.")
    before_version: str
    is_undone: bool = Field(description="The deployed commit is older than the previous one: these are taken back.")


NOT_KNOWN = CommitRange(is_known=False, is_truncated=False, commits=[])

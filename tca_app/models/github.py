"""The GitHub integration of a project: the webhook secret, recorded deliveries, and commits."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKeyConstraint, Text, func
from sqlmodel import Field

from tca_app.models.base import UTC_TIME, TableModel, parent_id, sealed

_EMPTY = {"server_default": ""}
_NOW = {"server_default": func.now(), "nullable": False}


class GithubHook(TableModel, table=True):
    """The GitHub webhook of a project. Its secret is encrypted (core.security.encryption), to verify each delivery.

    The first delivery sets the repository by GitHub's id, which survives a rename. A delivery of another repository is
    refused and its id stored, so that a person can accept it.
    """

    __tablename__ = "github_hooks"

    project_id: int = parent_id("projects")
    sealed_secret: bytes = sealed("github_hook:{project_id}")
    rotated_at: datetime = Field(default=None, sa_type=UTC_TIME, sa_column_kwargs=_NOW)
    repository_id: int | None = Field(default=None, sa_type=BigInteger)
    repository: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})
    refused_repository_id: int | None = Field(default=None, sa_type=BigInteger)
    refused_repository: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})
    refused_at: datetime | None = Field(default=None, sa_type=UTC_TIME)


class GithubDelivery(TableModel, table=True):
    """A processed delivery. Its signature has no timestamp, so it is kept as long as the project, against replays.

    Ignored and failed deliveries are not stored, so that a redelivery is processed.
    """

    __tablename__ = "github_deliveries"

    project_id: int = parent_id("projects")
    delivery: str = Field(sa_type=Text, primary_key=True)
    event: str = Field(sa_type=Text)
    received_at: datetime = Field(default=None, sa_type=UTC_TIME, sa_column_kwargs=_NOW)


class GithubCommit(TableModel, table=True):
    """A commit that GitHub pushed, or that CI reported with a deployment.

    `at` is its time, which GitHub's deployment events do not contain. `message` is its first line.
    """

    __tablename__ = "github_commits"

    project_id: int = parent_id("projects")
    sha: str = Field(sa_type=Text, primary_key=True)
    at: datetime = Field(sa_type=UTC_TIME)
    message: str = Field(default="", sa_type=Text, sa_column_kwargs=_EMPTY)
    author: str = Field(default="", sa_type=Text, sa_column_kwargs=_EMPTY)
    url: str = Field(default="", sa_type=Text, sa_column_kwargs=_EMPTY)


class CommitStep(TableModel, table=True):
    """A commit on a branch with its parent there. `previous_sha` is "" where the parent is unknown.

    `ref` is the branch that GitHub pushed, or "" for the commits that CI reported.
    """

    __tablename__ = "commit_steps"
    __table_args__ = (
        ForeignKeyConstraint(
            ["project_id", "sha"],
            ["github_commits.project_id", "github_commits.sha"],
            name="fk_commit_steps_project_id",
            ondelete="CASCADE",
        ),
    )

    project_id: int = Field(sa_type=BigInteger, primary_key=True, sa_column_kwargs={"autoincrement": False})
    sha: str = Field(sa_type=Text, primary_key=True)
    ref: str = Field(sa_type=Text, primary_key=True)
    previous_sha: str = Field(sa_type=Text)

"""The GitHub integration of a project: the webhook secret, recorded deliveries and commit times."""

from datetime import datetime

from sqlalchemy import BigInteger, Text, func
from sqlmodel import Field

from tca_app.models.base import UTC_TIME, TableModel, parent_id, sealed

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
    """The time of a pushed commit, which GitHub's deployment events do not contain."""

    __tablename__ = "github_commits"

    project_id: int = parent_id("projects")
    sha: str = Field(sa_type=Text, primary_key=True)
    at: datetime = Field(sa_type=UTC_TIME)

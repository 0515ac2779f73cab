"""What GitHub reports about a project: the secret of its webhook, the deliveries that were recorded, commit times."""

from datetime import datetime

from sqlalchemy import BigInteger, LargeBinary, Text, func
from sqlmodel import Field

from tca_app.models.base import UTC_TIME, TableModel

_NO_SERIAL = {"autoincrement": False}
_NOW = {"server_default": func.now(), "nullable": False}


class GithubHook(TableModel, table=True):
    """The secret is sealed (core.sealing): it is needed to check each delivery.

    The first delivery names the repository; GitHub's id survives a rename. Another repository is refused and kept
    beside it, so that a person can accept it.
    """

    __tablename__ = "github_hooks"

    project_id: int = Field(
        sa_type=BigInteger, foreign_key="projects.id", ondelete="CASCADE", primary_key=True, sa_column_kwargs=_NO_SERIAL
    )
    sealed_secret: bytes = Field(sa_type=LargeBinary, repr=False)
    rotated_at: datetime = Field(default=None, sa_type=UTC_TIME, sa_column_kwargs=_NOW)
    repository_id: int | None = Field(default=None, sa_type=BigInteger)
    repository: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})
    refused_repository_id: int | None = Field(default=None, sa_type=BigInteger)
    refused_repository: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})
    refused_at: datetime | None = Field(default=None, sa_type=UTC_TIME)


class GithubDelivery(TableModel, table=True):
    """A delivery that changed something. Its signature holds no time, so it is kept for as long as the project.

    One that was ignored or failed is not kept: when it is sent again, it is processed.
    """

    __tablename__ = "github_deliveries"

    project_id: int = Field(
        sa_type=BigInteger, foreign_key="projects.id", ondelete="CASCADE", primary_key=True, sa_column_kwargs=_NO_SERIAL
    )
    delivery: str = Field(sa_type=Text, primary_key=True)
    event: str = Field(sa_type=Text)
    received_at: datetime = Field(default=None, sa_type=UTC_TIME, sa_column_kwargs=_NOW)


class GithubCommit(TableModel, table=True):
    """When a commit that was pushed had been made: what GitHub says of a deployment does not tell that."""

    __tablename__ = "github_commits"

    project_id: int = Field(
        sa_type=BigInteger, foreign_key="projects.id", ondelete="CASCADE", primary_key=True, sa_column_kwargs=_NO_SERIAL
    )
    sha: str = Field(sa_type=Text, primary_key=True)
    at: datetime = Field(sa_type=UTC_TIME)

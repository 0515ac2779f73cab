"""What GitHub tells about a project: the key of its webhook, the deliveries that were dealt with, and commit times."""

from datetime import datetime

from sqlalchemy import BigInteger, LargeBinary, Text, func
from sqlmodel import Field, SQLModel

from tca_app.models.base import UTC_TIME

_OF_PROJECT = {"sa_type": BigInteger, "foreign_key": "projects.id", "ondelete": "CASCADE", "primary_key": True}
_NOW = {"server_default": func.now(), "nullable": False}


class GithubHook(SQLModel, table=True):
    """The secret is sealed (core.sealing): it is needed to check each delivery."""

    __tablename__ = "github_hooks"

    project_id: int = Field(**_OF_PROJECT, sa_column_kwargs={"autoincrement": False})
    sealed_secret: bytes = Field(sa_type=LargeBinary, repr=False)
    rotated_at: datetime = Field(default=None, sa_type=UTC_TIME, sa_column_kwargs=_NOW)


class GithubDelivery(SQLModel, table=True):
    """A delivery that was dealt with. Its signature holds no time, so it stays known for as long as the project."""

    __tablename__ = "github_deliveries"

    project_id: int = Field(**_OF_PROJECT, sa_column_kwargs={"autoincrement": False})
    delivery: str = Field(sa_type=Text, primary_key=True)
    event: str = Field(sa_type=Text)
    received_at: datetime = Field(default=None, sa_type=UTC_TIME, sa_column_kwargs=_NOW)


class GithubCommit(SQLModel, table=True):
    """When a commit that was pushed had been made: what GitHub says of a deployment does not tell that."""

    __tablename__ = "github_commits"

    project_id: int = Field(**_OF_PROJECT, sa_column_kwargs={"autoincrement": False})
    sha: str = Field(sa_type=Text, primary_key=True)
    at: datetime = Field(sa_type=UTC_TIME)

"""The Slack channel of a project."""

from datetime import datetime

from sqlalchemy import Column, Text, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from tca_app.models.base import UTC_TIME, TableModel, parent_id, sealed


class SlackChannel(TableModel, table=True):
    """The incoming webhook of a project's Slack channel. Its URL is secret: encrypted and never shown.

    `topics`: the events it gets. `sent_at`: the last message that Slack accepted. `error`: why the last one failed.
    """

    __tablename__ = "slack_channels"

    project_id: int = parent_id("projects")
    sealed_url: bytes = sealed("slack_channel:{project_id}")
    topics: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    changed_at: datetime = Field(
        default=None, sa_type=UTC_TIME, sa_column_kwargs={"server_default": func.now(), "nullable": False}
    )
    sent_at: datetime | None = Field(default=None, sa_type=UTC_TIME)
    error: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})

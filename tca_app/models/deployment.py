"""Environments, deployments with their logs and comments, and freeze windows."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Column, Computed, Index, Text, text
from sqlmodel import Field

from tca_app.models.base import UTC_TIME, Row, TableModel, parent_id

_EMPTY = {"server_default": ""}


class Environment(Row, table=True):
    """An environment of a project. A deleted one stays as a row, because its deployments are history.

    `tier` is its purpose; the DORA metrics use it, not the name.
    """

    __tablename__ = "environments"
    __table_args__ = (
        CheckConstraint("name <> ''", name="named"),
        CheckConstraint("tier IN ('production', 'staging', 'testing', 'development', 'other')", name="tier"),
        Index(
            "uq_environments_name",
            "project_id",
            text("lower(name)"),
            unique=True,
            postgresql_where=text("deleted_at IS NULL"),
        ),
        Index("ix_environments_by_rank", "project_id", "rank", "id"),
    )

    project_id: int = Field(sa_type=BigInteger, foreign_key="projects.id", ondelete="CASCADE")
    name: str = Field(sa_type=Text)
    url: str = Field(default="", sa_type=Text, sa_column_kwargs=_EMPTY)
    rank: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    tier: str = Field(default="other", sa_type=Text, sa_column_kwargs={"server_default": "other"})
    is_protected: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    allow_parallel: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    version: int = Field(default=1, sa_column_kwargs={"server_default": text("1")})
    updated_by_id: int | None = Field(default=None, sa_type=BigInteger, foreign_key="users.id", ondelete="SET NULL")
    deleted_at: datetime | None = Field(default=None, sa_type=UTC_TIME)


class Deployment(Row, table=True):
    """A deployment of one version to one environment.

    `rollback_of_id` is the deployment that this one rolls back. `external_id` is the reporter's id, which deduplicates
    repeated reports. `log_lines` is the number of the last log line. `is_waiting`: the source reported that it waits,
    so no timeout applies. `timed_out_at`: it failed by timeout, which holds until the source reports again.
    """

    __tablename__ = "deployments"
    __table_args__ = (
        CheckConstraint(
            "status IN ('pending_approval', 'queued', 'in_progress', 'succeeded', 'failed', 'cancelled')", name="status"
        ),
        CheckConstraint("source IN ('ui', 'api', 'github')", name="source"),
        CheckConstraint(
            "(finished_at IS NOT NULL) = (status IN ('succeeded', 'failed', 'cancelled'))", name="finished"
        ),
        CheckConstraint(
            "CASE status WHEN 'in_progress' THEN started_at IS NOT NULL WHEN 'succeeded' THEN started_at IS NOT NULL "
            "WHEN 'queued' THEN started_at IS NULL AND queued_at IS NOT NULL "
            "WHEN 'pending_approval' THEN queued_at IS NULL ELSE true END",
            name="steps",
        ),
        CheckConstraint("started_at IS NULL OR queued_at IS NOT NULL", name="queued_first"),
        Index(
            "uq_deployments_by_external_id",
            "external_id",
            "project_id",
            unique=True,
            postgresql_where=text("external_id IS NOT NULL"),
        ),
        Index("ix_deployments_by_project", "project_id", text("id DESC")),
        Index("ix_deployments_by_environment", "environment_id", text("id DESC")),
        Index("ix_deployments_by_status", "status", text("id DESC")),
        Index(
            "ix_deployments_current",
            "environment_id",
            text("finished_at DESC"),
            text("id DESC"),
            postgresql_where=text("status = 'succeeded'"),
        ),
        Index(
            "ix_deployments_releases",
            "project_id",
            "version",
            "finished_at",
            postgresql_where=text("status = 'succeeded'"),
        ),
        Index("ix_deployments_open", "environment_id", "status", postgresql_where=text("finished_at IS NULL")),
        Index("ix_deployments_going_on", "project_id", "id", postgresql_where=text("finished_at IS NULL")),
        Index("ix_deployments_by_day", "created_at"),
        Index(
            "ix_deployments_arrivals",
            "environment_id",
            "commit_sha",
            "commit_at",
            postgresql_where=text("status = 'succeeded'"),
        ),
        Index(
            "ix_deployments_ended",
            "environment_id",
            "finished_at",
            "id",
            postgresql_where=text("finished_at IS NOT NULL"),
        ),
        Index(
            "ix_deployments_ended_by_project",
            "project_id",
            "finished_at",
            postgresql_where=text("finished_at IS NOT NULL"),
        ),
        Index("ix_deployments_finished", "finished_at", postgresql_where=text("finished_at IS NOT NULL")),
        *(
            Index(f"ix_deployments_{column}", column, postgresql_where=text(f"{column} IS NOT NULL"))
            for column in ("created_by_id", "decided_by_id", "rollback_of_id")
        ),
        Index("ix_deployments_grams", text("text_grams(search_text)"), postgresql_using="gin"),
    )

    project_id: int = Field(sa_type=BigInteger, foreign_key="projects.id", ondelete="CASCADE")
    environment_id: int = Field(sa_type=BigInteger, foreign_key="environments.id", ondelete="CASCADE")
    version: str = Field(sa_type=Text)
    commit_sha: str = Field(default="", sa_type=Text, sa_column_kwargs=_EMPTY)
    ref: str = Field(default="", sa_type=Text, sa_column_kwargs=_EMPTY)
    commit_at: datetime | None = Field(default=None, sa_type=UTC_TIME)
    description: str = Field(default="", sa_type=Text, sa_column_kwargs=_EMPTY)
    ci_url: str = Field(default="", sa_type=Text, sa_column_kwargs=_EMPTY)
    log_url: str = Field(default="", sa_type=Text, sa_column_kwargs=_EMPTY)
    environment_url: str = Field(default="", sa_type=Text, sa_column_kwargs=_EMPTY)
    status: str = Field(sa_type=Text)
    source: str = Field(sa_type=Text)
    reason: str = Field(default="", sa_type=Text, sa_column_kwargs=_EMPTY)
    freeze_reason: str = Field(default="", sa_type=Text, sa_column_kwargs=_EMPTY)
    queued_at: datetime | None = Field(default=None, sa_type=UTC_TIME)
    started_at: datetime | None = Field(default=None, sa_type=UTC_TIME)
    finished_at: datetime | None = Field(default=None, sa_type=UTC_TIME)
    timed_out_at: datetime | None = Field(default=None, sa_type=UTC_TIME)
    is_waiting: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    created_by_id: int | None = Field(default=None, sa_type=BigInteger, foreign_key="users.id", ondelete="SET NULL")
    reporter: str = Field(default="", sa_type=Text, sa_column_kwargs=_EMPTY)
    decided_by_id: int | None = Field(default=None, sa_type=BigInteger, foreign_key="users.id", ondelete="SET NULL")
    decided_at: datetime | None = Field(default=None, sa_type=UTC_TIME)
    rollback_of_id: int | None = Field(
        default=None, sa_type=BigInteger, foreign_key="deployments.id", ondelete="SET NULL"
    )
    external_id: str | None = Field(default=None, sa_type=Text)
    log_lines: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    search_text: str | None = Field(
        default=None,
        sa_column=Column(
            "search_text",
            Text,
            Computed("fold_text(version || E'\\n' || ref || E'\\n' || commit_sha)", persisted=True),
        ),
    )


class DeploymentLog(TableModel, table=True):
    """One log line of a deployment, numbered from 1 without gaps."""

    __tablename__ = "deployment_logs"

    deployment_id: int = parent_id("deployments")
    seq: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: datetime = Field(
        default=None, sa_type=UTC_TIME, sa_column_kwargs={"server_default": text("now()"), "nullable": False}
    )
    line: str = Field(sa_type=Text)


class DeploymentComment(Row, table=True):
    """A comment on a deployment, as plain text."""

    __tablename__ = "deployment_comments"
    __table_args__ = (
        CheckConstraint("body <> ''", name="filled"),
        Index("ix_deployment_comments_by_deployment", "deployment_id", text("id DESC")),
        Index("ix_deployment_comments_user_id", "user_id", postgresql_where=text("user_id IS NOT NULL")),
    )

    deployment_id: int = Field(sa_type=BigInteger, foreign_key="deployments.id", ondelete="CASCADE")
    user_id: int | None = Field(default=None, sa_type=BigInteger, foreign_key="users.id", ondelete="SET NULL")
    body: str = Field(sa_type=Text)
    edited_at: datetime | None = Field(default=None, sa_type=UTC_TIME)


class CommentMention(TableModel, table=True):
    """A person whom a comment mentions, with the username as it stands there."""

    __tablename__ = "comment_mentions"
    __table_args__ = (Index("ix_comment_mentions_user_id", "user_id"),)

    comment_id: int = parent_id("deployment_comments")
    user_id: int = parent_id("users")
    username: str = Field(sa_type=Text)


class FreezeWindow(Row, table=True):
    """A time window without new deployments to a project or to one of its environments, with the reason."""

    __tablename__ = "freeze_windows"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="ends_later"),
        Index("ix_freeze_windows_by_end", "project_id", "ends_at"),
        Index(
            "ix_freeze_windows_environment_id", "environment_id", postgresql_where=text("environment_id IS NOT NULL")
        ),
    )

    project_id: int = Field(sa_type=BigInteger, foreign_key="projects.id", ondelete="CASCADE")
    environment_id: int | None = Field(
        default=None, sa_type=BigInteger, foreign_key="environments.id", ondelete="CASCADE"
    )
    starts_at: datetime = Field(sa_type=UTC_TIME)
    ends_at: datetime = Field(sa_type=UTC_TIME)
    why: str = Field(sa_type=Text)
    created_by_id: int | None = Field(default=None, sa_type=BigInteger, foreign_key="users.id", ondelete="SET NULL")

"""Projects and their members."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Column, Computed, Index, Text, UniqueConstraint, text
from sqlmodel import Field

from tca_app.models.base import UTC_TIME, Row, TableModel, parent_id


class Project(Row, table=True):
    """A project. Its owner is always also in `project_members`, with the role owner."""

    __tablename__ = "projects"
    __table_args__ = (
        CheckConstraint("status IN ('active', 'paused', 'archived')", name="status"),
        CheckConstraint("slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'", name="slug_form"),
        Index("uq_projects_slug", "slug", unique=True),
        Index(
            "ix_projects_newest", text("created_at DESC"), text("id DESC"), postgresql_where=text("deleted_at IS NULL")
        ),
        Index("ix_projects_by_name", text("lower(name)"), "id", postgresql_where=text("deleted_at IS NULL")),
        Index("ix_projects_trash", text("deleted_at DESC"), postgresql_where=text("deleted_at IS NOT NULL")),
        Index("ix_projects_by_status", "status", "created_at", "deleted_at"),
        Index("ix_projects_owner_id", "owner_id"),
        Index("ix_projects_grams", text("text_grams(search_text)"), postgresql_using="gin"),
    )

    name: str = Field(sa_type=Text)
    slug: str = Field(sa_type=Text)
    description: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})
    status: str = Field(default="active", sa_type=Text, sa_column_kwargs={"server_default": "active"})
    owner_id: int = Field(sa_type=BigInteger, foreign_key="users.id", ondelete="RESTRICT")
    repository_url: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})
    color: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})
    emoji: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})
    version: int = Field(default=1, sa_column_kwargs={"server_default": text("1")})
    updated_by_id: int | None = Field(default=None, sa_type=BigInteger, foreign_key="users.id", ondelete="SET NULL")
    deleted_at: datetime | None = Field(default=None, sa_type=UTC_TIME)
    search_text: str | None = Field(
        default=None,
        sa_column=Column("search_text", Text, Computed("fold_text(name || E'\\n' || slug)", persisted=True)),
    )


class ProjectMember(Row, table=True):
    """The role of one person in one project.

    A trigger sets `role` to the higher one of `own_role` (null: a member only by groups) and `group_role`. A statement
    that writes only `role` sets the own one.
    """

    __tablename__ = "project_members"
    __table_args__ = (
        UniqueConstraint("project_id", "user_id"),
        CheckConstraint("role IN ('owner', 'maintainer', 'deployer', 'viewer')", name="role"),
        Index("ix_project_members_user_id", "user_id", "project_id"),
    )

    project_id: int = Field(sa_type=BigInteger, foreign_key="projects.id", ondelete="CASCADE")
    user_id: int = Field(sa_type=BigInteger, foreign_key="users.id", ondelete="CASCADE")
    role: str = Field(sa_type=Text)
    own_role: str | None = Field(default=None, sa_type=Text)
    group_role: str | None = Field(default=None, sa_type=Text)


class Group(Row, table=True):
    """A named set of people."""

    __tablename__ = "groups"
    __table_args__ = (Index("uq_groups_name", text("lower(name)"), unique=True),)

    name: str = Field(sa_type=Text)
    description: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})
    version: int = Field(default=1, sa_column_kwargs={"server_default": text("1")})
    updated_by_id: int | None = Field(default=None, sa_type=BigInteger, foreign_key="users.id", ondelete="SET NULL")


class GroupMember(TableModel, table=True):
    """One person in one group."""

    __tablename__ = "group_members"
    __table_args__ = (Index("ix_group_members_user_id", "user_id"),)

    group_id: int = parent_id("groups")
    user_id: int = parent_id("users")


class ProjectGroup(TableModel, table=True):
    """The role that everybody in a group has in a project. The owner of a project is never a group."""

    __tablename__ = "project_groups"
    __table_args__ = (
        CheckConstraint("role IN ('maintainer', 'deployer', 'viewer')", name="role"),
        Index("ix_project_groups_group_id", "group_id"),
    )

    project_id: int = parent_id("projects")
    group_id: int = parent_id("groups")
    role: str = Field(sa_type=Text)

"""Projects with their members, and what a project sends out: Slack messages and webhooks."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from initial_schema.build import (
    NOW,
    bigint,
    binary,
    boolean,
    check,
    create_index,
    create_search_index,
    create_table,
    integer,
    optional_reference,
    reference,
    row,
    search_text,
    text,
    texts,
    timestamp,
)

TABLES = ("projects", "project_members", "slack_channels", "webhooks", "webhook_deliveries")


def create() -> None:
    _create_projects()
    _create_webhooks()
    create_table(
        "slack_channels",
        reference("project_id", "projects"),
        binary("sealed_url"),
        texts("topics"),
        timestamp("changed_at", NOW),
        timestamp("sent_at", nullable=True),
        text("error", ""),
        key=("project_id",),
    )


def _create_projects() -> None:
    create_table(
        "projects",
        *row(),
        text("name"),
        text("slug"),
        text("description", ""),
        text("status", "active"),
        reference("owner_id", "users", on_delete="RESTRICT"),
        text("repository_url", ""),
        integer("version", 1),
        optional_reference("updated_by_id", "users"),
        timestamp("deleted_at", nullable=True),
        search_text("name", "slug"),
        check("slug_form", "slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'"),
        check("status", "status IN ('active', 'paused', 'archived')"),
    )
    create_index("uq_projects_slug", "projects", "slug")
    create_index("ix_projects_owner_id", "projects", "owner_id")
    create_index("ix_projects_by_name", "projects", "lower(name)", "id", where="deleted_at IS NULL")
    create_index("ix_projects_by_status", "projects", "status", "created_at", "deleted_at")
    create_index("ix_projects_newest", "projects", "created_at DESC", "id DESC", where="deleted_at IS NULL")
    create_index("ix_projects_trash", "projects", "deleted_at DESC", where="deleted_at IS NOT NULL")
    create_search_index("projects")
    create_table(
        "project_members",
        *row(),
        reference("project_id", "projects"),
        reference("user_id", "users"),
        text("role"),
        sa.UniqueConstraint("project_id", "user_id", name="uq_project_members_project_id_user_id"),
        check("role", "role IN ('owner', 'maintainer', 'deployer', 'viewer')"),
    )
    create_index("ix_project_members_user_id", "project_members", "user_id", "project_id")


def _create_webhooks() -> None:
    create_table(
        "webhooks",
        *row(),
        optional_reference("project_id", "projects", on_delete="CASCADE"),
        text("url"),
        text("description", ""),
        texts("event_types", "{}"),
        boolean("is_active", True),
        integer("version", 1),
        integer("failures", 0),
        timestamp("disabled_at", nullable=True),
        text("disabled_why", ""),
        binary("secret"),
        binary("old_secret", nullable=True),
        timestamp("old_secret_until", nullable=True),
        optional_reference("created_by_id", "users"),
        optional_reference("updated_by_id", "users"),
        check("disabled_is_off", "(disabled_at IS NULL) OR NOT is_active"),
    )
    create_index("ix_webhooks_project_id", "webhooks", "project_id")
    create_table(
        "webhook_deliveries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        reference("webhook_id", "webhooks"),
        bigint("event_id", nullable=True),
        text("event_type"),
        text("message_id"),
        sa.Column("attempt", sa.SmallInteger(), nullable=False),
        timestamp("at", NOW),
        text("status"),
        text("url"),
        sa.Column("request_headers", postgresql.JSONB(), nullable=False),
        text("request_body"),
        integer("response_code", nullable=True),
        text("response_type", ""),
        integer("response_size", 0),
        integer("duration_ms", 0),
        text("error", ""),
        check("status", "status IN ('succeeded', 'retrying', 'failed')"),
    )
    create_index("ix_webhook_deliveries_newest", "webhook_deliveries", "webhook_id", "id DESC")
    create_index("uq_webhook_deliveries_attempt", "webhook_deliveries", "webhook_id", "message_id", "attempt")

"""Environments, deployments with their logs, freeze windows, and what GitHub sends about a project."""

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
    timestamp,
)

TABLES = (
    "environments",
    "freeze_windows",
    "deployments",
    "deployment_logs",
    "github_commits",
    "github_deliveries",
    "github_hooks",
)


def create() -> None:
    _create_environments()
    _create_freeze_windows()
    _create_deployments()
    _index_deployments()
    _create_github()


def _create_environments() -> None:
    create_table(
        "environments",
        *row(),
        reference("project_id", "projects"),
        text("name"),
        text("url", ""),
        integer("rank", 0),
        boolean("is_protected", False),
        boolean("allow_parallel", False),
        integer("version", 1),
        optional_reference("updated_by_id", "users"),
        timestamp("deleted_at", nullable=True),
        text("tier", "other"),
        check("named", "name <> ''"),
        check("tier", "tier IN ('production', 'staging', 'testing', 'development', 'other')"),
    )
    create_index("ix_environments_by_rank", "environments", "project_id", "rank", "id")
    create_index("uq_environments_name", "environments", "project_id", "lower(name)", where="deleted_at IS NULL")


def _create_freeze_windows() -> None:
    create_table(
        "freeze_windows",
        *row(),
        reference("project_id", "projects"),
        optional_reference("environment_id", "environments", on_delete="CASCADE"),
        timestamp("starts_at"),
        timestamp("ends_at"),
        text("why"),
        optional_reference("created_by_id", "users"),
        check("ends_later", "ends_at > starts_at"),
    )
    create_index("ix_freeze_windows_by_end", "freeze_windows", "project_id", "ends_at")
    create_index(
        "ix_freeze_windows_environment_id", "freeze_windows", "environment_id", where="environment_id IS NOT NULL"
    )


def _create_deployments() -> None:
    create_table(
        "deployments",
        *row(),
        reference("project_id", "projects"),
        reference("environment_id", "environments"),
        text("version"),
        text("commit_sha", ""),
        text("ref", ""),
        timestamp("commit_at", nullable=True),
        text("description", ""),
        text("ci_url", ""),
        text("status"),
        text("source"),
        text("reason", ""),
        text("freeze_reason", ""),
        timestamp("queued_at", nullable=True),
        timestamp("started_at", nullable=True),
        timestamp("finished_at", nullable=True),
        optional_reference("created_by_id", "users"),
        text("reporter", ""),
        optional_reference("decided_by_id", "users"),
        timestamp("decided_at", nullable=True),
        optional_reference("rollback_of_id", "deployments"),
        text("external_id", nullable=True),
        integer("log_lines", 0),
        search_text("version", "ref", "commit_sha"),
        text("log_url", ""),
        text("environment_url", ""),
        timestamp("timed_out_at", nullable=True),
        boolean("is_waiting", False),
        check("status", "status IN ('pending_approval', 'queued', 'in_progress', 'succeeded', 'failed', 'cancelled')"),
        check("source", "source IN ('ui', 'api', 'github')"),
        check("queued_first", "started_at IS NULL OR queued_at IS NOT NULL"),
        check("finished", "(finished_at IS NOT NULL) = (status IN ('succeeded', 'failed', 'cancelled'))"),
        check(
            "steps",
            "CASE status WHEN 'in_progress' THEN started_at IS NOT NULL WHEN 'succeeded' THEN started_at IS NOT NULL "
            "WHEN 'queued' THEN started_at IS NULL AND queued_at IS NOT NULL "
            "WHEN 'pending_approval' THEN queued_at IS NULL ELSE true END",
        ),
    )
    create_table(
        "deployment_logs",
        reference("deployment_id", "deployments"),
        integer("seq"),
        timestamp("at", NOW),
        text("line"),
        key=("deployment_id", "seq"),
    )


def _index_deployments() -> None:
    table, ended, open_ = "deployments", "finished_at IS NOT NULL", "finished_at IS NULL"
    succeeded = "status = 'succeeded'"
    create_index("ix_deployments_by_day", table, "created_at")
    create_index("ix_deployments_by_environment", table, "environment_id", "id DESC")
    create_index("ix_deployments_by_project", table, "project_id", "id DESC")
    create_index("ix_deployments_by_status", table, "status", "id DESC")
    create_index("ix_deployments_open", table, "environment_id", "status", where=open_)
    create_index("ix_deployments_going_on", table, "project_id", "id", where=open_)
    create_index("ix_deployments_finished", table, "finished_at", where=ended)
    create_index("ix_deployments_ended", table, "environment_id", "finished_at", "id", where=ended)
    # Members of many busy projects: how many ended since a day is read from the index alone.
    create_index("ix_deployments_ended_by_project", table, "project_id", "finished_at", where=ended)
    create_index("ix_deployments_current", table, "environment_id", "finished_at DESC", "id DESC", where=succeeded)
    # Only the first arrival of a commit in an environment has a lead time.
    create_index("ix_deployments_arrivals", table, "environment_id", "commit_sha", "commit_at", where=succeeded)
    for column in ("created_by_id", "decided_by_id", "rollback_of_id"):
        create_index(f"ix_deployments_{column}", table, column, where=f"{column} IS NOT NULL")
    create_index("uq_deployments_external_id", table, "project_id", "external_id", where="external_id IS NOT NULL")
    create_search_index(table)


def _create_github() -> None:
    create_table(
        "github_commits",
        reference("project_id", "projects"),
        text("sha"),
        timestamp("at"),
        key=("project_id", "sha"),
    )
    create_table(
        "github_deliveries",
        reference("project_id", "projects"),
        text("delivery"),
        text("event"),
        timestamp("received_at", NOW),
        key=("project_id", "delivery"),
    )
    create_table(
        "github_hooks",
        reference("project_id", "projects"),
        binary("sealed_secret"),
        timestamp("rotated_at", NOW),
        bigint("repository_id", nullable=True),
        text("repository", ""),
        bigint("refused_repository_id", nullable=True),
        text("refused_repository", ""),
        timestamp("refused_at", nullable=True),
        key=("project_id",),
    )

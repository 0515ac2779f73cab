"""Daily aggregates of deployments: by environment, over all projects, and since the first day of a period."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from initial_schema.build import (
    bigint,
    boolean,
    check,
    create_index,
    create_table,
    date,
    integer,
    reference,
    text,
)

TABLES = ("daily_deployments", "daily_deployment_totals", "daily_durations", "deployments_since", "rolled_since")


def create() -> None:
    _create_by_environment()
    _create_totals()


def _create_by_environment() -> None:
    create_table(
        "daily_deployments",
        reference("environment_id", "environments"),
        date("day"),
        reference("project_id", "projects"),
        text("tier"),
        boolean("counts"),
        *(integer(name) for name in ("succeeded", "failed", "cancelled", "bad")),
        *(sa.Column(name, postgresql.ARRAY(sa.BigInteger()), nullable=False) for name in ("lead_us", "restored_us")),
        integer("unstarted"),
        key=("environment_id", "day"),
    )
    create_index("ix_daily_deployments_by_tier", "daily_deployments", "tier", "day")
    # Members of many busy projects: their sums by day are read from the index alone.
    create_index(
        "ix_daily_deployments_sums",
        "daily_deployments",
        "project_id",
        "day",
        include=["succeeded", "failed", "cancelled"],
    )


def _create_totals() -> None:
    create_table(
        "daily_deployment_totals",
        date("day"),
        text("tier"),
        *(bigint(name) for name in ("succeeded", "failed", "cancelled", "bad", "unstarted")),
        key=("day", "tier"),
    )
    create_table(
        "daily_durations",
        text("tier"),
        text("kind"),
        date("day"),
        integer("bucket"),
        bigint("count"),
        check("kind", "kind IN ('lead', 'restore')"),
        key=("tier", "kind", "day", "bucket"),
    )
    create_table(
        "deployments_since",
        date("since"),
        bigint("project_id"),
        bigint("deployments"),
        bigint("failed"),
        key=("since", "project_id"),
    )
    create_index("ix_deployments_since_most", "deployments_since", "since", "deployments DESC")
    create_table("rolled_since", date("since"), key=("since",))

"""Daily aggregates, so that metrics over millions of rows are sums of few rows.

The analytics consumer updates `daily_metrics` and `daily_deployments`; triggers of the latter keep the other tables as
sums of the rows that count.
"""

from datetime import date

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Index, Text, text
from sqlmodel import Field

from tca_app.models.base import TableModel, parent_id


class DailyMetric(TableModel, table=True):
    """The value of metric `name` on a day (UTC). `dimension` distinguishes kinds; it is empty for the total."""

    __tablename__ = "daily_metrics"

    day: date = Field(primary_key=True)
    name: str = Field(primary_key=True, sa_type=Text)
    dimension: str = Field(primary_key=True, sa_type=Text, sa_column_kwargs={"server_default": ""})
    value: int = Field(sa_type=BigInteger)


class DailyDeployments(TableModel, table=True):
    """The deployments that ended in one environment on a day (UTC).

    `bad` failed after they started, or were rolled back; `unstarted` failed before they started. `lead_us` holds the
    lead time of each deployed commit and `restored_us` the outage duration for each deployment that ended an outage,
    both in microseconds. Rows of a project in the trash do not count. `tier` is the tier of the environment.
    """

    __tablename__ = "daily_deployments"
    __table_args__ = (
        Index(
            "ix_daily_deployments_sums", "project_id", "day", postgresql_include=["succeeded", "failed", "cancelled"]
        ),
        Index("ix_daily_deployments_by_tier", "tier", "day"),
    )

    environment_id: int = parent_id("environments")
    day: date = Field(primary_key=True)
    project_id: int = Field(sa_type=BigInteger, foreign_key="projects.id", ondelete="CASCADE")
    tier: str = Field(sa_type=Text)
    counts: bool
    succeeded: int
    failed: int
    cancelled: int
    bad: int
    unstarted: int
    lead_us: list[int] = Field(sa_type=ARRAY(BigInteger))
    restored_us: list[int] = Field(sa_type=ARRAY(BigInteger))


class DailyDeploymentTotals(TableModel, table=True):
    """The daily deployments over all projects, by the tier of the environment."""

    __tablename__ = "daily_deployment_totals"

    day: date = Field(primary_key=True)
    tier: str = Field(primary_key=True, sa_type=Text)
    succeeded: int = Field(sa_type=BigInteger)
    failed: int = Field(sa_type=BigInteger)
    cancelled: int = Field(sa_type=BigInteger)
    bad: int = Field(sa_type=BigInteger)
    unstarted: int = Field(sa_type=BigInteger)


class DailyDurations(TableModel, table=True):
    """Histogram of durations over all projects. Each `bucket` ends 2 % above the previous one."""

    __tablename__ = "daily_durations"
    __table_args__ = (CheckConstraint("kind IN ('lead', 'restore')", name="kind"),)

    tier: str = Field(primary_key=True, sa_type=Text)
    kind: str = Field(primary_key=True, sa_type=Text)
    day: date = Field(primary_key=True)
    bucket: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    count: int = Field(sa_type=BigInteger)


class DeploymentsSince(TableModel, table=True):
    """How many deployments of a project ended on or after `since`. Complete for the days of `rolled_since`."""

    __tablename__ = "deployments_since"
    __table_args__ = (Index("ix_deployments_since_most", "since", text("deployments DESC")),)

    since: date = Field(primary_key=True)
    project_id: int = Field(sa_type=BigInteger, primary_key=True, sa_column_kwargs={"autoincrement": False})
    deployments: int = Field(sa_type=BigInteger)
    failed: int = Field(sa_type=BigInteger)


class RolledSince(TableModel, table=True):
    """The first days of the dashboard's periods of today and tomorrow."""

    __tablename__ = "rolled_since"

    since: date = Field(primary_key=True)

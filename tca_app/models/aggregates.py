"""What is rolled up from the deployments, so that figures over millions of them are sums of few rows.

`daily_deployments` is kept by the events. The others are sums of its rows that count, kept by its triggers.
"""

from datetime import date

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Index, Text, text
from sqlmodel import Field

from tca_app.models.base import TableModel


class DailyDeployments(TableModel, table=True):
    """What ended in one environment on a day (UTC).

    `bad` failed after they had started, or were rolled back; `unstarted` failed without. `lead_us` are the lead times
    of the commits that arrived, `restored_us` how long it had been broken each time that one brought it back, both
    exact in microseconds. Rows of a project in the trash do not count. `tier` is that of the environment.
    """

    __tablename__ = "daily_deployments"
    __table_args__ = (
        Index(
            "ix_daily_deployments_sums", "project_id", "day", postgresql_include=["succeeded", "failed", "cancelled"]
        ),
        Index("ix_daily_deployments_by_tier", "tier", "day"),
    )

    environment_id: int = Field(
        sa_type=BigInteger,
        foreign_key="environments.id",
        ondelete="CASCADE",
        primary_key=True,
        sa_column_kwargs={"autoincrement": False},
    )
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
    """The same over all projects, by the tier of the environment."""

    __tablename__ = "daily_deployment_totals"

    day: date = Field(primary_key=True)
    tier: str = Field(primary_key=True, sa_type=Text)
    succeeded: int = Field(sa_type=BigInteger)
    failed: int = Field(sa_type=BigInteger)
    cancelled: int = Field(sa_type=BigInteger)
    bad: int = Field(sa_type=BigInteger)
    unstarted: int = Field(sa_type=BigInteger)


class DailyDurations(TableModel, table=True):
    """How long things took over all projects: each `bucket` ends 2 % later than the one before."""

    __tablename__ = "daily_durations"
    __table_args__ = (CheckConstraint("kind IN ('lead', 'restore')", name="kind"),)

    tier: str = Field(primary_key=True, sa_type=Text)
    kind: str = Field(primary_key=True, sa_type=Text)
    day: date = Field(primary_key=True)
    bucket: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    count: int = Field(sa_type=BigInteger)


class DeploymentsSince(TableModel, table=True):
    """How many deployments of a project ended on the day `since` or later. Complete for the days of `rolled_since`."""

    __tablename__ = "deployments_since"
    __table_args__ = (Index("ix_deployments_since_most", "since", text("deployments DESC")),)

    since: date = Field(primary_key=True)
    project_id: int = Field(sa_type=BigInteger, primary_key=True, sa_column_kwargs={"autoincrement": False})
    deployments: int = Field(sa_type=BigInteger)
    failed: int = Field(sa_type=BigInteger)


class RolledSince(TableModel, table=True):
    """The first days of the periods that the dashboard shows today and tomorrow."""

    __tablename__ = "rolled_since"

    since: date = Field(primary_key=True)

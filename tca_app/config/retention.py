"""The settings that say how many days old rows are kept."""

from pydantic import Field, field_validator

from tca_app.config.fields import Fields

MAX_DAYS = 36_500
MIN_EVENTS_DAYS = 200  # the dashboard compares 90 days with the 90 days before them


def _days(default: int, what: str) -> int:
    description = f"{what} are deleted after this many days; 0 keeps them for ever ([retention.md](retention.md))."
    days: int = Field(default, ge=0, le=MAX_DAYS, description=description)
    return days


class RetentionFields(Fields):
    """The fields of `Settings`, with those of retention."""

    retention_events_days: int = Field(
        0,
        ge=0,
        le=MAX_DAYS,
        description="Events of the log are deleted after this many days, at least 200; 0 keeps them for ever "
        "([retention.md](retention.md#events)).",
    )
    retention_deployment_logs_days: int = _days(0, "Log lines of deployments that ended")
    retention_health_samples_days: int = Field(
        2,
        ge=2,
        le=60,
        description="Single results of health checks are deleted after this many days; their sums by five minutes, "
        "hour and day stay longer ([retention.md](retention.md)).",
    )
    retention_trash_days: int = _days(30, "Users and projects in the trash")
    retention_commits_days: int = _days(730, "Commits that GitHub or CI reported")
    retention_sessions_days: int = _days(30, "Sessions that expired or were ended")
    retention_webhook_deliveries_days: int = _days(90, "Attempts of webhooks")
    retention_notifications_days: int = _days(365, "Notifications in inboxes (read ones after 90, if that is less)")
    retention_one_time_tokens_days: int = _days(7, "Expired links for a password or an email address")
    retention_imports_days: int = Field(
        7,
        ge=1,
        le=90,
        description="Imports and their error files are deleted after this many days ([imports.md](imports.md)).",
    )
    retention_dead_jobs_days: int = _days(0, "Jobs that failed for good and were not retried since")

    @field_validator("retention_events_days")
    @classmethod
    def _enough_events(cls, value: int) -> int:
        if 0 < value < MIN_EVENTS_DAYS:
            raise ValueError(f"must be 0 or at least {MIN_EVENTS_DAYS}")
        return value

"""The parameters of the URL of the list of deployments."""

from tca_app.core.lists.query import Choice, Filter, TableSpec
from tca_app.core.periods import PERIODS
from tca_app.features.environments.tiers import TIER_LABELS

STATUS_LABELS = {
    "pending_approval": "Awaiting approval",
    "queued": "Queued",
    "in_progress": "In progress",
    "succeeded": "Succeeded",
    "failed": "Failed",
    "cancelled": "Cancelled",
}
SOURCE_LABELS = {"ui": "Console", "api": "REST", "github": "GitHub"}


ENDED = {"ended_on": "Ended on", "ended_since": "Ended since", "ended_until": "Ended until"}


class DeploymentSpec(TableSpec):
    """Adds the days of a chart, which are no filters to choose but can be removed."""

    @property
    def narrowing(self) -> tuple[str, ...]:
        return (*super().narrowing, *ENDED)


DEPLOYMENTS = DeploymentSpec(
    sorts=("id", "version", "project", "environment", "status", "created_by", "duration"),
    default_sort="-id",
    name="deployments",
    optional=("project", "environment", "status", "who", "at", "took"),
    filters=(
        Filter("days", "Ended", tuple((days, f"Ended in {days} days (UTC)") for days in PERIODS), is_hidden=True),
    ),
    choices=(
        Choice("status", "Status", tuple(STATUS_LABELS.items()), links=(("finished", "Succeeded or failed"),)),
        Choice("environment", "Environment"),
        Choice("tier", "Tier", tuple(TIER_LABELS.items())),
        Choice("project", "Project", searchable=True),
        Choice("by", "By", searchable=True),
        Choice("source", "Source", tuple(SOURCE_LABELS.items())),
    ),
    dates="Created",
)

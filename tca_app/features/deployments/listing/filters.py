"""The parameters of the URL of the list of deployments."""

from tca_app.core.language.messages import N_
from tca_app.core.lists.query import Choice, Filter, TableSpec
from tca_app.features.environments.tiers import TIER_LABELS

STATUS_LABELS = {
    "pending_approval": N_("Awaiting approval"),
    "queued": N_("Queued"),
    "in_progress": N_("In progress"),
    "succeeded": N_("Succeeded"),
    "failed": N_("Failed"),
    "cancelled": N_("Cancelled"),
}
SOURCE_LABELS = {"ui": N_("Console"), "api": "REST", "github": "GitHub"}


# A list shows the text of a filter as it is, so each number of days has its own.
ENDED_IN = {
    "7": N_("Ended in the last 7 days (UTC)"),
    "30": N_("Ended in the last 30 days (UTC)"),
    "90": N_("Ended in the last 90 days (UTC)"),
}
ENDED = {"ended_on": N_("Ended on"), "ended_since": N_("Ended since"), "ended_until": N_("Ended until")}


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
    filters=(Filter("days", N_("Ended"), tuple(ENDED_IN.items()), is_hidden=True),),
    choices=(
        Choice("status", N_("Status"), tuple(STATUS_LABELS.items()), links=(("finished", N_("Succeeded or failed")),)),
        Choice("environment", N_("Environment")),
        Choice("project", N_("Project"), searchable=True),
        Choice("group", N_("Group"), searchable=True),
        Choice("by", N_("By"), searchable=True),
        Choice("tier", N_("Tier"), tuple(TIER_LABELS.items())),
        Choice("source", N_("Source"), tuple(SOURCE_LABELS.items())),
    ),
    dates=N_("Created"),
)

"""The parameters of the URL of the list of deployments."""

from tca_app.core.language.messages import N_
from tca_app.core.lists.query import PROJECT, Choice, Filter, TableSpec, UtcDay
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


# What the numbers of the dashboard count, and what the DORA metrics count.
FINISHED = (("finished", N_("Succeeded or failed")), ("completed", N_("Succeeded, or failed after it had started")))

# A list shows the text of a filter as it is, so each number of days has its own.
ENDED_IN = {
    "7": N_("Ended in the last 7 days (UTC)"),
    "30": N_("Ended in the last 30 days (UTC)"),
    "90": N_("Ended in the last 90 days (UTC)"),
}
ENDED = (
    UtcDay("ended_on", N_("Ended on")),
    UtcDay("ended_since", N_("Ended since")),
    UtcDay("ended_until", N_("Ended until")),
)

DEPLOYMENTS = TableSpec(
    sorts=("id", "version", "project", "environment", "status", "created_by", "duration"),
    default_sort="-id",
    name="deployments",
    optional=("project", "environment", "status", "who", "at", "took"),
    filters=(Filter("days", N_("Ended"), tuple(ENDED_IN.items()), is_hidden=True),),
    choices=(
        Choice("status", N_("Status"), tuple(STATUS_LABELS.items()), links=FINISHED),
        Choice("environment", N_("Environment")),
        PROJECT,
        Choice("group", N_("Group"), searchable=True),
        Choice("by", N_("By"), searchable=True, of_people=True),
        Choice("tier", N_("Tier"), tuple(TIER_LABELS.items())),
        Choice("source", N_("Source"), tuple(SOURCE_LABELS.items())),
    ),
    dates=N_("Created"),
    utc_days=ENDED,
)

"""The parameters of the URL of the page of the DORA metrics."""

from tca_app.core.lists.query import Choice, TableSpec
from tca_app.features.environments.tiers import TIER_LABELS

DORA = TableSpec(
    sorts=("name", "finished", "frequency", "lead_time", "failure_rate", "restore"),
    default_sort="-finished",
    choices=(
        Choice("tier", "Tier", tuple(TIER_LABELS.items())),
        Choice("environment", "Environment"),
        Choice("project", "Project", searchable=True),
        Choice("group", "Group", searchable=True),
    ),
)

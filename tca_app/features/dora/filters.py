"""The parameters of the URL of the page of the DORA metrics."""

from tca_app.core.language.messages import N_
from tca_app.core.lists.query import Choice, TableSpec
from tca_app.features.environments.tiers import TIER_LABELS

DORA = TableSpec(
    sorts=("name", "finished", "frequency", "lead_time", "failure_rate", "restore"),
    default_sort="-finished",
    choices=(
        Choice("tier", N_("Tier"), tuple(TIER_LABELS.items())),
        Choice("environment", N_("Environment")),
        Choice("project", N_("Project"), searchable=True),
        Choice("group", N_("Group"), searchable=True),
    ),
)

"""The parameters of the URL of the page of the DORA metrics."""

from urllib.parse import urlencode

from tca_app.core.language.messages import N_
from tca_app.core.lists.query import MAX_URL, PROJECT, Choice, TableSpec, values_of
from tca_app.features.dora.schemas import WEEKS
from tca_app.features.environments.tiers import TIER_LABELS

# The values in the URL. Without one the first view is shown.
SWITCHES = {"weeks": tuple(map(str, WEEKS[1:])), "by": ("group",)}


def switched(values: dict[str, list[str]]) -> dict[str, str]:
    """Returns the period and the breakdown of a URL, "" for the first of each."""
    given = {name: values.get(name, [""])[-1] for name in SWITCHES}
    return {name: given[name] if given[name] in known else "" for name, known in SWITCHES.items()}


class DoraSpec(TableSpec):
    """Adds the period and the breakdown, which leave no rows out."""

    def view_of(self, query: str) -> str:
        switches = {name: value for name, value in switched(values_of(f"?{query}"[:MAX_URL])).items() if value}
        return "&".join(part for part in (super().view_of(query), urlencode(switches)) if part)


DORA = DoraSpec(
    sorts=("name", "finished", "frequency", "lead_time", "failure_rate", "restore"),
    default_sort="-finished",
    name="dora",
    optional=("finished", "frequency", "lead_time", "failure_rate", "restore"),
    choices=(
        Choice("tier", N_("Tier"), tuple(TIER_LABELS.items())),
        Choice("environment", N_("Environment")),
        PROJECT,
        Choice("group", N_("Group"), searchable=True),
    ),
)

"""The parameters of the URL of the environment matrix."""

from tca_app.core.language.messages import N_
from tca_app.core.lists.query import Choice, TableSpec

ENVIRONMENTS = TableSpec(
    sorts=("name", "group"),
    column_sorts=("age", "drift"),
    default_sort="name",
    name="environments",
    optional=("group",),
    choices=(
        Choice("drift", N_("Drift"), (("behind", N_("Behind")), ("current", N_("Not behind")))),
        Choice("group", N_("Group"), searchable=True),
    ),
    size=500,
)

"""The parameters of the URL of the environment matrix."""

from tca_app.core.lists.query import Choice, TableSpec

ENVIRONMENTS = TableSpec(
    sorts=("name",),
    default_sort="name",
    name="environments",
    choices=(
        Choice("drift", "Drift", (("behind", "Behind"), ("current", "Not behind"))),
        Choice("group", "Group", searchable=True),
    ),
    size=50,
)

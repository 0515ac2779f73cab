"""The parameters of the URL of the environment matrix."""

from tca_app.core.lists.query import Choice, Filter, TableSpec

ENVIRONMENTS = TableSpec(
    sorts=("name",),
    default_sort="name",
    name="environments",
    filters=(Filter("drift", "Drift", (("behind", "Behind"),)),),
    choices=(Choice("group", "Group", searchable=True),),
)

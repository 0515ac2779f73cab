"""The parameters of the URL of the list of groups."""

from tca_app.core.language.messages import N_
from tca_app.core.lists.query import PROJECT, Choice, TableSpec

GROUPS = TableSpec(
    sorts=("name", "member_count", "project_count", "created_at"),
    default_sort="name",
    name="groups",
    optional=("member_count", "project_count", "created_at"),
    choices=(Choice("person", N_("Person"), searchable=True, of_people=True), PROJECT),
    dates=N_("Created"),
)

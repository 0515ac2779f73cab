"""The parameters of the URL of the list of maintenance windows."""

from tca_app.core.language.messages import N_
from tca_app.core.lists.query import PROJECT, Choice, TableSpec
from tca_app.features.health.filters import COMPONENT

STATES = (
    ("active", N_("In progress")),
    ("scheduled", N_("Scheduled")),
    ("completed", N_("Completed")),
    ("cancelled", N_("Cancelled")),
)
MAINTENANCE = TableSpec(
    sorts=("coming", "title", "state", "component", "starts_at", "ends_at", "created_by"),
    default_sort="coming",
    name="maintenance",
    optional=("state", "component", "starts_at", "ends_at", "created_by"),
    choices=(
        Choice("state", N_("Status"), STATES),
        COMPONENT,
        Choice("by", N_("Planned by"), searchable=True),
        PROJECT,
    ),
    dates=N_("Time"),
)

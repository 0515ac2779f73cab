"""The parameters of the URL of the list of incidents."""

from tca_app.core.language.messages import N_
from tca_app.core.lists.query import PROJECT, Choice, TableSpec
from tca_app.features.health.filters import COMPONENT

STATUSES = (
    ("investigating", N_("Investigating")),
    ("identified", N_("Identified")),
    ("monitoring", N_("Monitoring")),
    ("resolved", N_("Resolved")),
)
SEVERITIES = (("critical", N_("Critical")), ("major", N_("Major")), ("minor", N_("Minor")))
INCIDENTS = TableSpec(
    sorts=(
        *("is_open", "name", "severity", "status", "component"),
        *("opened_at", "closed_at", "duration", "acknowledged_by"),
    ),
    default_sort="-is_open",
    name="incidents",
    optional=(
        *("severity", "status", "component"),
        *("opened_at", "closed_at", "duration", "acknowledged_by"),
    ),
    choices=(
        Choice("status", N_("Status"), STATUSES),
        Choice("severity", N_("Severity"), SEVERITIES),
        COMPONENT,
        Choice("acknowledged", N_("Acknowledged"), (("yes", N_("Acknowledged")), ("no", N_("Not acknowledged")))),
        PROJECT,
    ),
    dates=N_("Time"),
)

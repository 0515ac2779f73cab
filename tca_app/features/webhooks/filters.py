"""The parameters of the URL of the deliveries of a webhook."""

from tca_app.core.lists.query import Choice, TableSpec

STATES = (("succeeded", "Succeeded"), ("retrying", "Retrying"), ("failed", "Failed"))
DELIVERIES = TableSpec(
    sorts=("id",),
    default_sort="-id",
    choices=(Choice("status", "Status", STATES), Choice("type", "Event")),
    dates="Time",
)

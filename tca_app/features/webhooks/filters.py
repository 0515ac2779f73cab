"""The parameters of the URL of the deliveries of a webhook."""

from tca_app.core.language.messages import N_
from tca_app.core.lists.query import Choice, TableSpec

STATES = (("succeeded", N_("Succeeded")), ("retrying", N_("Retrying")), ("failed", N_("Failed")))
DELIVERIES = TableSpec(
    sorts=("id",),
    default_sort="-id",
    name="deliveries",
    choices=(Choice("status", N_("Status"), STATES), Choice("type", N_("Event"))),
    dates=N_("Time"),
)

"""The parameters of the URLs of the list of webhooks and of the deliveries of one."""

from tca_app.core.language.messages import N_
from tca_app.core.lists.query import Choice, TableSpec

STATES = (("succeeded", N_("Succeeded")), ("retrying", N_("Retrying")), ("failed", N_("Failed")))
WEBHOOKS = TableSpec(
    sorts=("created_at", "url", "events", "is_active", "last_at"),
    default_sort="created_at",
    name="webhooks",
    optional=("events", "is_active", "last_at"),
    choices=(
        Choice("status", N_("Status"), (("active", N_("Active")), ("disabled", N_("Disabled")))),
        Choice("last", N_("Last result"), STATES),
    ),
    dates=N_("Last delivery"),
)
DELIVERIES = TableSpec(
    sorts=("at", "event_type", "status", "attempt", "duration_ms", "response_code"),
    default_sort="-at",
    name="deliveries",
    optional=("status", "attempt", "duration_ms", "response_code", "at"),
    choices=(Choice("status", N_("Status"), STATES), Choice("type", N_("Event"))),
    dates=N_("Time"),
)

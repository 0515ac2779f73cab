"""The parameters of the URL of the list of jobs."""

from tca_app.core.jobs.queue import QUEUE_NAMES
from tca_app.core.language.messages import N_
from tca_app.core.lists.query import Choice, TableSpec

STATE_LABELS = {"dead": N_("Dead"), "retrying": N_("Retrying"), "waiting": N_("Waiting"), "running": N_("Running")}


QUEUES = {
    "analytics_queue": N_("Analytics"),
    "delivery_queue": N_("Delivery"),
    "email_queue": N_("Email"),
    "health_queue": N_("Health"),
    "maintenance_queue": N_("Maintenance"),
    "notification_queue": N_("Notification"),
    "stream_queue": N_("Stream"),
    "subscriber_queue": N_("Subscriber"),
    "webhook_queue": N_("Webhook"),
}


def queue_label(name: str) -> str:
    """Returns "Email" for `email_queue`, to be translated. A newer version may have other queues."""
    return QUEUES.get(name, name.removesuffix("_queue").capitalize())


JOBS = TableSpec(
    sorts=("id", "kind", "state", "queue", "attempts", "reason", "failed_at"),
    default_sort="-id",
    name="jobs",
    optional=("reason", "state", "queue", "attempts", "failed_at"),
    choices=(
        Choice("state", N_("State"), tuple(STATE_LABELS.items()), default=("dead",)),
        Choice("queue", N_("Queue"), tuple((name, queue_label(name)) for name in QUEUE_NAMES)),
    ),
    dates=N_("Last failure"),
)

"""The parameters of the URL of the list of jobs."""

from tca_app.core.jobs.queue import QUEUE_NAMES
from tca_app.core.lists.query import Choice, Filter, TableSpec


def queue_label(name: str) -> str:
    """ "Email" for `email_queue`."""
    return name.removesuffix("_queue").capitalize()


JOBS = TableSpec(
    sorts=("id", "kind", "queue", "attempts", "reason", "failed_at"),
    default_sort="-id",
    name="jobs",
    optional=("reason", "queue", "attempts", "failed_at"),
    filters=(
        Filter(
            "state",
            "State",
            (("retrying", "Retrying"), ("waiting", "Waiting"), ("running", "Running")),
            default="dead",
        ),
    ),
    choices=(Choice("queue", "Queue", tuple((name, queue_label(name)) for name in QUEUE_NAMES)),),
)

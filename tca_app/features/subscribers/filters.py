"""The parameters of the URL of the list of subscribers."""

from tca_app.core.language.messages import N_
from tca_app.core.lists.query import TableSpec

SUBSCRIBERS = TableSpec(
    sorts=("created_at", "email", "language"),
    default_sort="-created_at",
    name="subscribers",
    optional=("created_at", "language"),
    dates=N_("Confirmed"),
)

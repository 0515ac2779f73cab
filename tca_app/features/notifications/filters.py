"""The parameters of the URL of the list of notifications."""

from tca_app.core.language.messages import N_
from tca_app.core.lists.query import PROJECT, Choice, TableSpec
from tca_app.features.notifications.kinds import KINDS

INBOX = TableSpec(
    sorts=("id",),
    default_sort="-id",
    choices=(
        Choice("type", N_("Type"), tuple((name, kind.label) for name, kind in KINDS.items()), only_counted=True),
        PROJECT,
    ),
    dates=N_("Received"),
)

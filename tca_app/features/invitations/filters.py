"""The parameters of the URL of the list of invitations."""

from tca_app.core.language.messages import N_
from tca_app.core.lists.query import PROJECT, Choice, TableSpec

STATES = (
    ("pending", N_("Pending")),
    ("accepted", N_("Accepted")),
    ("expired", N_("Expired")),
    ("revoked", N_("Revoked")),
)
INVITATIONS = TableSpec(
    sorts=("created_at", "email", "state", "invited_by", "expires_at"),
    default_sort="-created_at",
    name="invitations",
    optional=("state", "invited_by", "created_at", "expires_at"),
    choices=(
        Choice("state", N_("Status"), STATES),
        PROJECT,
        Choice("by", N_("Invited by"), searchable=True, of_people=True),
    ),
    dates=N_("Invited"),
)

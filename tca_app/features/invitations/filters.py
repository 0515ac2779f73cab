"""The parameters of the URL of the list of invitations."""

from tca_app.core.lists.query import Choice, TableSpec

STATES = (("pending", "Pending"), ("accepted", "Accepted"), ("expired", "Expired"), ("revoked", "Revoked"))
INVITATIONS = TableSpec(
    sorts=("created_at", "email", "state", "invited_by", "expires_at"),
    default_sort="-created_at",
    name="invitations",
    optional=("state", "invited_by", "created_at", "expires_at"),
    choices=(
        Choice("state", "Status", STATES),
        Choice("project", "Project", searchable=True),
        Choice("by", "Invited by", searchable=True),
    ),
    dates="Invited",
)

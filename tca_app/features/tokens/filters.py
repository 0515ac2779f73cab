"""The parameters of the URL of the list of all API tokens."""

from tca_app.core.lists.query import Choice, TableSpec

STATES = (("active", "Active"), ("expired", "Expired"), ("revoked", "Revoked"))
TOKENS = TableSpec(
    sorts=("name", "owner", "state", "created_at", "last_used_at", "expires_at"),
    default_sort="-created_at",
    name="tokens",
    optional=("owner", "state", "created_at", "last_used_at", "expires_at"),
    choices=(
        Choice("state", "Status", STATES, default=("active",)),
        Choice("person", "Person", searchable=True),
        Choice("project", "Project", searchable=True),
    ),
    dates="Created",
)

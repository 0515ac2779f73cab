"""The parameters of the URL of the list of all API tokens."""

from tca_app.core.lists.query import Filter, TableSpec

STATES = (("expired", "Expired"), ("revoked", "Revoked"), ("any", "Any"))
TOKENS = TableSpec(
    sorts=("name", "owner", "state", "created_at", "last_used_at", "expires_at"),
    default_sort="-created_at",
    name="tokens",
    optional=("owner", "state", "created_at", "last_used_at", "expires_at"),
    filters=(Filter("state", "Status", STATES, default="active"),),
)

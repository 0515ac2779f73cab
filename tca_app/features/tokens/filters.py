"""The parameters of the URLs of the lists of API tokens."""

from tca_app.core.language.messages import N_
from tca_app.core.lists.query import PROJECT, Choice, TableSpec

STATES = (("active", N_("Active")), ("expired", N_("Expired")), ("revoked", N_("Revoked")))
OWN_TOKENS = TableSpec(
    sorts=("name", "state", "created_at", "last_used_at", "expires_at"),
    default_sort="-created_at",
    name="own_tokens",
    optional=("state", "created_at", "last_used_at", "expires_at"),
    choices=(Choice("state", N_("Status"), STATES),),
    dates=N_("Created"),
)
TOKENS = TableSpec(
    sorts=("name", "owner", "state", "created_at", "last_used_at", "expires_at"),
    default_sort="-created_at",
    name="tokens",
    optional=("owner", "state", "created_at", "last_used_at", "expires_at"),
    choices=(
        Choice("state", N_("Status"), STATES, default=("active",)),
        Choice("person", N_("Person"), searchable=True, of_people=True),
        PROJECT,
    ),
    dates=N_("Created"),
)

"""The parameters of the URL of the list of users."""

from tca_app.core.language.messages import N_
from tca_app.core.lists.query import TRASH, Choice, TableSpec, UtcDay

USERS = TableSpec(
    sorts=("created_at", "username", "email", "full_name", "last_login_at", "is_superuser", "is_active"),
    default_sort="-created_at",
    name="users",
    optional=("username", "email", "is_superuser", "is_active", "last_login_at", "created_at"),
    filters=(TRASH,),
    dates=N_("Created"),
    utc_days=(UtcDay("existed_on", N_("Existed on")),),
    choices=(
        Choice("status", N_("Status"), (("active", N_("Active")), ("inactive", N_("Inactive")))),
        Choice("role", N_("Role"), (("admin", N_("Administrator")), ("member", N_("Member")))),
    ),
)

"""The parameters of the URLs of the list of projects and of the members of one."""

from tca_app.core.language.messages import N_
from tca_app.core.lists.query import TRASH, Choice, TableSpec

STATUSES = (("active", N_("Active")), ("paused", N_("Paused")), ("archived", N_("Archived")))
ROLES = (
    ("owner", N_("Owner")),
    ("maintainer", N_("Maintainer")),
    ("deployer", N_("Deployer")),
    ("viewer", N_("Viewer")),
)
MINE = "mine"  # a value of the filter by team, beside the ids of groups
PROJECTS = TableSpec(
    sorts=("name", "status", "owner", "member_count", "my_role", "created_at"),
    default_sort="-created_at",
    name="projects",
    optional=("status", "owner", "member_count", "my_role", "created_at"),
    filters=(TRASH,),
    renamed=(("mine=true", f"team={MINE}"),),
    choices=(
        Choice("status", N_("Status"), STATUSES),
        Choice("owner", N_("Owner"), searchable=True, of_people=True),
        Choice("team", N_("Team"), ((MINE, N_("My projects")),), searchable=True),
        Choice("role", N_("Your role"), ROLES),
    ),
    dates=N_("Created"),
)
MEMBERS = TableSpec(
    sorts=("name", "role", "created_at"),
    default_sort="-role",
    name="members",
    optional=("role", "created_at"),
    choices=(
        Choice("role", N_("Role"), ROLES),
        Choice("status", N_("Status"), (("active", N_("Active")), ("inactive", N_("Inactive")))),
    ),
    dates=N_("Joined"),
)

"""The parameters of the URLs of the list of projects and of the members of one."""

from tca_app.core.lists.query import TRASH, Choice, Filter, TableSpec

STATUSES = (("active", "Active"), ("paused", "Paused"), ("archived", "Archived"))
ROLES = (("owner", "Owner"), ("maintainer", "Maintainer"), ("deployer", "Deployer"), ("viewer", "Viewer"))
PROJECTS = TableSpec(
    sorts=("name", "status", "owner", "member_count", "my_role", "created_at"),
    default_sort="-created_at",
    name="projects",
    optional=("status", "owner", "member_count", "my_role", "created_at"),
    filters=(Filter("mine", "Team", (("true", "My projects"),)), TRASH),
    choices=(
        Choice("status", "Status", STATUSES),
        Choice("owner", "Owner", searchable=True),
        Choice("role", "Your role", ROLES),
    ),
)
MEMBERS = TableSpec(
    sorts=("name", "role", "created_at"),
    default_sort="-role",
    name="members",
    optional=("role", "created_at"),
    choices=(
        Choice("role", "Role", ROLES),
        Choice("status", "Status", (("active", "Active"), ("inactive", "Inactive"))),
    ),
    dates="Joined",
)

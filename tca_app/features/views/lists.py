"""The lists that have saved views, with what the URL of each may say."""

from typing import Literal

from tca_app.core.lists.query import TableSpec
from tca_app.features.activity.filters import ACTIVITY
from tca_app.features.deployments.listing.filters import DEPLOYMENTS
from tca_app.features.deployments.matrix.filters import ENVIRONMENTS
from tca_app.features.dora.filters import DORA
from tca_app.features.groups.filters import GROUPS
from tca_app.features.health.filters import CHECKS
from tca_app.features.health.incidents.filters import INCIDENTS
from tca_app.features.health.maintenance.filters import MAINTENANCE
from tca_app.features.invitations.filters import INVITATIONS
from tca_app.features.jobs.filters import JOBS
from tca_app.features.projects.listing.filters import MEMBERS, PROJECTS
from tca_app.features.subscribers.filters import SUBSCRIBERS
from tca_app.features.tokens.filters import OWN_TOKENS, TOKENS
from tca_app.features.users.filters import USERS
from tca_app.features.webhooks.filters import DELIVERIES, WEBHOOKS

ViewedList = Literal[
    "projects",
    "deployments",
    "users",
    "tokens",
    "jobs",
    "activity",
    "invitations",
    "environments",
    "groups",
    "dora",
    "members",
    "webhooks",
    "deliveries",
    "own_tokens",
    "subscribers",
    "incidents",
    "maintenance",
    "checks",
]
MAX_QUERY = 2000
_SPECS: dict[str, TableSpec] = {
    "projects": PROJECTS,
    "deployments": DEPLOYMENTS,
    "users": USERS,
    "tokens": TOKENS,
    "jobs": JOBS,
    "activity": ACTIVITY,
    "invitations": INVITATIONS,
    "environments": ENVIRONMENTS,
    "groups": GROUPS,
    "dora": DORA,
    "members": MEMBERS,
    "webhooks": WEBHOOKS,
    "deliveries": DELIVERIES,
    "own_tokens": OWN_TOKENS,
    "subscribers": SUBSCRIBERS,
    "incidents": INCIDENTS,
    "maintenance": MAINTENANCE,
    "checks": CHECKS,
}


def parsed(name: ViewedList, query: str) -> str:
    """Returns the query as the list reads it: unknown parameters and invalid values are dropped."""
    return _SPECS[name].view_of(query)

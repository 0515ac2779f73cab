"""Every URL of the console, once. Pages are registered under the patterns; links are made by the functions."""

LOGIN = "/login"
SETUP = "/setup"
HOME = "/"
DASHBOARD = "/dashboard"
USERS = "/users"
# Not [user_id]: a route's parameter becomes a var of every state, and that name is the viewer's.
USER = "/users/[person_id]"
PROJECTS = "/projects"
PROJECT = "/projects/[project_id]"
DEPLOYMENTS = "/deployments"
DEPLOYMENT = "/deployments/[deployment_id]"
ACTIVITY = "/activity"
NOTIFICATIONS = "/notifications"
PREFERENCES = "/notifications?tab=preferences"
STATUS = "/status"
PUBLIC_STATUS = "/status/public"  # made by features/health/public_page/router.py, not by Reflex
JOBS = "/status/jobs"
SETTINGS = "/settings"
WEBHOOKS = "/settings/webhooks"

API_SESSION = "/api/auth/session"
API_SETUP = "/api/auth/setup"
API_DEPLOYMENTS = "/api/v1/deployments"
API_ACTIVITY_EXPORT = "/api/v1/activity/export"


def user(user_id: object) -> str:
    """The page of one person. Takes an id or a Reflex var of one."""
    return f"{USERS}/{user_id}"


def project(project_id: object) -> str:
    """The page of one project. Takes an id or a Reflex var of one."""
    return f"{PROJECTS}/{project_id}"


def webhook(project_id: int | None, webhook_id: int) -> str:
    """Where one webhook is shown: on the page of its project, or among those that hear everything."""
    page = f"{project(project_id)}?tab=webhooks&" if project_id else f"{WEBHOOKS}?"
    return f"{page}hook={webhook_id}"


def deployment(deployment_id: object) -> str:
    """The page of one deployment. Takes an id or a Reflex var of one."""
    return f"{DEPLOYMENTS}/{deployment_id}"

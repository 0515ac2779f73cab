"""All URLs of the console. Pages are registered under the patterns; functions make links."""

from urllib.parse import quote

LOGIN = "/login"
SECOND_FACTOR = "/login/second-factor"
SETUP = "/setup"
HOME = "/"
DASHBOARD = "/dashboard"
USERS = "/users"
INVITATIONS = "/users?tab=invitations"
# Not [user_id]: a route parameter becomes a var of every state, and that name is taken by the viewer's id.
USER = "/users/[person_id]"
PROJECTS = "/projects"
PROJECT = "/projects/[project_id]"
DEPLOYMENTS = "/deployments"
ENVIRONMENTS = "/deployments?view=where"
DEPLOYMENT = "/deployments/[deployment_id]"
DORA = "/dora"
ACTIVITY = "/activity"
NOTIFICATIONS = "/notifications"
PREFERENCES = "/notifications?tab=preferences"
STATUS = "/status"
PUBLIC_STATUS = "/status/public"  # served by features/health/public_page/router.py, not by Reflex
JOBS = "/status/jobs"
ALL_INCIDENTS = "/status/incidents"
MAINTENANCE = "/status/maintenance"
CHECKS = "/status/checks"
INCIDENTS = "/incidents"  # before the id of one
INCIDENT = "/incidents/[incident_id]"
SETTINGS = "/settings"
WEBHOOKS = "/settings/webhooks"
ADMIN = "/admin"
ROLES = "/roles"
IMPORT = "/imports/[file_id]"
GROUPS = "/groups"
ADMIN_HISTORY = "/admin?tab=history"
SUBSCRIBERS = "/admin/subscribers"
ALL_TOKENS = "/admin/tokens"

ACCOUNT_DELETED = f"{LOGIN}?notice=account_deleted"
FORGOT = "/forgot-password"
RESET = "/reset-password"
ADD_SECOND_FACTOR = "/add-second-factor"
CHANGE_PASSWORD = "/change-password"  # noqa: S105  a path
CONFIRM_EMAIL = "/confirm-email"
ACCEPT_INVITATION = "/accept-invitation"

# Pages of the server, not of Reflex: see server/pages.
GUIDE = "/guide"
CHANGELOG = "/guide/changelog"
API_DOCS = "/docs"

API_SESSION = "/api/auth/session"
API_PASSKEY = "/api/auth/session/passkey"
API_SECOND_FACTOR = "/api/auth/session/second-factor"
API_SETUP = "/api/auth/setup"
API_FORGOT = "/api/auth/password/forgot"
API_RESET = "/api/auth/password/reset"
API_CHANGE_PASSWORD = "/api/auth/password/change"  # noqa: S105  a path
API_CONFIRM_EMAIL = "/api/auth/email/confirm"
API_ACCEPT_INVITATION = "/api/auth/invitations/accept"
API_JOIN_BY_INVITATION = "/api/auth/invitations/join"
API_DEPLOYMENTS = "/api/v1/deployments"
API_IMPORTS = "/api/v1/imports"
API_LOGO = "/api/v1/instance/logo"
API_USERS = "/api/v1/users"
API_OWN_PICTURE = f"{API_USERS}/me/picture"
API_ACTIVITY_EXPORT = "/api/v1/activity/export"
API_USERS_EXPORT = f"{API_USERS}/export.csv"
API_PROJECTS = "/api/v1/projects"
API_PROJECTS_EXPORT = f"{API_PROJECTS}/export.csv"
API_SUBSCRIBERS_EXPORT = "/api/v1/status-subscribers/export.csv"
API_DEPLOYMENTS_EXPORT = f"{API_DEPLOYMENTS}/export.csv"
API_DORA_EXPORT = "/api/v1/metrics/dora/export.csv"
API_ENVIRONMENTS_EXPORT = f"{API_DEPLOYMENTS}/current/export.csv"
API_TOKENS_EXPORT = "/api/v1/admin/tokens/export.csv"
API_INVITATIONS_EXPORT = "/api/v1/invitations/export.csv"
API_SESSIONS_EXPORT = "/api/auth/sessions/export.csv"
API_WEBHOOKS = "/api/v1/webhooks"
API_GROUPS = "/api/v1/groups"
API_GROUPS_EXPORT = f"{API_GROUPS}/export.csv"
API_NOTIFICATIONS = "/api/v1/notifications"
API_CHECKS_EXPORT = "/api/v1/health/checks/export.csv"
API_INCIDENTS_EXPORT = "/api/v1/incidents/export.csv"
API_MAINTENANCE_EXPORT = "/api/v1/maintenance-windows/export.csv"
API_JOBS_EXPORT = "/api/v1/jobs/export.csv"
API_QUEUES_EXPORT = "/api/v1/jobs/queues/export.csv"


def sign_in(here: str) -> str:
    """Returns the URL of the sign-in page that leads back to this path with its query."""
    if here.partition("?")[0].rstrip("/") in ("", SETUP):
        return LOGIN
    return f"{LOGIN}?next={quote(here, safe='/')}"


def import_(import_id: object) -> str:
    """Returns the URL of an import. Takes an id or a Reflex var of one."""
    return f"/imports/{import_id}"


def user(user_id: object) -> str:
    """Returns the URL of a user's page. Takes an id or a Reflex var of one."""
    return f"{USERS}/{user_id}"


def activity_of(user_id: object) -> str:
    """Returns the URL of what a person did. Takes an id or a Reflex var of one."""
    return f"{ACTIVITY}?actor={user_id}"


def users_on(day: object) -> str:
    """Returns the URL of the users who existed at the end of a day in UTC."""
    return f"{USERS}?existed_on={day}"


def project(project_id: object) -> str:
    """Returns the URL of a project's page. Takes an id or a Reflex var of one."""
    return f"{PROJECTS}/{project_id}"


def incident(incident_id: object) -> str:
    """Returns the URL of the page of an incident. Takes an id or a Reflex var of one."""
    return f"{INCIDENTS}/{incident_id}"


def incidents_of(check_id: object) -> str:
    """Returns the URL of the incidents of a component. Takes an id or a Reflex var of one."""
    return f"{ALL_INCIDENTS}?component={check_id}"


def webhook(project_id: int | None, webhook_id: int) -> str:
    """Returns the URL of a webhook: on the page of its project, or on the page of instance webhooks."""
    page = f"{project(project_id)}?tab=webhooks&" if project_id else f"{WEBHOOKS}?"
    return f"{page}hook={webhook_id}"


def deployment(deployment_id: object) -> str:
    """Returns the URL of a deployment's page. Takes an id or a Reflex var of one."""
    return f"{DEPLOYMENTS}/{deployment_id}"


def deployments_of(**filters: object) -> str:
    """Returns the URL of the deployments with these filters. Takes values or Reflex vars of them."""
    return f"{DEPLOYMENTS}?{'&'.join(f'{key}={value}' for key, value in filters.items())}"

"""The pages of the sidebar, which the command palette lists too."""

from tca_app.core.language.messages import N_
from tca_app.ui import routes

# Label, URL, icon and the permission of each page.
NAVIGATION = (
    (N_("Dashboard"), routes.DASHBOARD, "layout-dashboard", "signed_in"),
    (N_("Notifications"), routes.NOTIFICATIONS, "bell", "signed_in"),
    (N_("Projects"), routes.PROJECTS, "folder-git-2", "signed_in"),
    (N_("Deployments"), routes.DEPLOYMENTS, "rocket", "signed_in"),
    (N_("DORA metrics"), routes.DORA, "gauge", "signed_in"),
    (N_("Status"), routes.STATUS, "heart-pulse", "signed_in"),
    (N_("Activity"), routes.ACTIVITY, "activity", "signed_in"),
    (N_("Users"), routes.USERS, "users", "users.manage"),
    (N_("Groups"), routes.GROUPS, "contact", "groups.manage"),
    (N_("API tokens"), routes.ALL_TOKENS, "key-round", "tokens.manage"),
    (N_("Webhooks"), routes.WEBHOOKS, "webhook", "webhooks.manage"),
    (N_("Jobs"), routes.JOBS, "list-checks", "jobs.manage"),
    (N_("Instance settings"), routes.ADMIN, "shield", "instance.manage"),
    (N_("Settings"), routes.SETTINGS, "settings", "signed_in"),
)
# The sections of the sidebar: the title before the first page of each.
SECTIONS = {
    routes.DASHBOARD: N_("Overview"),
    routes.PROJECTS: N_("Delivery"),
    routes.STATUS: N_("Operations"),
    routes.USERS: N_("Administration"),
    routes.SETTINGS: N_("You"),
}

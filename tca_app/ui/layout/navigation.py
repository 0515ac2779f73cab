"""The pages of the sidebar, which the command palette lists too."""

from tca_app.ui import routes

# Label, URL, icon and the permission of each page.
NAVIGATION = (
    ("Dashboard", routes.DASHBOARD, "layout-dashboard", "signed_in"),
    ("Notifications", routes.NOTIFICATIONS, "bell", "signed_in"),
    ("Projects", routes.PROJECTS, "folder-git-2", "signed_in"),
    ("Deployments", routes.DEPLOYMENTS, "rocket", "signed_in"),
    ("DORA metrics", routes.DORA, "gauge", "signed_in"),
    ("Status", routes.STATUS, "heart-pulse", "signed_in"),
    ("Activity", routes.ACTIVITY, "activity", "signed_in"),
    ("Users", routes.USERS, "users", "users.manage"),
    ("Groups", routes.GROUPS, "contact", "groups.manage"),
    ("API tokens", routes.ALL_TOKENS, "key-round", "tokens.manage"),
    ("Webhooks", routes.WEBHOOKS, "webhook", "webhooks.manage"),
    ("Jobs", routes.JOBS, "list-checks", "jobs.manage"),
    ("Instance settings", routes.ADMIN, "shield", "instance.manage"),
    ("Settings", routes.SETTINGS, "settings", "signed_in"),
)
# The sections of the sidebar: the title before the first page of each.
SECTIONS = {
    routes.DASHBOARD: "Overview",
    routes.PROJECTS: "Delivery",
    routes.STATUS: "Operations",
    routes.USERS: "Administration",
    routes.SETTINGS: "You",
}

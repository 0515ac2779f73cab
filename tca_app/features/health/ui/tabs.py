"""The head of the pages about the status: their title, what can be done, and the tabs."""

import reflex as rx

from tca_app.ui import routes
from tca_app.ui.components.basic import page_header, tabs
from tca_app.ui.components.text import t

_TABS = (
    (t("Overview"), routes.STATUS),
    (t("Incidents"), routes.ALL_INCIDENTS),
    (t("Maintenance"), routes.MAINTENANCE),
    (t("Health checks"), routes.CHECKS),
)


def status_head(route: str, *actions: rx.Component) -> rx.Component:
    """The head of the page `route`."""
    lead = t("The console's own components and your projects' environments, checked every minute.")
    return rx.fragment(
        page_header(t("Status"), lead, *actions),
        tabs(*((label, url, url == route) for label, url in _TABS)),
    )

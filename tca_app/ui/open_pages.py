"""The pages beside the console that strangers may open, for the links of the pages that strangers see."""

from tca_app.config.settings import get_settings
from tca_app.core.instance import instance_settings
from tca_app.ui import routes


def open_pages() -> list[str]:
    """Returns their paths: the public status page while it is on, and the documentation outside of production."""
    pages = [] if get_settings().is_production else [routes.GUIDE]
    return [*pages, routes.PUBLIC_STATUS] if instance_settings().status_public else pages

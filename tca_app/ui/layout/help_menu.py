"""The help menu of the top bar, the footer of every page, and that of the pages for strangers."""

import reflex as rx

from tca_app.config.settings import VERSION
from tca_app.ui import routes
from tca_app.ui.components.basic import icon_button, link, outside_link
from tca_app.ui.layout.brand import app_name
from tca_app.ui.layout.keys import HELP
from tca_app.ui.session import SessionState
from tca_app.ui.var import as_var


def help_menu() -> rx.Component:
    return rx.menu.root(
        rx.menu.trigger(icon_button("Help", "circle-help")),
        rx.menu.content(
            rx.menu.item(outside_link("Documentation", url=routes.GUIDE, class_name=""), as_child=True),
            rx.menu.item(outside_link("API reference", url=routes.API_DOCS, class_name=""), as_child=True),
            rx.menu.item("Keyboard shortcuts", rx.el.kbd("?"), custom_attrs={"data-press": HELP}),
            rx.menu.item(outside_link("Changelog", url=routes.CHANGELOG, class_name=""), as_child=True),
            rx.menu.item(link("Status", to=routes.STATUS, class_name=""), as_child=True),
            rx.menu.separator(),
            rx.el.div(f"Version {VERSION}", class_name="cell-sub menu-note"),
            align="end",
        ),
    )


def footer() -> rx.Component:
    """The version and links that belong to no page."""
    return rx.el.footer(
        rx.el.span(app_name(), f" {VERSION}", class_name="num"),
        rx.el.nav(
            outside_link("Documentation", url=routes.GUIDE),
            outside_link("API", url=routes.API_DOCS),
            link("Status", to=routes.STATUS),
            class_name="row",
            aria_label="About the console",
        ),
        class_name="footer",
    )


def stranger_footer() -> rx.Component:
    """Links of pages for strangers, who see no version."""
    pages = as_var(SessionState.open_pages)
    return rx.el.footer(
        rx.el.nav(
            rx.cond(pages.contains(routes.GUIDE), outside_link("Documentation", url=routes.GUIDE)),
            rx.cond(pages.contains(routes.PUBLIC_STATUS), outside_link("Status", url=routes.PUBLIC_STATUS)),
            class_name="row",
            aria_label="About the console",
        ),
        class_name="footer strangers",
    )

"""The help menu of the top bar, and the footer of every page."""

import reflex as rx

from tca_app.config.settings import VERSION
from tca_app.ui import routes
from tca_app.ui.components.basic import icon_button, link, outside_link
from tca_app.ui.layout.brand import app_name
from tca_app.ui.layout.keys import HELP


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

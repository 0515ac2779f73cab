"""The help menu of the top bar, the footer of every page, and that of the pages for strangers."""

import reflex as rx

from tca_app.config.settings import VERSION
from tca_app.ui import routes
from tca_app.ui.components.basic import icon_button, link, outside_link
from tca_app.ui.components.menus import menu
from tca_app.ui.components.text import t
from tca_app.ui.layout.brand import app_name
from tca_app.ui.layout.keys import HELP
from tca_app.ui.layout.language import browser_languages, language_menu
from tca_app.ui.session import SessionState
from tca_app.ui.var import as_var


def help_menu() -> rx.Component:
    return menu(
        lambda: icon_button(t("Help"), "circle-help"),
        rx.menu.item(outside_link(t("Documentation"), url=routes.GUIDE, class_name=""), as_child=True),
        rx.menu.item(outside_link(t("API reference"), url=routes.API_DOCS, class_name=""), as_child=True),
        rx.menu.item(t("Keyboard shortcuts"), rx.el.kbd("?"), custom_attrs={"data-press": HELP}),
        rx.menu.item(outside_link(t("Changelog"), url=routes.CHANGELOG, class_name=""), as_child=True),
        rx.menu.item(link(t("Status"), to=routes.STATUS, class_name=""), as_child=True),
        rx.menu.separator(),
        rx.el.div(t("Version {version}", version=VERSION), class_name="cell-sub menu-note"),
    )


def footer() -> rx.Component:
    """The version and links that belong to no page."""
    return rx.el.footer(
        rx.el.span(app_name(), f" {VERSION}", class_name="num"),
        rx.el.nav(
            outside_link(t("Documentation"), url=routes.GUIDE),
            outside_link(t("API reference"), url=routes.API_DOCS),
            link(t("Status"), to=routes.STATUS),
            class_name="row",
            aria_label=t("About the console"),
        ),
        language_menu(),
        class_name="footer",
    )


def stranger_footer() -> rx.Component:
    """Links of pages for strangers, who see no version."""
    pages = as_var(SessionState.open_pages)
    return rx.el.div(  # inside the main landmark, where a footer of the page may not be
        rx.el.nav(
            rx.cond(pages.contains(routes.GUIDE), outside_link(t("Documentation"), url=routes.GUIDE)),
            rx.cond(
                pages.contains(routes.PUBLIC_STATUS), outside_link(t("Public status page"), url=routes.PUBLIC_STATUS)
            ),
            class_name="row",
            aria_label=t("About the console"),
        ),
        browser_languages(),
        class_name="footer strangers",
    )

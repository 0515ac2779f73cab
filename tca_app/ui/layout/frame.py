"""The frame of every page: sidebar and top bar around the content."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import reflex as rx
from reflex_components_core.el.elements.inline import A

from tca_app.ui import routes
from tca_app.ui.components.basic import icon_button, link
from tca_app.ui.components.text import t
from tca_app.ui.forms.password_dialog import password_dialog
from tca_app.ui.layout.account_menu import account_menu
from tca_app.ui.layout.acting_banner import acting_banner
from tca_app.ui.layout.brand import app_name, logo
from tca_app.ui.layout.help_menu import footer, help_menu
from tca_app.ui.layout.keys_dialog import keys_dialog
from tca_app.ui.layout.navigation import NAVIGATION, SECTIONS
from tca_app.ui.layout.toasts import toasts
from tca_app.ui.layout.version_banner import version_banner
from tca_app.ui.palette.view import palette
from tca_app.ui.saved_views.view import pinned_views
from tca_app.ui.session import SessionState
from tca_app.ui.var import as_var
from tca_app.ui.websocket.connection import connection_status, offline_banner, unconfirmed_notice

Body = Callable[[], rx.Component]
Crumb = tuple[Any, str | None]
_NO_ATTRIBUTE: rx.Var[str] = rx.Var("undefined")


@dataclass(frozen=True, slots=True)
class TopbarItem:
    """A component of a feature in the top bar of every page, and the event that loads it after the page.

    `in_title` is a text in front of the title of every page, such as a count.
    """

    body: Body
    on_load: Any
    in_title: Callable[[], rx.Var[str]]


def is_viewer_known() -> rx.Var[bool]:
    return as_var(SessionState.username != "").bool()


def shell(route: str, crumbs: tuple[Crumb, ...], topbar: tuple[TopbarItem, ...], shown: rx.Component) -> rx.Component:
    """The frame around `shown`. It is in the HTML of a page, and complete once the viewer is known."""
    return rx.fragment(
        # Not rx.el.a, whose router link would lead to the page's URL with a slash: another page.
        A.create(t("Skip to the content"), href="#content", class_name="skip-link"),
        rx.el.div(class_name="progress", aria_hidden="true", custom_attrs={"data-busy": ~rx.State.is_hydrated}),
        rx.el.div(
            _sidebar(route),
            rx.el.button(
                class_name="backdrop",
                type="button",
                aria_label=t("Close the navigation"),
                custom_attrs={"data-action": "close-drawer"},
            ),
            rx.el.div(
                _topbar(crumbs, topbar),
                acting_banner(),
                rx.cond(is_viewer_known(), rx.fragment(offline_banner(), unconfirmed_notice())),
                rx.el.main(
                    version_banner(), _second_factor_banner(), shown, id="content", tab_index=-1, class_name="content"
                ),
                rx.cond(is_viewer_known(), footer()),
                class_name="main",
            ),
            class_name="shell",
            custom_attrs={
                "data-viewer": rx.cond(is_viewer_known(), as_var(SessionState.user_id).to(str), _NO_ATTRIBUTE),
                "data-grants": as_var(SessionState.grants).join(" "),
                "data-time-zone": SessionState.time_zone,
                "data-locale": SessionState.locale,
                "data-speaks": SessionState.language,
                "data-chosen": SessionState.chosen_language,
            },
        ),
        password_dialog(),
        keys_dialog(),
        toasts(),
    )


def _second_factor_banner() -> rx.Component:
    """How long is left to add the second factor that is required."""
    return rx.cond(
        SessionState.second_factor_left != "",
        rx.el.p(
            t(
                "Your organization requires a second factor. Time left: {second_factor_left}. {link}",
                second_factor_left=rx.el.strong(SessionState.second_factor_left),
                link=link(t("Add a second factor"), to=f"{routes.SETTINGS}?tab=two-factor"),
            ),
            class_name="notice warning",
            style={"margin_bottom": "16px"},
        ),
    )


def _sidebar(route: str) -> rx.Component:
    return rx.el.aside(
        link(
            logo(),
            rx.el.span(app_name(), class_name="label truncate"),
            to=routes.DASHBOARD,
            class_name="brand",
        ),
        rx.el.nav(
            *(_nav_link(label, url, icon, permission, route) for label, url, icon, permission in NAVIGATION),
            pinned_views(),
            class_name="nav",
            aria_label=t("Main"),
        ),
        id="sidebar",
        class_name="sidebar",
    )


def _nav_link(label: str, url: str, icon: str, permission: str, route: str) -> rx.Component:
    is_here = url == max((u for _, u, *_ in NAVIGATION if f"{route}/".startswith(f"{u}/")), key=len, default="")
    shown: rx.Component = link(
        rx.icon(icon, size=16, aria_hidden="true"),
        rx.el.span(t(label), class_name="label"),
        to=url,
        class_name="",
        title=t(label),
        custom_attrs={"aria-current": "page"} if is_here else {},
    )
    if url in SECTIONS:
        title = rx.el.p(rx.el.span(t(SECTIONS[url]), class_name="label"), class_name="nav-title")
        shown = rx.fragment(title, shown)
    return shown if permission == "signed_in" else rx.cond(as_var(SessionState.grants).contains(permission), shown)


def _topbar(crumbs: tuple[Crumb, ...], items: tuple[TopbarItem, ...]) -> rx.Component:
    return rx.el.header(
        icon_button(
            t("Navigation"),
            "panel-left",
            custom_attrs={"data-action": "sidebar", "aria-controls": "sidebar", "aria-expanded": "true"},
        ),
        rx.el.nav(
            rx.el.ol(*(_crumb(label, url) for label, url in crumbs)), class_name="crumbs", aria_label=t("Breadcrumb")
        ),
        rx.cond(
            is_viewer_known(),
            rx.fragment(palette(), connection_status(), *(item.body() for item in items), help_menu(), account_menu()),
        ),
        class_name="topbar",
    )


def _crumb(label: Any, url: str | None) -> rx.Component:
    if url is None:
        return rx.el.li(rx.el.span(label, class_name="truncate", custom_attrs={"aria-current": "page"}))
    return rx.el.li(link(label, to=url, class_name=""))

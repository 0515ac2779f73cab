"""The frame of every page: sidebar, top bar, toasts, and the guard that checks the permission of a page."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import reflex as rx
from reflex.style import color_mode, set_color_mode
from reflex_base.vars.function import ArgsFunctionOperation
from reflex_components_core.base.error_boundary import ErrorBoundary

from tca_app.config.settings import VERSION, get_settings
from tca_app.ui import routes
from tca_app.ui.components import avatar, crashed, forbidden, icon_button, link, not_found, outage
from tca_app.ui.gate import PAGE_PERMISSIONS
from tca_app.ui.palette import NAVIGATION, palette
from tca_app.ui.session import SessionState
from tca_app.ui.websocket.connection import boot, connection_status

Body = Callable[[], rx.Component]
Crumb = tuple[Any, str | None]


@dataclass(frozen=True, slots=True)
class TopbarItem:
    """A component of a feature in the top bar of every page, and the event that loads it after the page."""

    body: Body
    on_load: Any


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the console, made by `@page` and registered by `add_pages`."""

    route: str
    title: Any
    permission: str
    on_load: tuple[Any, ...]
    crumbs: tuple[Crumb, ...]
    body: Body

    @property
    def is_public(self) -> bool:
        return self.permission == "public"

    def component(self, topbar: tuple[TopbarItem, ...] = ()) -> rx.Component:
        return self.body() if self.is_public else _guarded(self, topbar)


def page(
    route: str,
    title: Any,
    *,
    permission: str = "signed_in",
    on_load: tuple[Any, ...] = (),
    crumbs: tuple[Crumb, ...] = (),
) -> Callable[[Body], Page]:
    """Turns a function into a page. `title` may be a Reflex var; `crumbs` are (label, url or None), the page last.

    A page that is not public is rendered only after Gate has identified the viewer, and only with `permission`.
    """

    def decorate(body: Body) -> Page:
        return Page(route, title, permission, on_load, crumbs or ((title, None),), body)

    return decorate


def add_pages(app: rx.App, pages: list[Page], *topbar: TopbarItem) -> None:
    """Registers the pages with Reflex, each with its title and, unless public, the guard as its first on_load.

    It also registers `/`, which leads to the dashboard, and the page for unknown URLs.
    """
    items = tuple(item.on_load for item in topbar)
    home = Page(routes.HOME, "Home", "signed_in", (SessionState.go_home,), (), boot)
    for entry in (home, *pages):
        PAGE_PERMISSIONS[entry.route.strip("/")] = entry.permission
        # The top bar loads last, because people wait for the page.
        guard, last = ((), ()) if entry.is_public else ((SessionState.enter,), items)
        app.add_page(
            _of_its_module(entry, topbar),
            route=entry.route,
            title=_page_title(entry.title),
            on_load=[*guard, *entry.on_load, *last],
        )
    app.add_page(_not_found_page(topbar), route="404", title="Not found")


def _of_its_module(entry: Page, topbar: tuple[TopbarItem, ...]) -> Body:
    """Returns the page as a function of the module that defines it.

    Reflex puts the components of all pages of one module into one script. With this module for all pages, the sign-in
    page would load the charts.
    """

    def component() -> rx.Component:
        return entry.component(topbar)

    component.__module__ = entry.body.__module__
    return component


def _page_title(title: Any) -> Any:
    suffix = f" · {get_settings().app_name}"
    return f"{title}{suffix}" if isinstance(title, str) else title + suffix


def _guarded(entry: Page, topbar: tuple[TopbarItem, ...]) -> rx.Component:
    shown = entry.body()
    if entry.permission != "signed_in":
        shown = rx.cond(SessionState.grants.contains(entry.permission), shown, forbidden())
    return rx.cond(
        SessionState.outage,
        outage(),
        rx.cond(SessionState.username != "", _shell(entry, shown, topbar), boot()),
    )


def _shell(entry: Page, shown: rx.Component, topbar: tuple[TopbarItem, ...]) -> rx.Component:
    return rx.fragment(
        rx.el.a("Skip to the content", href="#content", class_name="skip-link"),
        rx.el.div(class_name="progress", aria_hidden="true", custom_attrs={"data-busy": ~rx.State.is_hydrated}),
        rx.el.div(
            _sidebar(entry.route),
            rx.el.button(
                class_name="backdrop",
                type="button",
                aria_label="Close the navigation",
                custom_attrs={"data-action": "close-drawer"},
            ),
            rx.el.div(
                _topbar(entry.crumbs, topbar),
                rx.el.main(shown, id="content", tab_index=-1, class_name="content"),
                class_name="main",
            ),
            class_name="shell",
            custom_attrs={"data-viewer": SessionState.user_id.to(str)},
        ),
        toasts(),
    )


def _sidebar(route: str) -> rx.Component:
    return rx.el.aside(
        link(
            rx.el.img(src="/logo.svg", alt=""),
            rx.el.span(get_settings().app_name, class_name="label"),
            to=routes.DASHBOARD,
            class_name="brand",
        ),
        rx.el.nav(
            *(_nav_link(label, url, icon, permission, route) for label, url, icon, permission in NAVIGATION),
            class_name="nav",
            aria_label="Main",
        ),
        id="sidebar",
        class_name="sidebar",
    )


def _nav_link(label: str, url: str, icon: str, permission: str, route: str) -> rx.Component:
    is_here = url == max((u for _, u, *_ in NAVIGATION if f"{route}/".startswith(f"{u}/")), key=len, default="")
    shown = link(
        rx.icon(icon, size=16, aria_hidden="true"),
        rx.el.span(label, class_name="label"),
        to=url,
        class_name="",
        title=label,
        custom_attrs={"aria-current": "page"} if is_here else {},
    )
    return shown if permission == "signed_in" else rx.cond(SessionState.grants.contains(permission), shown)


def _topbar(crumbs: tuple[Crumb, ...], items: tuple[TopbarItem, ...]) -> rx.Component:
    return rx.el.header(
        icon_button(
            "Navigation",
            "panel-left",
            custom_attrs={"data-action": "sidebar", "aria-controls": "sidebar", "aria-expanded": "true"},
        ),
        rx.el.nav(
            rx.el.ol(*(_crumb(label, url) for label, url in crumbs)), class_name="crumbs", aria_label="Breadcrumb"
        ),
        palette(),
        connection_status(),
        *(item.body() for item in items),
        _account_menu(),
        class_name="topbar",
    )


def _crumb(label: Any, url: str | None) -> rx.Component:
    if url is None:
        return rx.el.li(rx.el.span(label, class_name="truncate", custom_attrs={"aria-current": "page"}))
    return rx.el.li(link(label, to=url, class_name=""))


def _account_menu() -> rx.Component:
    return rx.menu.root(
        rx.menu.trigger(
            rx.el.button(
                avatar(SessionState.initials), class_name="btn icon ghost", type="button", aria_label="Account"
            )
        ),
        rx.menu.content(
            rx.el.div(
                rx.el.div(SessionState.display_name, class_name="truncate", style={"font_weight": "500"}),
                rx.el.div(SessionState.username, class_name="cell-sub truncate"),
                style={"padding": "6px 12px 8px", "max_width": "240px"},
            ),
            rx.menu.separator(),
            rx.menu.item(link("Settings", to=routes.SETTINGS, class_name=""), as_child=True),
            rx.menu.separator(),
            *(_theme_item(label, mode) for label, mode in (("Light", "light"), ("Dark", "dark"), ("System", "system"))),
            rx.menu.separator(),
            rx.menu.item("Sign out", custom_attrs={"data-action": "sign-out"}),
            rx.el.div(f"Version {VERSION}", class_name="cell-sub", style={"padding": "6px 12px 2px"}),
            align="end",
        ),
    )


def _theme_item(label: str, mode: str) -> rx.Component:
    is_chosen = color_mode == mode
    return rx.menu.item(
        f"{label} theme",
        rx.cond(is_chosen, rx.icon("check", size=14, aria_label="chosen"), None),
        on_click=set_color_mode(mode),
    )


def theme_choice() -> rx.Component:
    """The choice between the light, the dark and the system's theme, stored by the browser."""
    return rx.el.div(
        *(
            rx.el.button(
                label,
                type="button",
                on_click=set_color_mode(mode),
                custom_attrs={"aria-pressed": rx.cond(color_mode == mode, "true", "false")},
            )
            for label, mode in (("Light", "light"), ("Dark", "dark"), ("System", "system"))
        ),
        class_name="segments",
        role="group",
        aria_label="Theme",
    )


def toasts() -> rx.Component:
    """The toasts. The region is always in the page, so that screen readers announce each toast."""
    return rx.el.div(rx.foreach(SessionState.toasts, _toast), class_name="toasts", role="status", aria_live="polite")


def _toast(toast: Any) -> rx.Component:
    return rx.el.div(
        rx.cond(
            toast["kind"] == "error",
            rx.icon("circle-alert", aria_hidden="true"),
            rx.icon("circle-check", aria_hidden="true"),
        ),
        rx.el.span(toast["text"], class_name="text"),
        rx.cond(
            toast["undo"],
            rx.el.button("Undo", type="button", class_name="btn small", on_click=SessionState.undo(toast["id"])),
        ),
        icon_button("Dismiss", "x", "ghost small", on_click=SessionState.dismiss_toast(toast["id"])),
        key=toast["id"],
        class_name=f"toast {toast['kind']}",
        role=rx.cond(toast["kind"] == "error", "alert", "none"),
    )


def _not_found_page(topbar: tuple[TopbarItem, ...]) -> Body:
    """The page for unknown URLs: inside the frame when signed in, otherwise plain."""

    def component() -> rx.Component:
        entry = Page("404", "Not found", "signed_in", (), (("Not found", None),), not_found)
        return rx.cond(SessionState.username != "", _shell(entry, not_found(), topbar), not_found())

    return component


def error_boundary() -> rx.Component:
    """The error boundary for `rx.App(app_wraps=...)`, shown instead of a page that cannot be rendered."""
    fallback = ArgsFunctionOperation.create(("_error",), rx.Var.create(crashed()))
    return ErrorBoundary.create(fallback_render=fallback)

"""Pages and their registration, with the guard that checks the permission of a page."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import reflex as rx
from reflex_base.vars.function import ArgsFunctionOperation
from reflex_components_core.base.error_boundary import ErrorBoundary

from tca_app.ui import routes
from tca_app.ui.components.placeholders import crashed, forbidden, not_found, not_found_to_strangers, outage
from tca_app.ui.components.text import t
from tca_app.ui.gate import PAGE_PERMISSIONS
from tca_app.ui.layout.brand import app_name, logo
from tca_app.ui.layout.frame import Body, Crumb, TopbarItem, is_viewer_known, shell
from tca_app.ui.layout.help_menu import stranger_footer
from tca_app.ui.saved_views.state import SavedViewsState
from tca_app.ui.session import SessionState
from tca_app.ui.var import as_var
from tca_app.ui.websocket.connection import boot, no_connection

IMAGE = "/icon-512.png"  # the preview of a shared link


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

    A page that is not public gets its data only after Gate has identified the viewer, and only with `permission`.
    """

    def decorate(body: Body) -> Page:
        return Page(route, title, permission, on_load, crumbs or ((title, None),), body)

    return decorate


def add_pages(app: rx.App, pages: list[Page], *topbar: TopbarItem) -> None:
    """Registers the pages with Reflex, each with its title and, unless public, the guard as its first on_load.

    It also registers `/`, which leads to the dashboard, and the page for unknown URLs.
    """
    items = (*(item.on_load for item in topbar), SavedViewsState.load)
    home = Page(routes.HOME, t("Home"), "signed_in", (SessionState.go_home,), (), boot)
    for entry in (home, *pages):
        PAGE_PERMISSIONS[entry.route.strip("/")] = entry.permission
        # The frame loads last, because people wait for the page.
        guard, last = ((), ()) if entry.is_public else ((SessionState.enter,), items)
        app.add_page(
            _of_its_module(entry, topbar),
            route=entry.route,
            title=_page_title(_title_or_refusal(entry), () if entry.is_public else topbar),
            image=IMAGE,
            on_load=[*guard, *entry.on_load, *last],
        )
    app.add_page(_not_found_page(topbar), route="404", title=_page_title(t("Page not found"), ()), image=IMAGE)


def needs_sign_in(route: str) -> bool:
    """Returns whether the page of this route is shown only to people who are signed in."""
    return PAGE_PERMISSIONS.get("" if route == "index" else route, "public") != "public"


def _of_its_module(entry: Page, topbar: tuple[TopbarItem, ...]) -> Body:
    """Returns the page as a function of the module that defines it.

    Reflex puts the components of all pages of one module into one script. With this module for all pages, the sign-in
    page would load the charts.
    """

    def component() -> rx.Component:
        return entry.component(topbar)

    component.__module__ = entry.body.__module__
    return component


def _is_refused(entry: Page) -> rx.Var[bool]:
    return is_viewer_known() & ~as_var(SessionState.grants).contains(entry.permission)


def _title_or_refusal(entry: Page) -> Any:
    if entry.permission in ("public", "signed_in"):
        return entry.title
    return rx.cond(_is_refused(entry), t("You do not have permission"), entry.title).to(str)


def _page_title(title: Any, topbar: tuple[TopbarItem, ...]) -> Any:
    named = title + rx.Var.create(" · ").to(str) + app_name()
    for item in topbar:
        named = item.in_title() + named
    return named


def _guarded(entry: Page, topbar: tuple[TopbarItem, ...]) -> rx.Component:
    """The page in its frame. Its HTML is the page as it loads: before the viewer is known, no state has data.

    Until then the stylesheet hides the actions of a page that needs a permission.
    """
    shown = entry.body()
    if entry.permission != "signed_in":
        shown = rx.el.div(
            rx.cond(_is_refused(entry), forbidden(), shown),
            class_name="of-permission",
            custom_attrs={"data-permission": entry.permission},
        )
    help_of_connection = rx.cond(~is_viewer_known(), no_connection())
    framed = shell(entry.route, entry.crumbs, topbar, rx.fragment(shown, help_of_connection))
    return rx.cond(SessionState.outage, outage(), framed)


def _not_found_page(topbar: tuple[TopbarItem, ...]) -> Body:
    """The page for unknown URLs: inside the frame when signed in, otherwise with the brand and the way to sign in."""

    def component() -> rx.Component:
        framed = shell("404", ((t("Page not found"), None),), topbar, not_found())
        return rx.cond(is_viewer_known(), framed, rx.cond(rx.State.is_hydrated, _stranger(), boot()))

    return component


def _stranger() -> rx.Component:
    return rx.el.div(
        rx.el.div(logo(), rx.el.span(app_name()), class_name="brand"),
        not_found_to_strangers(),
        stranger_footer(),
        class_name="stranger",
        id="content",
        role="main",
    )


def error_boundary() -> rx.Component:
    """The error boundary for `rx.App(app_wraps=...)`, shown instead of a page that cannot be rendered."""
    fallback = ArgsFunctionOperation.create(("_error",), rx.Var.create(crashed()))
    return ErrorBoundary.create(fallback_render=fallback)

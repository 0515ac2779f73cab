"""The command palette (Ctrl or Cmd + K): the pages that the viewer may open, and search results of features."""

from collections.abc import Awaitable, Callable
from typing import Any, TypedDict

import reflex as rx

from tca_app.core.actor import Actor
from tca_app.core.database.session import reading
from tca_app.core.schema import MAX_SEARCH
from tca_app.ui import routes
from tca_app.ui.components.basic import link
from tca_app.ui.components.dialogs import DIALOG_TITLE
from tca_app.ui.handlers import PERMISSIONS, handler
from tca_app.ui.session import SessionState
from tca_app.ui.var import as_handler, as_var

MAX_PER_SOURCE = 6


class Entry(TypedDict):
    """An entry. `kind` is "Page", "Project" and so on; `detail` tells two entries with the same name apart."""

    label: str
    detail: str
    kind: str
    url: str


NAVIGATION = (
    ("Dashboard", routes.DASHBOARD, "layout-dashboard", "signed_in"),
    ("Notifications", routes.NOTIFICATIONS, "bell", "signed_in"),
    ("Projects", routes.PROJECTS, "folder-git-2", "signed_in"),
    ("Deployments", routes.DEPLOYMENTS, "rocket", "signed_in"),
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

# source(session, actor, text). The UI does not know the type of a session, it only passes it on.
Source = Callable[[Any, Actor, str], Awaitable[list[Entry]]]
_SOURCES: dict[str, tuple[str, Source]] = {}


def add_source(name: str, permission: str, source: Source) -> None:
    """Adds a search to the palette: `source(session, actor, text)` returns a few entries."""
    _SOURCES[name] = (permission, source)


class PaletteState(SessionState):
    """State of the open palette. `found_for` is the text of the results; Enter opens a result only for that text."""

    entries: list[Entry] = []
    found_for: str = ""

    @handler("signed_in", supersedes=True)
    async def look_up(self, text: str) -> None:
        actor, wanted = self._as_actor(), text[:MAX_SEARCH].strip()
        found = _pages(actor, wanted.casefold())
        if wanted:
            async with reading() as session:
                for permission, source in _SOURCES.values():
                    if PERMISSIONS[permission](actor):
                        found += (await source(session, actor, wanted))[:MAX_PER_SOURCE]
        self.entries, self.found_for = found, text[:MAX_SEARCH]


def _pages(actor: Actor, wanted: str) -> list[Entry]:
    return [
        Entry(label=label, detail="", kind="Page", url=url)
        for label, url, _icon, permission in NAVIGATION
        if wanted in label.casefold() and PERMISSIONS[permission](actor)
    ]


def palette() -> rx.Component:
    """The button and the dialog. It opens without the server; the entries follow."""
    return rx.dialog.root(
        rx.dialog.trigger(
            rx.el.button(
                rx.icon("search", size=16, aria_hidden="true"),
                rx.el.span("Search", class_name="hide-phone"),
                rx.el.kbd("Ctrl K", class_name="hide-phone", aria_hidden="true"),
                class_name="btn search-opener",
                type="button",
                aria_label="Search and commands",
                aria_keyshortcuts="Control+K Meta+K",
                custom_attrs={"data-palette-open": ""},
            )
        ),
        rx.dialog.content(
            rx.el.div(_body(), custom_attrs={"data-palette": "", "data-found-for": PaletteState.found_for}),
            max_width="560px",
            padding="0",
            custom_attrs={"aria-describedby": rx.Var("undefined")},
        ),
        on_open_change=PaletteState.look_up(""),
    )


def _body() -> rx.Component:
    return rx.fragment(
        rx.dialog.title("Search and commands", class_name="sr-only", custom_attrs=DIALOG_TITLE),
        rx.el.input(
            class_name="palette-input",
            placeholder="Go to a page, user or project",
            aria_label="Go to a page, user or project",
            auto_complete="off",
            max_length=MAX_SEARCH,
            auto_focus=True,
            on_change=as_handler(PaletteState.look_up).debounce(120),
            role="combobox",
            aria_expanded=True,
            aria_autocomplete="list",
            aria_controls="palette-lines",
        ),
        rx.el.div(
            rx.el.div(
                rx.foreach(PaletteState.entries, _line),
                role="listbox",
                aria_label="Results",
                custom_attrs={"id": "palette-lines"},
            ),
            rx.cond(
                as_var(PaletteState.entries).length() == 0, rx.el.p("No results.", class_name="none", role="status")
            ),
            class_name="palette-list",
        ),
        rx.el.div(
            rx.el.span(rx.el.kbd("↑"), " ", rx.el.kbd("↓"), " move"),
            rx.el.span(rx.el.kbd("Enter"), " open"),
            rx.el.span(rx.el.kbd("Esc"), " close"),
            class_name="palette-foot hide-phone",
        ),
    )


def _line(entry: Entry, index: Any) -> rx.Component:
    return rx.dialog.close(
        link(
            rx.el.span(entry["label"], class_name="truncate"),
            rx.cond(entry["detail"] != "", rx.el.span(entry["detail"], class_name="muted mono truncate")),
            rx.el.span(entry["kind"], class_name="kind"),
            to=entry["url"],
            class_name="",
            role="option",
            tab_index=-1,
            custom_attrs={"id": f"palette-line-{index}"},
        )
    )

"""The notification menu: the number of unread notifications, live on every page, and the newest of them."""

from typing import TypedDict

import reflex as rx
from reflex.event import EventSpec

from tca_app.core.database.session import Session, reading, transaction
from tca_app.core.language.messages import _
from tca_app.features.notifications import service as notifications
from tca_app.features.notifications.schemas import InboxQuery, NotificationRead, Origin
from tca_app.ui import routes
from tca_app.ui.components.basic import link, relative_time
from tca_app.ui.components.faces import Face, Mark, avatar, face_of, mark_of, tile, tile_or_console
from tca_app.ui.components.text import t
from tca_app.ui.handlers import handler
from tca_app.ui.long_text import shorten_words
from tca_app.ui.session import SessionState
from tca_app.ui.var import as_var

NEWEST = 8


class Line(TypedDict):
    """One notification in a list. `link` is "" when there is nothing to open; `face` and `mark` may be empty."""

    id: int
    title: str
    body: str
    link: str
    at: str
    is_read: bool
    face: Face
    mark: Mark


async def lines_of(session: Session, found: list[NotificationRead]) -> list[Line]:
    origins = await notifications.read_origins(session, found)
    return [_line(row, origins[row.id]) for row in found]


def _line(found: NotificationRead, origin: Origin) -> Line:
    return Line(
        id=found.id,
        title=shorten_words(found.title),
        body=found.body,
        link=found.link,
        at=found.created_at.isoformat(),
        is_read=found.read_at is not None,
        face=face_of(origin.actor_name, origin.actor_id),
        mark=mark_of(origin.project),
    )


class NotificationMenuState(SessionState):
    """State of the notification menu."""

    unread: int = 0
    newest: list[Line] = []
    is_open: bool = False

    @rx.var
    def unread_text(self) -> str:
        return f"{notifications.COUNT_CAP - 1}+" if self.unread >= notifications.COUNT_CAP else str(self.unread)

    @rx.var
    def menu_label(self) -> str:
        return (
            _("Notifications, {unread_text} unread", unread_text=self.unread_text)
            if self.unread
            else _("Notifications")
        )

    @handler("signed_in", supersedes=True)
    async def load(self) -> None:
        """Loads the number of unread ones, as the last on_load of every page and when the viewer's inbox changes."""
        actor = self._as_actor()
        self._watch(NotificationMenuState.load, f"inbox:{actor.user_id}")
        async with reading() as session:
            unread = await notifications.count_unread(session, actor)
            newest = None
            if self.is_open:
                found, _more = await notifications.list_notifications(session, actor, InboxQuery(limit=NEWEST))
                newest = await lines_of(session, found)
        if self.unread != unread:
            self.unread = unread
        if newest is not None:
            self.newest = newest

    @handler("signed_in")
    async def set_open(self, is_open: bool) -> EventSpec | None:
        self.is_open = is_open
        return NotificationMenuState.load() if is_open else None

    @handler("signed_in")
    async def open_one(self, notification_id: int) -> EventSpec | None:
        """Marks a notification as read and opens its link."""
        async with transaction() as session:
            found = await notifications.read_one(session, self._as_actor(), notification_id)
        self.is_open = False
        return rx.redirect(found.link) if found.link else None

    @handler("signed_in")
    async def read_all(self) -> EventSpec:
        seen = self.newest[0]["id"] if self.newest else None
        async with transaction() as session:
            await notifications.read_all(session, self._as_actor(), seen)
        return NotificationMenuState.load()


def notification_menu() -> rx.Component:
    """The button in the top bar. The list is loaded when it is opened."""
    state = NotificationMenuState
    return rx.popover.root(
        rx.popover.trigger(
            rx.el.button(
                rx.icon("bell", size=16, aria_hidden="true"),
                rx.cond(state.unread > 0, rx.el.span(state.unread_text, class_name="count", aria_hidden="true")),
                class_name="btn icon ghost bell",
                type="button",
                aria_label=state.menu_label,
                title=t("Notifications"),
            )
        ),
        rx.popover.content(
            rx.el.div(
                rx.el.h2(t("Notifications")),
                rx.cond(
                    state.unread > 0,
                    rx.el.button(
                        t("Mark all read"), type="button", class_name="btn small ghost", on_click=state.read_all
                    ),
                ),
                class_name="panel-head",
            ),
            rx.cond(
                as_var(state.newest).length() > 0,
                rx.el.ul(rx.foreach(state.newest, inbox_line), class_name="inbox"),
                rx.el.p(t("No notifications yet."), class_name="none muted"),
            ),
            rx.el.div(
                rx.popover.close(link(t("All notifications"), to=routes.NOTIFICATIONS)),
                rx.popover.close(link(t("Preferences"), to=routes.PREFERENCES)),
                class_name="panel-foot",
            ),
            align="end",
            class_name="bell-list",
            aria_label=t("Notifications"),
        ),
        open=state.is_open,
        on_open_change=state.set_open,
    )


def unread_in_title() -> rx.Var[str]:
    """Returns "(3) " in front of a title while notifications are unread, so that a tab in the background shows them."""
    state = NotificationMenuState
    count = rx.Var.create("(").to(str) + state.unread_text + rx.Var.create(") ").to(str)
    return rx.cond(state.unread > 0, count, "").to(str)


def inbox_line(line: Line) -> rx.Component:
    """One notification. A click marks it as read and opens its link."""
    has_face, has_mark = line["face"]["initials"] != "", line["mark"]["text"] != ""
    return rx.el.li(
        rx.el.button(
            rx.el.span(class_name="dot", aria_hidden="true"),
            rx.cond(has_face, avatar(line["face"]), tile_or_console(line["mark"])),
            rx.el.span(
                rx.cond(line["is_read"], None, rx.el.span(t("Unread: "), class_name="sr-only")),
                rx.el.span(rx.cond(has_face & has_mark, tile(line["mark"], "small")), line["title"]),
                rx.cond(line["body"] != "", rx.el.span(line["body"], class_name="cell-sub")),
                class_name="grow",
            ),
            relative_time(line["at"]),
            type="button",
            on_click=NotificationMenuState.open_one(as_var(line["id"]).to(int)),
            custom_attrs={"data-read": rx.cond(line["is_read"], "true", "false"), "data-open": ""},
        ),
        key=as_var(line["id"]).to(str),
    )

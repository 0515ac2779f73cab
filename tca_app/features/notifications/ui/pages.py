"""The page of notifications, with the preferences."""

import reflex as rx

from tca_app.features.notifications.filters import INBOX
from tca_app.features.notifications.ui.notification_menu import Line, inbox_line
from tca_app.features.notifications.ui.state import Choice, InboxState
from tca_app.ui import routes
from tca_app.ui.components.basic import button, icon_button, page_header, panel, tabs
from tca_app.ui.components.loading import or_failure
from tca_app.ui.components.placeholders import empty_state, skeleton_lines
from tca_app.ui.components.text import t
from tca_app.ui.layout.pages import page
from tca_app.ui.table.bulk_view import bulk_list
from tca_app.ui.table.filters import chips, filter_controls
from tca_app.ui.table.parts import download_link, no_match, view_switch
from tca_app.ui.table.selection.ticks import row_attrs, select_all, tick
from tca_app.ui.table.sheet import filter_sheet
from tca_app.ui.var import as_var

state = InboxState
CHANNEL_LABELS = (("inbox", t("Inbox")), ("mail", t("Mail")))


@page(routes.NOTIFICATIONS, t("Notifications"), on_load=(InboxState.load,))
def notifications_page() -> rx.Component:
    return rx.fragment(
        page_header(
            t("Notifications"),
            t("Updates about you and your projects."),
            rx.cond(
                (state.tab != "preferences") & (as_var(state.rows).length() > 0),
                download_link(f"{routes.API_NOTIFICATIONS}/export.csv", state.export_query),
            ),
            rx.cond(
                (state.tab != "preferences") & state.has_unread,
                button(t("Mark all read"), icon="check-check", on_click=state.read_all),
            ),
        ),
        tabs(
            (t("All"), routes.NOTIFICATIONS, state.tab == "all"),
            (t("Unread"), f"{routes.NOTIFICATIONS}?tab=unread", state.tab == "unread"),
            (t("Preferences"), routes.PREFERENCES, state.tab == "preferences"),
        ),
        rx.cond(state.tab == "preferences", _preferences(), _inbox()),
    )


def _inbox() -> rx.Component:
    lines = rx.cond(
        as_var(state.rows).length() > 0,
        bulk_list(
            state,
            rx.fragment(select_all(state), rx.el.ul(rx.foreach(state.rows, _line), class_name="inbox")),
        ),
        rx.cond(as_var(state.chips).length() > 0, no_match(state), _none()),
    )
    return rx.fragment(
        _tools(),
        chips(state),
        rx.el.div(
            or_failure(state, rx.cond(state.is_loaded, lines, rx.el.div(skeleton_lines(4), class_name="panel-body"))),
            class_name="table-frame",
        ),
        rx.cond(
            state.has_more & (state.failure == ""),
            rx.el.div(
                button(t("Load more"), on_click=state.more, custom_attrs={"data-load-more": ""}), class_name="feed-more"
            ),
        ),
    )


def _tools() -> rx.Component:
    orders = (("", t("Newest first"), True), (INBOX.sorts[0], t("Oldest first"), True))
    return rx.el.div(
        rx.el.div(*filter_controls(state), class_name="filters"),
        filter_sheet(state, ()),
        view_switch(t("Sort by"), "sort", state.sort, *orders),
        class_name="table-tools",
    )


def _none() -> rx.Component:
    return rx.cond(
        state.tab == "unread",
        empty_state(t("No unread notifications"), t("New notifications appear here."), icon="check-check"),
        empty_state(
            t("No notifications yet"), t("Changes to your account and your projects appear here."), icon="bell"
        ),
    )


def _line(line: Line) -> rx.Component:
    """A notification, with a button to mark it as read or unread."""
    return rx.el.li(
        rx.el.span(tick(state, line, line["title"]), class_name="tick"),
        inbox_line(line).children[0],
        rx.cond(
            line["is_read"],
            icon_button(
                t("Mark as unread"), "mail", "ghost small", on_click=state.set_read(as_var(line["id"]).to(int), False)
            ),
            icon_button(
                t("Mark as read"), "check", "ghost small", on_click=state.set_read(as_var(line["id"]).to(int), True)
            ),
        ),
        key=as_var(line["id"]).to(str),
        **row_attrs(line, state),
    )


def _preferences() -> rx.Component:
    choices = rx.cond(
        as_var(state.choices).length() > 0,
        rx.el.table(
            rx.el.thead(
                rx.el.tr(
                    rx.el.th(t("When"), scope="col"),
                    *(rx.el.th(text, scope="col") for _, text in CHANNEL_LABELS),
                )
            ),
            rx.el.tbody(rx.foreach(state.choices, _choice)),
            class_name="choices",
        ),
        rx.el.div(skeleton_lines(4), class_name="panel-body"),
    )
    return panel(
        t("Notification preferences"),
        or_failure(state, choices),
        rx.cond(
            ~state.has_mail,
            rx.el.p(
                t("Mail is turned off on this console. Your choices apply once an administrator turns it on."),
                class_name="panel-foot muted",
            ),
        ),
        rx.el.p(t("You are not notified about your own actions."), class_name="panel-foot muted"),
        flush=True,
    )


def _choice(choice: Choice) -> rx.Component:
    def cell(channel: str, text: str) -> rx.Component:
        return rx.el.td(
            rx.cond(as_var(choice["offered"]).to(list[str]).contains(channel), box(channel, text)),
        )

    def box(channel: str, text: str) -> rx.Component:
        return rx.el.label(
            rx.el.input(
                type="checkbox",
                class_name="checkbox",
                checked=as_var(choice["on"]).to(list[str]).contains(channel),
                disabled=as_var(choice["fixed"]).to(list[str]).contains(channel),
                on_change=lambda is_on: state.choose(as_var(choice["kind"]).to(str), channel, is_on),
            ),
            rx.el.span(text, ": ", choice["label"], class_name="sr-only"),
        )

    return rx.el.tr(
        rx.el.th(choice["label"], scope="row"),
        *(cell(channel, text) for channel, text in CHANNEL_LABELS),
        key=as_var(choice["kind"]).to(str),
    )


PAGES = [notifications_page]

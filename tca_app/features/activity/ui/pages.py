"""The page `/activity`, and the activity feeds on other pages."""

from typing import Any

import reflex as rx

from tca_app.features.activity.filters import ACTIVITY
from tca_app.features.activity.ui.state import ActivityState, Change, Entry, RecentState, SubjectFeedState
from tca_app.ui import routes
from tca_app.ui.components.basic import button, link, page_header, panel, relative_time
from tca_app.ui.components.faces import avatar, tile
from tca_app.ui.components.placeholders import empty_state, error_state, skeleton_lines
from tca_app.ui.components.text import t
from tca_app.ui.layout.pages import page
from tca_app.ui.record import at_its_url
from tca_app.ui.saved_views.view import views_menu
from tca_app.ui.table.filters import chips
from tca_app.ui.table.parts import export_menu, no_match, tools_row, view_switch
from tca_app.ui.table.selection.ticks import row_attrs
from tca_app.ui.var import as_var

state = ActivityState


@page(routes.ACTIVITY, t("Activity"), on_load=(ActivityState.load,))
def activity_page() -> rx.Component:
    return rx.fragment(
        page_header(
            t("Activity"), t("Who did what, and when."), export_menu(routes.API_ACTIVITY_EXPORT, state.export_query)
        ),
        tools_row(state, t("Search activity"), (_order(), views_menu())),
        chips(state),
        rx.el.div(
            feed(
                state,
                nothing=rx.cond(
                    state.is_filtered,
                    no_match(state),
                    empty_state(t("No activity yet"), t("Changes by people and tokens appear here."), icon="activity"),
                ),
            ),
            class_name="table-frame",
        ),
        rx.cond(
            state.has_more,
            rx.el.div(
                button(t("Load more"), on_click=state.more, custom_attrs={"data-load-more": ""}), class_name="feed-more"
            ),
        ),
    )


def _order() -> rx.Component:
    orders = (("", t("Newest first"), True), (ACTIVITY.sorts[0], t("Oldest first"), True))
    return view_switch(t("Sort by"), "sort", state.sort, *orders)


def feed(feed_state: Any, *, nothing: rx.Component) -> rx.Component:
    """The lines of a feed, or an empty state."""
    return rx.cond(
        feed_state.failure != "",
        error_state(feed_state.failure, feed_state.load),
        rx.cond(
            feed_state.is_loaded,
            rx.cond(
                feed_state.entries.length() > 0,
                rx.el.ol(rx.foreach(feed_state.entries, _line), class_name="feed"),
                nothing,
            ),
            rx.el.div(skeleton_lines(4), class_name="panel-body"),
        ),
    )


def _line(entry: Entry) -> rx.Component:
    """One event. A click or Enter expands it and shows what changed and from where."""
    return rx.el.li(
        rx.el.details(
            rx.el.summary(
                rx.cond(entry["actor_url"] != "", avatar(entry["face"])),
                rx.match(
                    entry["icon"],
                    ("project", rx.icon("folder-git-2", size=16, aria_hidden="true")),
                    ("webhook", rx.icon("webhook", size=16, aria_hidden="true")),
                    ("token", rx.icon("key-round", size=16, aria_hidden="true")),
                    ("deployment", rx.icon("rocket", size=16, aria_hidden="true")),
                    ("job", rx.icon("list-checks", size=16, aria_hidden="true")),
                    ("group", rx.icon("contact", size=16, aria_hidden="true")),
                    ("health_check", rx.icon("heart-pulse", size=16, aria_hidden="true")),
                    ("incident", rx.icon("siren", size=16, aria_hidden="true")),
                    ("maintenance", rx.icon("wrench", size=16, aria_hidden="true")),
                    ("instance", rx.icon("shield", size=16, aria_hidden="true")),
                    rx.icon("user", size=16, aria_hidden="true"),
                ),
                rx.cond(entry["mark"]["text"] != "", tile(entry["mark"], "small")),
                rx.el.span(entry["summary"], class_name="grow"),
                rx.el.span(relative_time(entry["at"]), class_name="muted"),
                custom_attrs={"data-open": ""},
            ),
            _details(entry),
        ),
        key=as_var(entry["id"]).to(str),
        **row_attrs(entry),
    )


def _details(entry: Entry) -> rx.Component:
    return rx.el.div(
        rx.cond(
            as_var(entry["changes"]).to(list).length() > 0,
            rx.el.table(
                rx.el.thead(
                    rx.el.tr(*(rx.el.th(text, scope="col") for text in (t("Field"), t("Before"), t("After")))),
                ),
                rx.el.tbody(rx.foreach(as_var(entry["changes"]).to(list[dict[str, str]]), _change)),
                class_name="diff",
            ),
            rx.el.p(t("No fields changed."), class_name="muted"),
        ),
        rx.el.div(
            rx.el.span(entry["type"]),
            rx.cond(entry["url"] != "", link(t("Open {subject}", subject=entry["subject"]), to=entry["url"])),
            rx.cond(entry["actor_url"] != "", link(t("All by {actor}", actor=entry["actor"]), to=entry["actor_url"])),
            rx.cond(entry["project_url"] != "", link(t("All in this project"), to=entry["project_url"])),
            rx.cond(entry["origin"] != "", rx.el.span(entry["origin"], class_name="mono")),
            class_name="feed-foot",
        ),
        class_name="feed-details",
    )


def _change(change: Change) -> rx.Component:
    return rx.el.tr(
        rx.el.th(change["field"], scope="row"),
        rx.cond(
            change["plain"] != "",
            rx.el.td(change["plain"], col_span=2),
            rx.fragment(
                rx.el.td(rx.cond(change["before"] != "", rx.el.del_(change["before"]), "")),
                rx.el.td(rx.cond(change["after"] != "", rx.el.ins(change["after"]), "")),
            ),
        ),
    )


def recent_activity() -> rx.Component:
    """The panel "Recent activity" of the dashboard: the latest events, with a link to all."""
    nothing = empty_state(t("No activity yet"), t("Changes by people and tokens appear here."), icon="activity")
    return panel(
        t("Recent activity"),
        feed(RecentState, nothing=nothing),
        actions=(link(t("All activity"), to=routes.ACTIVITY),),
        flush=True,
    )


def subject_activity() -> rx.Component:
    """The activity of one user or project, for its page."""
    nothing = empty_state(t("No activity yet"), t("Changes appear here."), icon="activity")
    loading = rx.el.div(skeleton_lines(4), class_name="panel-body")
    shown = at_its_url(SubjectFeedState, feed(SubjectFeedState, nothing=nothing), loading)
    export = at_its_url(SubjectFeedState, export_menu(routes.API_ACTIVITY_EXPORT, SubjectFeedState.export_query))
    return panel(t("Activity"), shown, actions=(export,), flush=True)


PAGES = [activity_page]

"""The panel of open sessions: a tab of one's own settings, and on the page of a user."""

import reflex as rx

from tca_app.features.auth.ui.sessions_state import SessionRow, SessionsState
from tca_app.ui import routes
from tca_app.ui.components.badges import badge
from tca_app.ui.components.basic import button, error_notice, panel, relative_time
from tca_app.ui.components.dialogs import confirm_dialog
from tca_app.ui.components.placeholders import error_state, skeleton_lines
from tca_app.ui.components.text import t
from tca_app.ui.record import is_at_its_url
from tca_app.ui.table.parts import download_link, plain_table
from tca_app.ui.table.selection.ticks import row_attrs
from tca_app.ui.var import as_var

state = SessionsState


def sessions_panel() -> rx.Component:
    """The open sessions of the user of the page, each with what ends it."""
    return rx.fragment(
        panel(
            t("Sessions"),
            rx.match(
                rx.cond(is_at_its_url(state), state.phase, ""),
                ("list", _list()),
                ("failed", error_state(state.failure, state.load)),
                rx.el.div(skeleton_lines(3), class_name="panel-body"),
            ),
            actions=(_download(), _end_others()),
            flush=True,
        ),
        _confirmation(),
    )


def _download() -> rx.Component:
    return rx.cond(
        is_at_its_url(state) & (as_var(state.rows).length() > 0),
        download_link(routes.API_SESSIONS_EXPORT, state.export_query),
    )


def _end_others() -> rx.Component:
    """Without the current session in the list, on the page of another user, there are no others: all end."""
    has_current = state.person_id == state.user_id
    label = rx.cond(has_current, t("End all other sessions"), t("End all sessions"))
    return rx.cond(
        is_at_its_url(state) & (as_var(state.rows).length() > rx.cond(has_current, 1, 0)),
        button(label, kind="small danger-quiet", on_click=state.ask_end_others(state.person_id)),
    )


def _list() -> rx.Component:
    heads = (
        (t("Device"), "", "user_agent"),
        (t("Kind"), "hide-narrow", "kind"),
        (t("IP address"), "hide-phone", "ip"),
        (t("Last used"), "hide-phone", "last_used_at"),
        (t("Signed in"), "hide-narrow", "created_at"),
        ("", "act"),
    )
    none = rx.el.p(t("No open sessions."), class_name="panel-body muted")
    table = plain_table(t("Sessions"), heads, rx.foreach(state.rows, _row), order=state)
    return rx.cond(as_var(state.rows).length() > 0, table, none)


def _row(row: SessionRow) -> rx.Component:
    return rx.el.tr(
        rx.el.td(
            rx.el.span(row["device"], class_name="cell-title"),
            rx.cond(row["is_current"], rx.fragment(" ", badge(t("This session"), "good", "check"))),
            rx.el.div(row["ip"], ", ", relative_time(row["last_used_at"]), class_name="cell-sub only-phone"),
        ),
        rx.el.td(
            rx.cond(row["kind"] == "api", badge("API", "", "terminal"), badge(t("Browser"), "", "globe")),
            class_name="hide-narrow",
        ),
        rx.el.td(row["ip"], class_name="num hide-phone"),
        rx.el.td(relative_time(row["last_used_at"]), class_name="hide-phone"),
        rx.el.td(relative_time(row["created_at"]), class_name="hide-narrow"),
        rx.el.td(
            button(t("End session"), kind="small", on_click=state.ask_end(state.person_id, row["id"])),
            class_name="act",
        ),
        key=as_var(row["id"]).to(str),
        **row_attrs(row),
    )


def _confirmation() -> rx.Component:
    is_one = state.asking == "one"
    return confirm_dialog(
        open_=is_at_its_url(state) & (state.asking != ""),
        title=rx.cond(is_one, t("End this session?"), t("End these sessions?")),
        text=state.asking_text,
        confirm=rx.cond(is_one, t("End session"), t("End sessions")),
        on_confirm=state.end,
        on_cancel=state.cancel(),
        busy=state.is_acting,
        body=error_notice(state.act_error),
    )

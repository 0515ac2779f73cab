"""The panel "Needs attention": the first thing on the dashboard, and absent while there is nothing."""

import reflex as rx

from tca_app.features.dashboard.ui.attention_state import FIRST, AttentionState, Unlisted
from tca_app.ui.components.basic import button, link, panel
from tca_app.ui.components.notices import notice_lines
from tca_app.ui.components.placeholders import error_state, skeleton_lines
from tca_app.ui.components.text import t
from tca_app.ui.var import as_var

state = AttentionState


def needs_attention() -> rx.Component:
    some = as_var(state.notices).length() > 0
    return rx.cond(
        state.failure != "",
        panel(t("Needs attention"), error_state(state.failure, state.load), flush=True),
        rx.cond(state.is_loaded, rx.el.div(rx.cond(some, _panel()), class_name="attention"), _waiting()),
    )


def _waiting() -> rx.Component:
    """The placeholder, as high as the panel was in this browser (assets/console/dashboard.js). Absent at first."""
    return rx.el.div(
        panel(t("Needs attention"), rx.el.div(skeleton_lines(4), class_name="panel-body"), flush=True),
        class_name="attention waiting",
    )


def _panel() -> rx.Component:
    is_long = as_var(state.notices).length() > FIRST
    label = rx.cond(state.shows_all, t("Show less"), t("Show {more} more", more=state.more))
    more = button(
        label,
        kind="ghost small",
        on_click=state.show_all(~state.shows_all),
        aria_expanded=rx.cond(state.shows_all, "true", "false"),
    )
    return panel(
        rx.fragment(t("Needs attention {total}", total=rx.el.span(state.total, class_name="muted num"))),
        notice_lines(state.shown, with_project=True),
        rx.cond(state.shows_all & (as_var(state.unlisted).length() > 0), _unlisted()),
        actions=(rx.cond(is_long, more),),
        flush=True,
    )


def _unlisted() -> rx.Component:
    def line(one: Unlisted) -> rx.Component:
        return rx.cond(one["url"] != "", link(one["text"], to=one["url"]), rx.el.span(one["text"]))

    return rx.el.div(rx.foreach(state.unlisted, line), class_name="panel-foot row")

"""The second factors of a user on their page, for administrators."""

import reflex as rx

from tca_app.features.factors.ui.pages import factor_words
from tca_app.features.factors.ui.state import FactorRow
from tca_app.features.factors.ui.user_state import UserFactorsState
from tca_app.ui.components.basic import button, error_notice, panel
from tca_app.ui.components.dialogs import confirm_dialog
from tca_app.ui.components.text import t
from tca_app.ui.record import is_at_its_url
from tca_app.ui.var import as_var

state = UserFactorsState


def user_factors() -> rx.Component:
    has_some = as_var(state.factors).length() > 0
    return rx.cond(
        is_at_its_url(state) & state.is_shown,
        rx.fragment(
            panel(
                t("Two-factor authentication"),
                rx.cond(has_some, _list(), rx.el.p(t("Not set up"), class_name="muted")),
                actions=(rx.cond(has_some, _reset_button()),),
            ),
            _confirmation(),
        ),
    )


def _reset_button() -> rx.Component:
    return button(t("Reset"), kind="small danger-quiet", on_click=state.ask_reset(state.person_id))


def _list() -> rx.Component:
    return rx.fragment(
        rx.el.ul(rx.foreach(state.factors, _row), class_name="rows"),
        rx.el.p(t("Unused recovery codes: {codes_left}", codes_left=state.codes_left), class_name="muted"),
    )


def _row(row: FactorRow) -> rx.Component:
    return rx.el.li(factor_words(row), class_name="row")


def _confirmation() -> rx.Component:
    return confirm_dialog(
        open_=state.is_asking,
        title=t("Reset two-factor authentication?"),
        text=t(
            "All second factors and recovery codes of this user are removed, and their sessions end. "
            "Then the password alone signs them in. Make sure that the request comes from them."
        ),
        confirm=t("Reset two-factor"),
        on_confirm=state.reset_factors,
        on_cancel=state.cancel_reset(),
        busy=state.is_acting,
        body=error_notice(state.act_error),
    )

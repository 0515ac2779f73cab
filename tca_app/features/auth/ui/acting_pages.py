"""The dialog by which an administrator acts as the user of the page, and the item of the menu that opens it."""

from typing import Any

import reflex as rx

from tca_app.features.auth.ui.acting_state import ActingState
from tca_app.ui.components.basic import error_notice
from tca_app.ui.components.dialogs import confirm_dialog
from tca_app.ui.components.text import t
from tca_app.ui.forms.plain_field import plain_field
from tca_app.ui.record import is_at_its_url

state = ActingState


def acting_item(user_id: Any) -> rx.Component:
    return rx.menu.item(t("Act as this user"), on_click=state.ask(user_id))


def acting_dialog(name: Any) -> rx.Component:
    return confirm_dialog(
        open_=is_at_its_url(state) & state.is_asking,
        title=rx.el.span(t("Act as {name}?", name=name)),
        text=t(
            "For 30 minutes you see and do what this user may, in all tabs of this browser. Everything is recorded "
            "under both names, and the user is notified. "
            "Their password, email, factors, tokens and sessions stay theirs."
        ),
        confirm=t("Act as this user"),
        kind="primary",
        on_confirm=state.start,
        on_cancel=state.cancel(),
        busy=state.is_starting,
        body=rx.fragment(
            error_notice(state.act_error),
            plain_field(
                "reason",
                t("Reason"),
                state.reason_error,
                id_="field-acting-reason",
                lines=2,
                max_length=500,
                placeholder=t("Cannot see the deployments of billing, ticket 1234"),
            ),
        ),
    )

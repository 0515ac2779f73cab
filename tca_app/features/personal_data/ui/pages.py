"""The panel that exports a person's data or erases the person, and the erasure from the trash."""

import reflex as rx

from tca_app.features.personal_data.ui.state import ErasureState, PersonalDataState
from tca_app.ui import routes
from tca_app.ui.components.basic import button, error_notice, link, panel, setting
from tca_app.ui.components.dialogs import confirm_dialog
from tca_app.ui.components.text import t
from tca_app.ui.record import is_at_its_url
from tca_app.ui.session import SessionState
from tca_app.ui.table.grid import RowAction
from tca_app.ui.var import as_var

state = PersonalDataState
# In the menu of a row; the page shows `erase_dialog` too.
ERASE_FROM_TRASH = RowAction(
    t("Erase"), lambda row: ErasureState.ask(row["id"]), danger=True, shown=lambda row: row["is_deleted"]
)
ERASED = t(
    "Name, email address, sessions, tokens and memberships are gone for good, also from the event log. "
    'History shows "Erased user" with the id. This cannot be undone.'
)


def personal_data_panel(user_id: int, text: str) -> rx.Component:
    """The panel on the page of a person."""
    shown = rx.el.div(rx.el.p(text, class_name="muted"), _buttons(as_var(user_id)), class_name="stack")
    return panel(t("Personal data"), shown, erase_dialog())


def personal_data_setting(about: str) -> rx.Component:
    """The section of one's own settings."""
    return setting(t("Personal data"), about, _buttons(as_var(SessionState.user_id)), erase_dialog())


def _buttons(person: rx.vars.NumberVar[float]) -> rx.Component:
    erase = button(t("Erase account"), icon="user-x", kind="danger-quiet", on_click=ErasureState.ask(person))
    return rx.el.div(_export(person), erase, class_name="row")


def erase_dialog() -> rx.Component:
    return confirm_dialog(
        open_=is_at_its_url(ErasureState) & ErasureState.is_asking,
        title=rx.el.span(t("Erase the account of {username_to_type}?", username_to_type=ErasureState.username_to_type)),
        text=ERASED,
        confirm=t("Erase account"),
        on_confirm=ErasureState.erase,
        on_cancel=ErasureState.cancel(),
        busy=ErasureState.is_erasing,
        body=error_notice(ErasureState.erase_error),
        type_name=ErasureState.username_to_type,
    )


def _export(person: rx.vars.NumberVar[float]) -> rx.Component:
    return rx.cond(
        (as_var(state.ready_id) == person) & (person != 0),
        link(
            t("Download JSON"),
            to=f"{routes.API_USERS}/{person}/export",
            class_name="btn primary",
            reload_document=True,
            custom_attrs={"download": ""},
        ),
        button(t("Export data"), icon="download", on_click=state.prepare(person)),
    )

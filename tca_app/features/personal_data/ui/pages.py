"""The panel that exports a person's data."""

import reflex as rx

from tca_app.features.personal_data.ui.state import PersonalDataState
from tca_app.ui import routes
from tca_app.ui.components.basic import button, link, panel
from tca_app.ui.var import as_var

state = PersonalDataState


def personal_data_panel(user_id: int, text: str) -> rx.Component:
    person = as_var(user_id)
    return panel(
        "Personal data",
        rx.el.p(text, class_name="muted"),
        rx.cond(
            (as_var(state.ready_id) == person) & (person != 0),
            link(
                "Download JSON",
                to=f"{routes.API_USERS}/{person}/export",
                class_name="btn primary",
                reload_document=True,
                custom_attrs={"download": ""},
            ),
            button("Export data", icon="download", on_click=state.prepare(person)),
        ),
    )

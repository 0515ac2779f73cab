"""The dialog with the settings of a check."""

from typing import Any

import reflex as rx

from tca_app.ui.forms.fields import check_field, form_dialog, select_field, text_field
from tca_app.ui.forms.state import FormState
from tca_app.ui.var import as_var


def check_dialog(state: Any) -> rx.Component:
    """The dialog of a CheckState. Checks without a URL have no fields about the response."""
    return form_dialog(
        state,
        title=rx.el.span("Check settings of ", state.name),
        text=rx.cond(
            state.url != "",
            rx.fragment("GET ", rx.el.span(state.url, class_name="mono"), ", the URL in the project's settings."),
            "",
        ),
        submit="Save",
        on_submit=state.save,
        fields=[
            _two(
                _if_given(
                    state,
                    "expected_status",
                    _number_field(state, "expected_status", "Expected status", "Any 2xx or 3xx"),
                ),
                _if_given(
                    state,
                    "timeout_s",
                    _number_field(state, "timeout_s", "Timeout", hint="1 to 10 seconds.", required=True),
                ),
            ),
            _two(
                _number_field(state, "interval_s", "Interval", hint="60 to 86400 seconds (one day).", required=True),
                _number_field(state, "weight", "Weight", hint="Weight in the score, 0 to 100.", required=True),
            ),
            _two(
                _number_field(
                    state,
                    "failures_to_open",
                    "Failures to open an incident",
                    state.usual_failures,
                    hint="Opens an incident after this many failed checks in a row.",
                ),
                _number_field(
                    state,
                    "passes_to_close",
                    "Passes to resolve",
                    state.usual_passes,
                    hint="Resolves it after this many passed checks in a row.",
                ),
            ),
            select_field(
                state,
                "severity",
                "Severity of incidents",
                (("minor", "Minor"), ("major", "Major"), ("critical", "Critical")),
                hint="Of the incidents that this check opens.",
            ),
            check_field(state, "is_paused", "Paused", hint="Checks stop, and any open incident is resolved."),
            check_field(
                state,
                "is_public",
                "On the public page",
                hint="Its name, state and history are visible to everybody at /status/public.",
            ),
            rx.cond(
                ~state.has_public_page,
                rx.el.p("The public page is disabled (STATUS_PUBLIC).", class_name="notice"),
            ),
        ],
    )


def _two(*fields: rx.Component) -> rx.Component:
    return rx.el.div(*fields, class_name="two-fields")


def _if_given(state: type[FormState], name: str, field: rx.Component) -> rx.Component:
    return rx.cond(as_var(state.form_values).contains(name), field)


def _number_field(
    state: type[FormState], name: str, label: str, placeholder: Any = "", *, hint: str = "", required: bool = False
) -> rx.Component:
    return text_field(
        state,
        name,
        label,
        hint=hint,
        required=required,
        input_mode="numeric",
        max_length=5,
        placeholder=placeholder,
    )

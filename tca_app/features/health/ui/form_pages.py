"""The dialog with the settings of a check."""

from typing import Any

import reflex as rx

from tca_app.ui.components.text import t
from tca_app.ui.forms.fields import check_field, form_dialog, select_field, text_field
from tca_app.ui.forms.state import FormState
from tca_app.ui.var import as_var


def check_dialog(state: Any) -> rx.Component:
    """The dialog of a CheckState. Checks without a URL have no fields about the response."""
    return form_dialog(
        state,
        title=rx.el.span(t("Check settings of {name}", name=state.name)),
        text=rx.cond(
            state.url != "",
            rx.fragment(
                t("GET {url}, the URL in the project's settings.", url=rx.el.span(state.url, class_name="mono"))
            ),
            "",
        ),
        submit=t("Save"),
        on_submit=state.save,
        fields=[
            _two(
                _if_given(
                    state,
                    "expected_status",
                    _number_field(state, "expected_status", t("Expected status"), t("Any 2xx or 3xx")),
                ),
                _if_given(
                    state,
                    "timeout_s",
                    _number_field(state, "timeout_s", t("Timeout"), hint=t("1 to 10 seconds."), required=True),
                ),
            ),
            _two(
                _number_field(
                    state, "interval_s", t("Interval"), hint=t("60 to 86400 seconds (one day)."), required=True
                ),
                _number_field(state, "weight", t("Weight"), hint=t("Weight in the score, 0 to 100."), required=True),
            ),
            _two(
                _number_field(
                    state,
                    "failures_to_open",
                    t("Failures to open an incident"),
                    state.usual_failures,
                    hint=t("Opens an incident after this many failed checks in a row."),
                ),
                _number_field(
                    state,
                    "passes_to_close",
                    t("Passes to resolve"),
                    state.usual_passes,
                    hint=t("Resolves it after this many passed checks in a row."),
                ),
            ),
            select_field(
                state,
                "severity",
                t("Severity of incidents"),
                (("minor", t("Minor")), ("major", t("Major")), ("critical", t("Critical"))),
                hint=t("For incidents that this check opens."),
            ),
            check_field(state, "is_paused", t("Paused"), hint=t("Checks stop, and any open incident is resolved.")),
            check_field(
                state,
                "is_public",
                t("On the public page"),
                hint=t("Its name, state and history are visible to everybody at /status/public."),
            ),
            rx.cond(
                ~state.has_public_page,
                rx.el.p(t("The public page is disabled (STATUS_PUBLIC)."), class_name="notice"),
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

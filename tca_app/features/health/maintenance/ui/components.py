"""The panel of maintenance on `/status`, and its dialogs."""

from typing import Any

import reflex as rx

from tca_app.features.health.maintenance.ui.form_state import MaintenanceForm
from tca_app.features.health.maintenance.ui.rows import WindowLine
from tca_app.features.health.ui.scoped_form import component_fields, scope_field
from tca_app.ui import routes
from tca_app.ui.components.badges import badge
from tca_app.ui.components.basic import icon_button, link, panel
from tca_app.ui.components.dialogs import confirm_dialog
from tca_app.ui.components.text import t
from tca_app.ui.forms.fields import check_field, form_dialog, text_field
from tca_app.ui.var import as_var

form = MaintenanceForm


def state_badge(value: Any) -> rx.Component:
    return rx.match(
        value,
        ("active", badge(t("In progress"), "info", "wrench")),
        ("scheduled", badge(t("Scheduled"), "", "calendar-clock")),
        ("completed", badge(t("Completed"), "good", "circle-check")),
        badge(t("Cancelled"), "", "ban"),
    )


def maintenance_panel(windows: Any) -> rx.Component:
    """The current and planned windows. Absent while there are none."""
    lines = rx.el.ul(rx.foreach(windows, _window), class_name="lines")
    everything = link(t("All maintenance"), to=routes.MAINTENANCE)
    shown = panel(t("Maintenance"), lines, actions=(everything,), flush=True)
    return rx.cond(as_var(windows).length() > 0, shown)


def _window(window: WindowLine) -> rx.Component:
    number = as_var(window["id"]).to(int)
    return rx.el.li(
        rx.el.div(
            rx.el.div(window["title"], class_name="cell-title plain"),
            rx.el.div(window["when"], " · ", window["components"], class_name="cell-sub num"),
            rx.cond(window["message"] != "", rx.el.p(window["message"], class_name="cell-sub")),
            class_name="grow",
        ),
        state_badge(window["state"]),
        rx.cond(window["is_public"], badge(t("Public"), "", "globe")),
        rx.cond(
            window["may_manage"],
            rx.fragment(
                icon_button(
                    t("Edit {title}", title=window["title"]), "pencil", "ghost small", on_click=form.open_edit(number)
                ),
                icon_button(
                    t("Cancel {title}", title=window["title"]), "x", "ghost small", on_click=form.ask_cancel(number)
                ),
            ),
        ),
        key=number.to(str),
    )


def maintenance_dialogs() -> rx.Component:
    """The form, and the question before maintenance is cancelled."""
    return rx.fragment(_form_dialog(), _cancel_dialog())


def _form_dialog() -> rx.Component:
    is_new = form.form_shows == "create"
    return form_dialog(
        form,
        title=rx.cond(is_new, t("Plan maintenance"), rx.el.span(t("Edit {form_name}", form_name=form.form_name))),
        text=t("During maintenance, its components open no incidents and notify no one. Scores leave it out."),
        submit=rx.cond(is_new, t("Plan maintenance"), t("Save")),
        on_submit=form.save,
        fields=[
            text_field(form, "title", t("Title"), required=True, max_length=100),
            rx.cond(is_new, scope_field(form, t("Project"))),
            rx.el.div(_time_field("starts_at", t("From")), _time_field("ends_at", t("Until")), class_name="two-fields"),
            component_fields(form, t("Components")),
            text_field(form, "message", t("Message"), max_length=500),
            check_field(
                form,
                "is_public",
                t("On the public page"),
                hint=t("Also announced on the public status page, with its public components."),
            ),
        ],
    )


def _time_field(name: str, label: str) -> rx.Component:
    hint = rx.el.span(t("Time zone: {zone_text}", zone_text=form.zone_text))
    return text_field(form, name, label, type_="datetime-local", required=True, hint=hint)


def _cancel_dialog() -> rx.Component:
    return confirm_dialog(
        open_=form.cancel_id > 0,
        title=rx.cond(
            form.cancel_is_active,
            rx.el.span(t("End {cancel_title} now?", cancel_title=form.cancel_title)),
            rx.el.span(t("Cancel {cancel_title}?", cancel_title=form.cancel_title)),
        ),
        text=rx.cond(
            form.cancel_is_active,
            t("Failures of its components count again from now on."),
            t("The people who were notified are notified again."),
        ),
        confirm=rx.cond(form.cancel_is_active, t("End maintenance"), t("Cancel maintenance")),
        cancel=t("Keep it"),
        on_confirm=form.cancel_window,
        on_cancel=form.keep_window(),
    )

"""The dialog that creates or edits a webhook."""

from typing import Any

import reflex as rx

from tca_app.core.events.log import CATALOGUE
from tca_app.core.urls import MAX_URL
from tca_app.features.activity.type_labels import type_label
from tca_app.features.webhooks.ui.form_state import ALL, CHOSEN, NOT_IN_PROJECTS, TICK, WebhookForm
from tca_app.ui.components.text import t
from tca_app.ui.forms.fields import form_dialog, select_field, text_field

# Subjects of events, in the order of the dialog.
GROUPS = {
    "deployment": t("Deployments"),
    "health_check": t("Health checks"),
    "incident": t("Incidents"),
    "invitation": t("Invitations"),
    "maintenance": t("Maintenance"),
    "status_subscriber": t("Subscribers"),
    "project": t("Projects"),
    "webhook": t("Webhooks"),
    "token": t("API tokens"),
    "user": t("People"),
    "job": t("Jobs"),
    "instance": t("Instance"),
    "group": t("Groups"),
}


def webhook_dialog(state: type[WebhookForm]) -> rx.Component:
    """The dialog of a WebhookForm that also has `is_of_project`."""
    is_new = state.form_shows == "create"
    return form_dialog(
        state,
        title=rx.cond(is_new, t("New webhook"), t("Edit the webhook to {form_name}", form_name=state.form_name)),
        submit=rx.cond(is_new, t("Create"), t("Save")),
        on_submit=state.save,
        text=rx.cond(is_new, t("Its secret is shown once, when it is created."), ""),
        fields=[
            text_field(
                state,
                "url",
                "URL",
                type_="url",
                required=True,
                max_length=MAX_URL,
                placeholder="https://",
                spell_check=False,
                hint=t("A public host. Redirects are not followed."),
            ),
            text_field(state, "description", t("Description"), max_length=100),
            select_field(state, "which", t("Events"), ((ALL, t("All events")), (CHOSEN, t("Selected events")))),
            _ticks(state),
        ],
    )


def _ticks(state: type[WebhookForm]) -> rx.Component:
    """A checkbox for each event, grouped by subject. The stylesheet hides them while "All events" is chosen."""
    groups: dict[str, list[str]] = {}
    for name, event in sorted(CATALOGUE.items()):
        groups.setdefault(event.subject_type, []).append(name)
    ordered = sorted(groups, key=list(GROUPS).index)
    return rx.el.div(*(_group(state, kind, groups[kind]) for kind in ordered), class_name="event-ticks")


def _group(state: Any, kind: str, names: list[str]) -> rx.Component:
    shown = rx.el.fieldset(
        rx.el.legend(GROUPS[kind]),
        *(_tick(state, name) for name in names),
    )
    return rx.cond(~state.is_of_project, shown) if kind in NOT_IN_PROJECTS else shown


def _tick(state: type[WebhookForm], name: str) -> rx.Component:
    field = TICK + name
    return rx.el.label(
        rx.el.input(
            type="checkbox",
            name=field,
            class_name="checkbox",
            default_checked=state.form_values[field] == "on",
            key=f"{field}-{state.form_nonce}",
        ),
        rx.el.span(t(type_label(name))),
        class_name="check",
    )

"""The Slack panel in a project's settings."""

import reflex as rx

from tca_app.core.urls import MAX_URL
from tca_app.features.slack.schemas import TOPICS
from tca_app.features.slack.ui.state import LABELS, URL, SlackState
from tca_app.ui.components.basic import button, error_notice, facts, panel, relative_time
from tca_app.ui.components.dialogs import confirm_dialog
from tca_app.ui.components.loading import or_failure
from tca_app.ui.components.text import t
from tca_app.ui.forms.fields import check_field, form_dialog, text_field
from tca_app.ui.record import is_at_its_url

state = SlackState
HINTS = {
    "deployments": t("Succeeded, failed, cancelled and rolled back"),
    "approvals": t("Requested, approved and refused"),
    "health": t("An environment goes down or recovers, incidents, maintenance and certificates"),
    "freezes": t("Set, lifted and overridden"),
}


def slack_settings() -> rx.Component:
    return rx.cond(
        is_at_its_url(state) & (state.is_shown | (state.failure != "")),
        rx.fragment(
            panel(
                t("Slack"),
                or_failure(state, rx.cond(state.is_connected, _connected(), _empty())),
                actions=(rx.cond(state.is_shown & state.is_connected, _actions()),),
            ),
            _form(),
            confirm_dialog(
                open_=state.is_removing,
                title=t("Remove Slack?"),
                text=t("Messages about this project are no longer posted. The webhook URL is deleted."),
                confirm=t("Remove Slack"),
                on_confirm=state.remove,
                on_cancel=state.cancel_remove(),
                busy=state.is_acting,
                body=error_notice(state.remove_error),
            ),
        ),
    )


def _empty() -> rx.Component:
    return rx.el.div(
        rx.el.p(t("Post this project's deployments, approvals and health to a Slack channel."), class_name="muted"),
        rx.el.div(
            button(t("Connect Slack"), icon="plus", on_click=state.open_edit(state.project_id)), class_name="row"
        ),
        class_name="stack",
    )


def _actions() -> rx.Component:
    return rx.fragment(
        button(t("Remove"), kind="small danger-quiet", on_click=state.ask_remove(state.project_id)),
        button(t("Send test message"), kind="small", icon="send", on_click=state.send_test(state.project_id)),
        button(t("Edit"), kind="small", icon="pencil", on_click=state.open_edit(state.project_id)),
    )


def _connected() -> rx.Component:
    failed = rx.el.p(t("The last message failed: {error}.", error=state.error), class_name="notice error", role="alert")
    return rx.el.div(
        facts(
            (t("Webhook URL"), t("Set, not shown")),
            (t("Events"), state.topics),
            (t("Last message"), relative_time(state.sent_at, t("None yet"))),
            (t("Changed"), relative_time(state.changed_at)),
        ),
        rx.cond(state.error != "", failed),
        class_name="stack",
    )


def _form() -> rx.Component:
    is_new = state.form_shows == "create"
    return form_dialog(
        state,
        title=rx.cond(is_new, t("Connect Slack"), t("Edit Slack")),
        submit=rx.cond(is_new, t("Connect"), t("Save")),
        on_submit=state.save,
        text=rx.cond(
            is_new,
            t("Create an incoming webhook in Slack and paste its URL. It is stored encrypted and not shown again."),
            t("Leave the URL empty to keep the current one."),
        ),
        fields=[
            rx.cond(is_new, _url_field(required=True), _url_field(required=False)),
            *(check_field(state, topic, LABELS[topic], HINTS[topic]) for topic in TOPICS),
        ],
    )


def _url_field(*, required: bool) -> rx.Component:
    return text_field(
        state,
        URL,
        t("Webhook URL"),
        type_="url",
        required=required,
        max_length=MAX_URL,
        placeholder="https://hooks.slack.com/services/…",
        spell_check=False,
    )

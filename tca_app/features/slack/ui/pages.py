"""The Slack panel in a project's settings."""

import reflex as rx

from tca_app.core.urls import MAX_URL
from tca_app.features.slack.schemas import TOPICS
from tca_app.features.slack.ui.state import LABELS, URL, SlackState
from tca_app.ui.components.basic import button, error_notice, facts, panel, relative_time
from tca_app.ui.components.dialogs import confirm_dialog
from tca_app.ui.forms.fields import check_field, form_dialog, text_field
from tca_app.ui.record import is_at_its_url

state = SlackState
HINTS = {
    "deployments": "Succeeded, failed, cancelled and rolled back",
    "approvals": "Requested, approved and refused",
    "health": "An environment goes down or recovers, incidents, maintenance and certificates",
    "freezes": "Set, lifted and overridden",
}


def slack_settings() -> rx.Component:
    return rx.cond(
        is_at_its_url(state) & state.is_shown,
        rx.fragment(
            panel(
                "Slack",
                rx.cond(state.is_connected, _connected(), _empty()),
                actions=(rx.cond(state.is_connected, _actions()),),
            ),
            _form(),
            confirm_dialog(
                open_=state.is_removing,
                title="Remove Slack?",
                text="Messages about this project are no longer posted. The webhook URL is deleted.",
                confirm="Remove Slack",
                on_confirm=state.remove,
                on_cancel=state.cancel_remove(),
                busy=state.is_acting,
                body=error_notice(state.remove_error),
            ),
        ),
    )


def _empty() -> rx.Component:
    return rx.el.div(
        rx.el.p("Post this project's deployments, approvals and health to a Slack channel.", class_name="muted"),
        rx.el.div(button("Connect Slack", icon="plus", on_click=state.open_edit(state.project_id)), class_name="row"),
        class_name="stack",
    )


def _actions() -> rx.Component:
    return rx.fragment(
        button("Remove", kind="small danger-quiet", on_click=state.ask_remove(state.project_id)),
        button("Send test message", kind="small", icon="send", on_click=state.send_test(state.project_id)),
        button("Edit", kind="small", icon="pencil", on_click=state.open_edit(state.project_id)),
    )


def _connected() -> rx.Component:
    failed = rx.el.p("The last message failed: ", state.error, ".", class_name="notice error", role="alert")
    return rx.el.div(
        facts(
            ("Webhook URL", "Set, not shown"),
            ("Events", state.topics),
            ("Last message", relative_time(state.sent_at, "None yet")),
            ("Changed", relative_time(state.changed_at)),
        ),
        rx.cond(state.error != "", failed),
        class_name="stack",
    )


def _form() -> rx.Component:
    is_new = state.form_mode == "create"
    return form_dialog(
        state,
        title=rx.cond(is_new, "Connect Slack", "Edit Slack"),
        submit=rx.cond(is_new, "Connect", "Save"),
        on_submit=state.save,
        text=rx.cond(
            is_new,
            "Create an incoming webhook in Slack and paste its URL. It is stored encrypted and not shown again.",
            "Leave the URL empty to keep the current one.",
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
        "Webhook URL",
        type_="url",
        required=required,
        max_length=MAX_URL,
        placeholder="https://hooks.slack.com/services/…",
        spell_check=False,
    )

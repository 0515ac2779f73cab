"""The dialogs that confirm an action on a deployment."""

import reflex as rx

from tca_app.features.deployments.ui.detail_state import NEW, DeploymentState
from tca_app.features.deployments.ui.freeze_notice import freeze_notice
from tca_app.features.deployments.ui.rollback_parts import rollback_changes, rollback_text, rollback_title
from tca_app.ui.components.basic import error_notice
from tca_app.ui.components.dialogs import confirm_dialog
from tca_app.ui.forms.drafts import draft_note
from tca_app.ui.long_text import cut_in_middle
from tca_app.ui.record import is_at_its_url
from tca_app.ui.var import as_var

state = DeploymentState
shown = DeploymentState.deployment
# For each action: title with the version, text, label of the button, and label of the reason ("" for none).
_DIALOGS = {
    "approve": ("Approve {}?", "It is queued, and the requester is notified.", "Approve", ""),
    "refuse": (
        "Refuse {}?",
        "It will not be deployed. The requester is notified with your reason.",
        "Refuse",
        "Reason",
    ),
    "start": ("Start {}?", "Its status changes to In progress.", "Start", ""),
    "succeed": ("Did {} succeed?", "This version becomes the current one in the environment.", "Mark as succeeded", ""),
    "fail": ("Did {} fail?", "The project's maintainers are notified.", "Mark as failed", "Reason"),
    "cancel": ("Cancel the deployment of {}?", "This cannot be undone.", "Cancel deployment", "Reason"),
    "rollback": ("", "", "Roll back", "Description"),  # the plan names the version
}


def action_dialogs() -> rx.Component:
    return rx.fragment(*(_dialog(action) for action in _DIALOGS))


def _dialog(action: str) -> rx.Component:
    title, text, confirm, label = _DIALOGS[action]
    before, _, after = title.partition("{}")
    is_rollback = action == "rollback"
    return confirm_dialog(
        open_=is_at_its_url(state) & (state.asking == action),
        title=rollback_title(state.plan) if is_rollback else rx.el.span(before, cut_in_middle(shown["version"]), after),
        text=rollback_text(state.plan) if is_rollback else text,
        confirm=confirm,
        cancel="Keep running" if action == "cancel" else "Cancel",
        on_confirm=state.confirm,
        on_cancel=state.cancel_asking(),
        busy=state.is_acting,
        blocked=_is_frozen & ~as_var(state.may_override_freeze) if action in NEW else False,
        draft=state.question_draft,
        kind="primary" if action in ("approve", "start", "succeed") else "danger",
        body=rx.el.div(
            error_notice(state.asking_error),
            draft_note(),
            rollback_changes(state.plan) if is_rollback else None,
            _freeze() if action in NEW else None,
            _reason_field("reason", label, action == "refuse") if label else None,
            class_name="stack tight",
        ),
    )


_is_frozen = state.freeze["why"] != ""


def _freeze() -> rx.Component:
    """The active freeze, with a field for the reason of an administrator."""
    asked = _reason_field("freeze_reason", "Reason for overriding the freeze", True)
    return rx.fragment(
        freeze_notice(state.freeze, shown["environment"], state.may_override_freeze),
        rx.cond(_is_frozen & state.may_override_freeze, asked),
    )


def _reason_field(name: str, label: str, is_required: bool) -> rx.Component:
    optional = None if is_required else rx.el.span(" (optional)", class_name="optional", aria_hidden="true")
    return rx.el.div(
        rx.el.label(label, optional, html_for=name),
        rx.el.input(
            custom_attrs={"id": name},
            name=name,
            class_name="input",
            auto_complete="off",
            max_length=500,
            required=is_required,
        ),
        class_name="field",
    )

"""The dialogs that confirm an action on a deployment."""

import reflex as rx

from tca_app.features.deployments.ui.detail_state import NEW, DeploymentState
from tca_app.features.deployments.ui.freeze_notice import freeze_notice
from tca_app.features.deployments.ui.rollback_parts import rollback_changes, rollback_text, rollback_title
from tca_app.ui.components.basic import error_notice
from tca_app.ui.components.dialogs import confirm_dialog
from tca_app.ui.components.text import t
from tca_app.ui.forms.drafts import draft_note
from tca_app.ui.forms.plain_field import plain_field
from tca_app.ui.long_text import cut_in_middle
from tca_app.ui.record import is_at_its_url
from tca_app.ui.var import as_var

state = DeploymentState
shown = DeploymentState.deployment
# For each action: title with the version, text, label of the button, and label of the reason ("" for none).
_DIALOGS = {
    "approve": (
        t("Approve {version}?", version=cut_in_middle(shown["version"])),
        t("It will be queued, and the requester is notified."),
        t("Approve"),
        "",
    ),
    "refuse": (
        t("Refuse {version}?", version=cut_in_middle(shown["version"])),
        t("It will not be deployed. The requester is notified with your reason."),
        t("Refuse"),
        t("Reason"),
    ),
    "start": (
        t("Start {version}?", version=cut_in_middle(shown["version"])),
        t("Its status changes to In progress."),
        t("Start"),
        "",
    ),
    "succeed": (
        t("Did {version} succeed?", version=cut_in_middle(shown["version"])),
        t("This version becomes the current one in the environment."),
        t("Mark as succeeded"),
        "",
    ),
    "fail": (
        t("Did {version} fail?", version=cut_in_middle(shown["version"])),
        t("The project's maintainers are notified."),
        t("Mark as failed"),
        t("Reason"),
    ),
    "cancel": (
        t("Cancel the deployment of {version}?", version=cut_in_middle(shown["version"])),
        t("This cannot be undone."),
        t("Cancel deployment"),
        t("Reason"),
    ),
    "rollback": ("", "", t("Roll back"), t("Description")),  # the plan names the version
}


def action_dialogs() -> rx.Component:
    return rx.fragment(*(_dialog(action) for action in _DIALOGS))


def _dialog(action: str) -> rx.Component:
    title, text, confirm, label = _DIALOGS[action]
    is_rollback = action == "rollback"
    return confirm_dialog(
        open_=is_at_its_url(state) & (state.asking == action),
        title=rollback_title(state.plan) if is_rollback else rx.el.span(title),
        text=rollback_text(state.plan) if is_rollback else text,
        confirm=confirm,
        cancel=t("Keep running") if action == "cancel" else t("Cancel"),
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
            _reason_field("reason", label, required=action == "refuse") if label else None,
            class_name="stack tight",
        ),
    )


_is_frozen = state.freeze["why"] != ""


def _freeze() -> rx.Component:
    """The active freeze, with a field for the reason of an administrator."""
    asked = _reason_field("freeze_reason", t("Reason for overriding the freeze"), required=True)
    return rx.fragment(
        freeze_notice(state.freeze, shown["environment"], state.may_override_freeze),
        rx.cond(_is_frozen & state.may_override_freeze, asked),
    )


def _reason_field(name: str, label: str, *, required: bool) -> rx.Component:
    return plain_field(name, label, state.asking_errors[name], id_=name, required=required, max_length=500)

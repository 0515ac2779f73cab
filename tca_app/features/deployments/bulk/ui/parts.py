"""What the confirmation of a bulk action on deployments asks: the reason."""

import reflex as rx

from tca_app.features.deployments.bulk.ui.state import DeploymentBulk
from tca_app.ui.components.text import t
from tca_app.ui.session import SessionState
from tca_app.ui.table.bulk_view import reason_field


def bulk_reason(state: type[DeploymentBulk]) -> rx.Component:
    """The reason of a refusal or cancellation. An administrator may override the freezes of what they approve."""
    freeze = reason_field(state, t("Reason for overriding a freeze"), required=False)
    return rx.match(
        state.bulk_action,
        ("refuse", reason_field(state, t("Reason"), required=True)),
        ("cancel", reason_field(state, t("Reason"), required=False)),
        ("approve", rx.cond(SessionState.is_superuser, freeze)),
        rx.fragment(),
    )

"""Bulk actions on deployments: cancel those that have not ended, approve or refuse those that await approval."""

from typing import Any, ClassVar

import reflex as rx

from tca_app.core.actor import Actor
from tca_app.core.database.session import Session
from tca_app.core.language.messages import N_, nN_
from tca_app.core.lists.bulk import BulkResult
from tca_app.features.deployments.bulk import service as bulk
from tca_app.features.deployments.policy import FINISHED
from tca_app.features.deployments.schemas import Approval, Refusal
from tca_app.ui.table.bulk import BulkAction, BulkActions, BulkSpec

_NOT_WAITING = nN_("{count} does not await approval.", "{count} do not await approval.")


def _is_over(row: Any) -> bool:
    """Whether it ended for good. After a timeout its source may still report, so it can be cancelled."""
    return row.get("status") in FINISHED and not row.get("can_cancel")


def _is_decided(row: Any) -> bool:
    return row.get("status") != "pending_approval"


class DeploymentBulk(BulkActions, mixin=True):
    """Mixin for a list of deployments, whose rows are of `rows_of`."""

    _bulk: ClassVar = BulkSpec(
        "signed_in",
        "deployment",
        (
            BulkAction(
                "approve",
                N_("Approve"),
                N_("approved"),
                N_("They will be queued, and the requesters are notified."),
                needs="can_decide",
                settled=_is_decided,
                already=_NOT_WAITING,
            ),
            BulkAction(
                "refuse",
                N_("Refuse"),
                N_("refused"),
                N_("They will not be deployed. The requesters are notified with your reason."),
                needs="can_decide",
                danger=True,
                settled=_is_decided,
                already=_NOT_WAITING,
                needs_reason=True,
            ),
            BulkAction(
                "cancel",
                N_("Cancel deployments"),
                N_("cancelled"),
                N_("This cannot be undone."),
                needs="can_cancel",
                danger=True,
                settled=_is_over,
                already=nN_("{count} has already ended.", "{count} have already ended."),
                title=N_("Cancel {what}?"),
                keep=N_("Keep running"),
            ),
        ),
        name_key="version",
        refused=N_("not changed"),
        whom_to_ask=N_("Ask a maintainer of the project."),
    )

    @rx.var
    def not_offered(self) -> list[str]:
        decides = any(row["can_decide"] for row in self.rows)
        cancels = any(row["can_cancel"] for row in self.rows)
        return [*([] if decides else ["approve", "refuse"]), *([] if cancels else ["cancel"])]

    def _name_of(self, row: Any) -> str:
        return f"{row['project']} {row['version']}"

    async def _apply(self, session: Session, actor: Actor, action: str, ids: list[int]) -> list[BulkResult]:
        if action == "cancel":
            return await bulk.cancel_deployments(session, actor, ids, self._reason)
        if action == "refuse":
            return await bulk.refuse_deployments(session, actor, ids, Refusal(reason=self._reason))
        return await bulk.approve_deployments(session, actor, ids, Approval(freeze_reason=self._reason))

"""Bulk actions on invitations: resend or revoke those that are not answered."""

from typing import Any

import reflex as rx

from tca_app.config.settings import get_settings
from tca_app.core.actor import Actor
from tca_app.core.database.session import Session
from tca_app.core.language.messages import N_, nN_
from tca_app.core.lists.bulk import BulkResult
from tca_app.features.invitations import bulk
from tca_app.ui.table.bulk import BulkAction, BulkRows, BulkSpec

_ANSWERED = nN_("{count} was accepted or revoked already.", "{count} were accepted or revoked already.")


def _is_answered(row: Any) -> bool:
    return row.get("is_open") is False


def invitation_actions(permission: str) -> BulkSpec:
    return BulkSpec(
        permission,
        "invitation",
        (
            BulkAction(
                "resend",
                N_("Resend"),
                N_("sent again"),
                N_("Each gets a new link by mail; the links sent before stop working."),
                settled=_is_answered,
                already=_ANSWERED,
            ),
            BulkAction(
                "revoke",
                N_("Revoke"),
                N_("revoked"),
                N_("Their links stop working. You can invite them again."),
                danger=True,
                settled=_is_answered,
                already=_ANSWERED,
            ),
        ),
        name_key="email",
    )


class InvitationBulk(BulkRows, mixin=True):
    """Mixin for a list of invitations, with `_bulk` of `invitation_actions`."""

    @rx.var
    def not_offered(self) -> list[str]:
        """Without mail each new link is shown once, which is for one at a time."""
        return [] if get_settings().has_mail else ["resend"]

    async def _apply(self, session: Session, actor: Actor, action: str, ids: list[int]) -> list[BulkResult]:
        act = bulk.resend_invitations if action == "resend" else bulk.revoke_invitations
        return await act(session, actor, ids)

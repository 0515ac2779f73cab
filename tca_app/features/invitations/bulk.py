"""One action on many invitations in one transaction, each under the rules of the single action."""

from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.config.settings import get_settings
from tca_app.core.actor import Actor
from tca_app.core.errors import Conflict
from tca_app.core.language.messages import N_, _
from tca_app.core.lists.bulk import BulkResult, for_each
from tca_app.features.invitations.service import get_invitation, resend_invitation, revoke_invitation

NO_MAIL = N_("This console sends no mail. Resend one at a time, and pass its link on.")


async def resend_invitations(session: AsyncSession, actor: Actor, invitation_ids: list[int]) -> list[BulkResult]:
    """Mails new links. Raises Conflict while mail is off, when each link is shown once, or ReauthenticationRequired."""
    if not get_settings().has_mail:
        raise Conflict(_(NO_MAIL))
    # Asks for a proof of identity before any of them is counted by the limits, which do not forget what is rolled back.
    await for_each(session, invitation_ids, lambda row_id: get_invitation(session, actor, row_id))
    return await for_each(session, invitation_ids, lambda row_id: resend_invitation(session, actor, row_id))


async def revoke_invitations(session: AsyncSession, actor: Actor, invitation_ids: list[int]) -> list[BulkResult]:
    """Makes the links worthless."""
    return await for_each(session, invitation_ids, lambda row_id: revoke_invitation(session, actor, row_id))

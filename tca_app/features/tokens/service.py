"""Service functions for API tokens: create, rotate and revoke."""

from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tca_app.core.actor import Actor
from tca_app.core.database.lists import to_reads
from tca_app.core.database.session import after_commit, lock
from tca_app.core.errors import Conflict, NotFound
from tca_app.core.events.log import emit
from tca_app.core.language.messages import _
from tca_app.core.lists.bulk import BulkResult, for_each
from tca_app.features.auth.step_up import require_recent_proof
from tca_app.features.projects.service import find_project
from tca_app.features.tokens import events, policy
from tca_app.features.tokens.authentication import is_live, token_cache
from tca_app.features.tokens.issuing import NewToken, insert_token
from tca_app.features.tokens.queries import WHOLE, count_states, list_project_tokens, list_tokens, require_project
from tca_app.features.tokens.schemas import (
    MAX_DAYS,
    ProjectTokenCreate,
    TokenCreate,
    TokenRead,
    TokenRotate,
    TokenWithSecret,
)
from tca_app.features.tokens.service_accounts import close_service_account, insert_service_account
from tca_app.models import ApiToken

__all__ = [
    "NewToken",
    "count_states",
    "create_project_token",
    "create_token",
    "get_project_token",
    "get_token",
    "insert_service_account",
    "insert_token",
    "list_project_tokens",
    "list_tokens",
    "require_project",
    "revoke_project_token",
    "revoke_project_tokens",
    "revoke_token",
    "revoke_tokens",
    "rotate_project_token",
    "rotate_token",
]

MOST_LIVE = 50  # of one person or project
_tokens = ApiToken.__table__.c


class _TokenRow(Protocol):
    """A locked row of `WHOLE`."""

    id: int
    user_id: int
    project_id: int | None
    ci_trust_id: int | None
    name: str
    scopes: list[str]
    allowed_networks: list[str]
    role: str | None
    state: str
    is_replaced: bool
    created_at: datetime
    expires_at: datetime | None
    owner: str
    owner_id: int


async def create_token(session: AsyncSession, actor: Actor, data: TokenCreate) -> TokenWithSecret:
    """Creates a token that acts as the actor. Raises Forbidden, ReauthenticationRequired, Conflict (too many)."""
    policy.require_session(actor)
    policy.require_scopes(actor, data.scopes)
    await require_recent_proof(session, actor, is_credential=True)
    new = NewToken(
        actor.user_id,
        data.name,
        data.scopes,
        _end(actor, data.expires_in_days),
        allowed_networks=data.allowed_networks,
        created_by_id=actor.user_id,
    )
    return await _create(session, actor, new)


async def create_project_token(
    session: AsyncSession, actor: Actor, project_id: int, data: ProjectTokenCreate
) -> TokenWithSecret:
    """Creates a token of a project with a role in it. Raises Forbidden, ReauthenticationRequired, Conflict."""
    policy.require_session(actor)
    project = await find_project(session, actor, policy.MANAGE, project_id)
    policy.require_role(actor, project.my_role, data.role)
    await require_recent_proof(session, actor, is_credential=True)
    new = NewToken(
        0,
        data.name,
        data.scopes,
        _end(actor, data.expires_in_days),
        project_id=project_id,
        allowed_networks=data.allowed_networks,
        created_by_id=actor.user_id,
    )
    await _refuse_excess(session, new, actor.user_id)
    account_id = await insert_service_account(session, project_id, data.name, data.role)
    return await _create(session, actor, new._replace(user_id=account_id))


def _end(actor: Actor, days: int | None) -> datetime | None:
    if days is None:
        policy.require_no_expiry(actor)
        return None
    return datetime.now(UTC) + timedelta(days=days)


async def _create(session: AsyncSession, actor: Actor, new: NewToken) -> TokenWithSecret:
    if new.project_id is None:
        await _refuse_excess(session, new, actor.user_id)
    token_id, text = await insert_token(session, new)
    row = await _find(session, token_id)
    await emit(session, actor, events.TokenCreated.of(row, after=_granted(row)))
    return _with_secret(row, text)


async def _refuse_excess(session: AsyncSession, new: NewToken, user_id: int) -> None:
    """Raises Conflict when the owner has the most tokens already."""
    owner = f"project:{new.project_id}" if new.project_id else f"user:{user_id}"
    await lock(session, f"api_tokens:{owner}")
    of_project = (_tokens.project_id == new.project_id) & _tokens.ci_trust_id.is_(None)
    mine = of_project if new.project_id else (_tokens.user_id == user_id) & _tokens.project_id.is_(None)
    if (await session.execute(select(func.count()).where(mine, *is_live()))).scalar_one() >= MOST_LIVE:
        raise Conflict(_("There are {most_live} API tokens already. Revoke one first.", most_live=MOST_LIVE))


def _granted(row: _TokenRow) -> dict[str, Any]:
    """Returns what an event records of a new token."""
    return {
        "scopes": row.scopes,
        "role": row.role,
        "allowed_networks": row.allowed_networks,
        "expires_at": row.expires_at.isoformat() if row.expires_at else None,
    }


def _with_secret(row: _TokenRow, text: str) -> TokenWithSecret:
    return TokenWithSecret(**to_reads(TokenRead, [row])[0].model_dump(), token=text)


async def _find(session: AsyncSession, token_id: int) -> _TokenRow:
    row = (await session.execute(WHOLE.where(_tokens.id == token_id))).first()
    if row is None:
        raise NotFound
    return row


async def _lock(session: AsyncSession, token_id: int) -> _TokenRow:
    """Returns a token and locks it until the transaction ends. Raises NotFound."""
    await session.execute(select(_tokens.id).where(_tokens.id == token_id).with_for_update())
    return await _find(session, token_id)


async def get_token(session: AsyncSession, actor: Actor, token_id: int) -> TokenRead:
    """Returns one of the actor's own tokens. Raises NotFound."""
    return to_reads(TokenRead, [await _own(session, actor, token_id)])[0]


async def _own(session: AsyncSession, actor: Actor, token_id: int) -> _TokenRow:
    policy.require_session(actor)
    row = await _lock(session, token_id)
    if row.project_id is not None or row.user_id != actor.user_id:
        raise NotFound
    return row


async def get_project_token(session: AsyncSession, actor: Actor, project_id: int, token_id: int) -> TokenRead:
    """Returns one token of a project. Raises NotFound, Forbidden."""
    return to_reads(TokenRead, [(await _of_project(session, actor, project_id, token_id))[0]])[0]


async def _of_project(
    session: AsyncSession, actor: Actor, project_id: int, token_id: int
) -> tuple[_TokenRow, str | None]:
    """Returns a token of a project, and the actor's role in the project."""
    policy.require_session(actor)
    project = await find_project(session, actor, policy.MANAGE, project_id)
    row = await _lock(session, token_id)
    if row.project_id != project_id:
        raise NotFound
    return row, project.my_role


async def rotate_token(session: AsyncSession, actor: Actor, token_id: int, data: TokenRotate) -> TokenWithSecret:
    """Replaces one of the actor's own tokens. Raises NotFound, Conflict, ReauthenticationRequired."""
    row = await _own(session, actor, token_id)
    policy.require_scopes(actor, row.scopes)
    return await _rotate(session, actor, row, data)


async def rotate_project_token(
    session: AsyncSession, actor: Actor, project_id: int, token_id: int, data: TokenRotate
) -> TokenWithSecret:
    """Replaces a token of a project. The actor must be allowed to grant its role."""
    row, my_role = await _of_project(session, actor, project_id, token_id)
    if row.role is not None:
        policy.require_role(actor, my_role, row.role)
    return await _rotate(session, actor, row, data)


async def _rotate(session: AsyncSession, actor: Actor, row: _TokenRow, data: TokenRotate) -> TokenWithSecret:
    """Inserts the successor, with the lifetime that the old token had, and lets the old one end after the overlap."""
    if row.state != "active":
        raise Conflict(_("This token is {state}. Create another one.", state=row.state))
    if row.ci_trust_id is not None:
        raise Conflict(_("A token of a CI job cannot be rotated. The next job gets another one."))
    if row.is_replaced:
        raise Conflict(_("This token was rotated already. Rotate the newer one."))
    await require_recent_proof(session, actor, is_credential=True)
    lifetime = row.expires_at - row.created_at if row.expires_at else None
    days = min(MAX_DAYS, max(1, round(lifetime / timedelta(days=1)))) if lifetime else None
    new = NewToken(
        row.user_id,
        row.name,
        row.scopes,
        _end(actor, days),
        row.project_id,
        row.allowed_networks,
        actor.user_id,
        row.id,
    )
    token_id, text = await insert_token(session, new)
    ends_at = datetime.now(UTC) + timedelta(hours=data.overlap_hours)
    ends_at = min(ends_at, row.expires_at or ends_at)
    ended = {"expires_at": ends_at} if data.overlap_hours else {"expires_at": ends_at, "revoked_at": func.now()}
    await _end_token(session, row, ended)
    after = await _find(session, token_id)
    about = {"old_id": row.id, "old_ends_at": ends_at.isoformat()}
    await emit(session, actor, events.TokenRotated.of(after, after=_granted(after), **about))
    return _with_secret(after, text)


async def _end_token(session: AsyncSession, row: _TokenRow, values: dict[str, Any]) -> None:
    ended = update(ApiToken).where(col(ApiToken.id) == row.id).values(values)
    await session.execute(ended.execution_options(synchronize_session=False))
    after_commit(session, lambda: token_cache.drop(f"token:{row.id}"))


async def revoke_token(session: AsyncSession, actor: Actor, token_id: int) -> None:
    """Revokes one of the actor's own tokens, or any token as a superuser. Raises NotFound."""
    policy.require_session(actor)
    if not actor.is_superuser:
        await _revoke(session, actor, await _own(session, actor, token_id))
        return
    await _revoke(session, actor, await _lock(session, token_id))


async def revoke_tokens(session: AsyncSession, actor: Actor, token_ids: list[int]) -> list[BulkResult]:
    """Revokes many tokens in one transaction. A refusal, as of another person's, affects only its own row."""
    policy.require_session(actor)
    return await for_each(session, token_ids, lambda token_id: revoke_token(session, actor, token_id))


async def revoke_project_token(session: AsyncSession, actor: Actor, project_id: int, token_id: int) -> None:
    """Revokes a token of a project. Raises NotFound, Forbidden."""
    row, _ = await _of_project(session, actor, project_id, token_id)
    await _revoke(session, actor, row)


async def revoke_project_tokens(
    session: AsyncSession, actor: Actor, project_id: int, token_ids: list[int]
) -> list[BulkResult]:
    """Revokes many tokens of a project."""
    policy.require_session(actor)
    return await for_each(
        session, token_ids, lambda token_id: revoke_project_token(session, actor, project_id, token_id)
    )


async def _revoke(session: AsyncSession, actor: Actor, row: _TokenRow) -> None:
    """Ends a token at once, on every replica. Does nothing when it has ended already."""
    if row.state != "active":
        return
    await _end_token(session, row, {"revoked_at": func.now()})
    if row.project_id is not None and row.ci_trust_id is None:
        await close_service_account(session, row.user_id)
    await emit(session, actor, events.TokenRevoked.of(row))

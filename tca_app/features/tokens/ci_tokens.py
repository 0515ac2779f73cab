"""Tokens that CI jobs get for an ID token of a trusted issuer. All of one trust act as one service account."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tca_app.core.database.session import after_commit
from tca_app.core.security.scopes import Scope
from tca_app.features.auth.service import forget_person
from tca_app.features.tokens.authentication import is_live, token_cache
from tca_app.features.tokens.issuing import NewToken, insert_token
from tca_app.features.tokens.service_accounts import close_service_account
from tca_app.models import ApiToken, User

LIFETIME = timedelta(minutes=15)
ROLE = "deployer"
SCOPES: tuple[Scope, ...] = ("read", "deploy")


class TrustedJob(NamedTuple):
    """What a CI job acts as, and its name in the list of tokens and in events."""

    trust_id: int
    project_id: int
    user_id: int
    name: str


async def insert_ci_token(session: AsyncSession, job: TrustedJob) -> tuple[int, str]:
    """Inserts a token of a CI job and returns its id and its text. The caller has checked the ID token."""
    new = NewToken(
        user_id=job.user_id,
        name=job.name,
        scopes=SCOPES,
        expires_at=datetime.now(UTC) + LIFETIME,
        project_id=job.project_id,
        ci_trust_id=job.trust_id,
    )
    return await insert_token(session, new)


async def end_ci_tokens(session: AsyncSession, trust_id: int, user_id: int) -> None:
    """Ends the tokens of a trust at once, on every replica, because its rules have changed."""
    ended = update(ApiToken).where(col(ApiToken.ci_trust_id) == trust_id, *is_live()).values(revoked_at=func.now())
    await session.execute(ended.execution_options(synchronize_session=False))
    after_commit(session, lambda: token_cache.drop(f"user:{user_id}"))


async def rename_ci_account(session: AsyncSession, user_id: int, name: str) -> None:
    """Changes the name under which the jobs of a trust appear."""
    renamed = update(User).where(col(User.id) == user_id, col(User.kind) == "service").values(full_name=name)
    await session.execute(renamed.execution_options(synchronize_session=False))
    forget_person(session, user_id)


async def delete_ci_account(session: AsyncSession, user_id: int) -> None:
    """Closes the account of a trust that was deleted, and with it its tokens. Deployments keep its name."""
    await close_service_account(session, user_id)
    after_commit(session, lambda: token_cache.drop(f"user:{user_id}"))

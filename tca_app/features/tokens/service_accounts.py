"""Service accounts: the hidden users that the tokens of projects act as.

A service account is an ordinary member of one project, so that memberships, authorship, rate limits and events work by
user id. It never signs in, owns nothing, gets no mail and appears in no list of users.
"""

import secrets

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tca_app.features.auth.service import forget_person
from tca_app.features.tokens.authentication import is_live
from tca_app.models import ApiToken, ProjectMember, User

NO_PASSWORD = "!"  # noqa: S105  the hash that no password has


async def insert_service_account(session: AsyncSession, project_id: int, name: str, role: str) -> int:
    """Inserts an account with a role in one project, and returns its id. The caller has checked the permission."""
    username = f"token{secrets.token_hex(10)}"
    values = {
        "kind": "service",
        "username": username,
        "email": f"{username}@service.invalid",
        "full_name": name,
        "hashed_password": NO_PASSWORD,
    }
    inserted = await session.execute(insert(User.__table__).values(values).returning(User.__table__.c.id))
    user_id: int = inserted.scalar_one()
    await session.execute(insert(ProjectMember).values(project_id=project_id, user_id=user_id, role=role))
    return user_id


async def close_service_account(session: AsyncSession, user_id: int) -> None:
    """Deactivates an account without a live token and ends its membership. The row stays while deployments name it."""
    live = select(col(ApiToken.id)).where(col(ApiToken.user_id) == user_id, *is_live())
    if (await session.execute(live.limit(1))).first() is not None:
        return
    closed = update(User).where(col(User.id) == user_id, col(User.kind) == "service").values(is_active=False)
    await session.execute(closed.execution_options(synchronize_session=False))
    await session.execute(delete(ProjectMember).where(col(ProjectMember.user_id) == user_id))
    forget_person(session, user_id)

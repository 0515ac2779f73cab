"""Inserts API tokens, for those who have checked the permission."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.security.api_tokens import SHOWN, new_api_token
from tca_app.core.security.tokens import token_hash
from tca_app.models import ApiToken

_tokens = ApiToken.__table__.c


class NewToken(NamedTuple):
    """What a new token is. `user_id` is the account that it acts as."""

    user_id: int
    name: str
    scopes: Sequence[str]
    expires_at: datetime | None
    project_id: int | None = None
    allowed_networks: Sequence[str] = ()
    created_by_id: int | None = None
    rotated_from_id: int | None = None
    ci_trust_id: int | None = None


async def insert_token(session: AsyncSession, new: NewToken) -> tuple[int, str]:
    """Inserts a token and returns its id and its text. The caller has checked the permission."""
    text = new_api_token()
    values = new._asdict() | {"token_hash": token_hash(text), "prefix": text[:SHOWN]}
    values |= {"scopes": list(new.scopes), "allowed_networks": list(new.allowed_networks)}
    inserted = await session.execute(insert(ApiToken.__table__).values(values).returning(_tokens.id))
    return inserted.scalar_one(), text

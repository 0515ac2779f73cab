"""Idempotency: a repeated POST has one effect, from the UI and over REST.

The response is stored in the transaction of the effect, under the caller's own key, for 24 hours and without its
secrets. Responses of sign-in calls are not stored, because they consist of secrets.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from pydantic import BaseModel
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tca_app.core.actor import Actor
from tca_app.core.database.session import try_lock
from tca_app.core.errors import Conflict, Invalid
from tca_app.core.language.messages import N_
from tca_app.core.security.tokens import is_keyed_token, keyed_token
from tca_app.core.telemetry.redaction import is_secret
from tca_app.models import IdempotencyKey

RETENTION = timedelta(hours=24)
Shape = TypeVar("Shape", bound=BaseModel)


class KeyReused(Invalid):
    code = "idempotency_key_reused"
    default = N_("This Idempotency-Key was used for another request.")


class InFlight(Conflict):
    code = "idempotency_in_flight"
    default = N_("The first request with this Idempotency-Key is still in progress. Try again in a moment.")


async def once(
    session: AsyncSession,
    actor: Actor,
    key: str | None,
    request: str,
    shape: type[Shape],
    act: Callable[[], Awaitable[Shape]],
    check_access: Callable[[Shape], Awaitable[object]],
) -> Shape:
    """Runs `act`, or returns the stored response for the same key and `request` (the request as text).

    A stored response has no secrets and is returned only if `check_access`, which reads its subject, does not refuse.
    Raises KeyReused for another request with the key, and InFlight while the first request is not finished.
    """
    if not key:
        return await act()
    if not await try_lock(session, f"idempotency:{actor.user_id}:{key}"):
        raise InFlight
    # A keyed hash: a body may contain a new password, and a plain fast hash is easier to guess than argon2's.
    fingerprint = keyed_token("idempotency", request).encode()
    kept_since = datetime.now(UTC) - RETENTION
    mine = (col(IdempotencyKey.user_id) == actor.user_id) & (col(IdempotencyKey.key) == key)
    row = (
        await session.execute(select(IdempotencyKey).where(mine, col(IdempotencyKey.created_at) > kept_since))
    ).scalar()
    if row is not None:
        if not is_keyed_token(row.fingerprint.decode(), "idempotency", request):
            raise KeyReused
        earlier = shape.model_validate_json(row.answer)
        await check_access(earlier)
        return earlier
    answer = await act()
    await session.execute(delete(IdempotencyKey).where(mine | (col(IdempotencyKey.created_at) < kept_since)))
    kept = answer.model_copy(update=dict.fromkeys(secret_fields(shape))).model_dump_json()
    session.add(IdempotencyKey(user_id=actor.user_id, key=key, fingerprint=fingerprint, answer=kept))
    await session.flush()
    return answer


def secret_fields(shape: type[BaseModel]) -> list[str]:
    """Returns the fields that are null in a repeated response. Yes or no, such as in must_change_password, is none."""
    return [name for name, field in shape.model_fields.items() if is_secret(name) and field.annotation is not bool]

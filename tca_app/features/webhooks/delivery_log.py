"""The delivery log: records each attempt and disables a webhook that keeps failing."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import partial
from typing import Any

from sqlalchemy import BigInteger, bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.database.session import after_commit
from tca_app.core.events.log import emit
from tca_app.core.telemetry.metrics import Delivery, note_delivery
from tca_app.features.webhooks import signing
from tca_app.features.webhooks.events import WebhookDisabled
from tca_app.models import Webhook, WebhookDelivery

MAX_FAILURES = 4  # failed deliveries in a row
MAX_DELIVERIES = 1000  # attempts kept for one webhook, plus a few until the next cleanup
PRUNED_EVERY = 50
_hooks = Webhook.__table__.c
_deliveries = WebhookDelivery.__table__.c


@dataclass(frozen=True, slots=True)
class Receiver:
    """A webhook with what a sender needs. The secrets are encrypted."""

    id: int
    project_id: int | None
    url: str
    is_active: bool
    secret: bytes
    old_secret: bytes | None

    def keys(self) -> list[str]:
        """Returns all valid secrets, newest first. Raises DecryptionError."""
        return [signing.opened(key) for key in (self.secret, self.old_secret) if key is not None]


@dataclass(frozen=True, slots=True)
class Attempt:
    """A request and its response. `error` is empty when the receiver accepted it; `is_gone`: it wants no more."""

    message_id: str
    event_id: int | None
    event_type: str
    request_headers: dict[str, str]
    request_body: str
    response_code: int | None = None
    response_type: str = ""
    response_size: int = 0
    duration_ms: int = 0
    error: str = ""
    is_last: bool = True
    is_gone: bool = False

    @property
    def status(self) -> Delivery:
        return "succeeded" if not self.error else "failed" if self.is_last else "retrying"


# Statements as text: building them for each attempt would take as long as running them.
_RECEIVER = text(
    "SELECT id, project_id, url, is_active, secret, CASE WHEN old_secret_until > now() THEN old_secret END "
    "FROM webhooks WHERE id = :id"
)
_LOCK = text("SELECT failures, is_active FROM webhooks WHERE id = :id FOR NO KEY UPDATE")
_COUNT = text("UPDATE webhooks SET failures = :failures WHERE id = :id")
_WRITE = text(
    """
    INSERT INTO webhook_deliveries (webhook_id, url, message_id, event_id, event_type, status, request_headers,
      request_body, response_code, response_type, response_size, duration_ms, error, attempt)
    SELECT :webhook_id, :url, :message_id, :event_id, :event_type, :status, :request_headers,
      :request_body, :response_code, :response_type, :response_size, :duration_ms, :error, coalesce(max(attempt), 0) + 1
    FROM webhook_deliveries WHERE webhook_id = :webhook_id AND message_id = :message_id
    RETURNING id
    """
).bindparams(bindparam("request_headers", type_=JSONB))
_PRUNE = text(
    "DELETE FROM webhook_deliveries WHERE webhook_id = :id AND id <= ("
    "SELECT id FROM webhook_deliveries WHERE webhook_id = :id ORDER BY id DESC OFFSET :kept LIMIT 1)"
)


async def find_receiver(session: AsyncSession, webhook_id: int) -> Receiver | None:
    row = (await session.execute(_RECEIVER, {"id": webhook_id})).first()
    return Receiver(*row) if row else None


async def record(session: AsyncSession, receiver: Receiver, attempt: Attempt) -> None:
    """Records an attempt and counts the failures in a row. A test does not count."""
    row = (await session.execute(_LOCK, {"id": receiver.id})).first()
    if row is None:
        return  # deleted in the meantime
    await _write(session, receiver, attempt)
    after_commit(session, partial(note_delivery, attempt.status))
    if attempt.event_id is None or attempt.status == "retrying":
        return
    failures = row.failures + 1 if attempt.error else 0
    if failures != row.failures:
        await session.execute(_COUNT, {"id": receiver.id, "failures": failures})
    if row.is_active and (attempt.is_gone or failures >= MAX_FAILURES):
        await _switch_off(session, receiver, attempt)


async def _write(session: AsyncSession, receiver: Receiver, attempt: Attempt) -> None:
    values: dict[str, Any] = {field.name: getattr(attempt, field.name) for field in fields(Attempt)}
    values |= {"webhook_id": receiver.id, "url": receiver.url, "status": attempt.status}
    delivery_id = (await session.execute(_WRITE, values)).scalar_one()
    if delivery_id % PRUNED_EVERY == 0:
        await session.execute(_PRUNE, {"id": receiver.id, "kept": MAX_DELIVERIES})


async def _switch_off(session: AsyncSession, receiver: Receiver, attempt: Attempt) -> None:
    why = attempt.error if attempt.is_gone else f"{MAX_FAILURES} deliveries in a row failed, the last: {attempt.error}"
    values = {"is_active": False, "disabled_at": func.now(), "disabled_why": why, "version": _hooks.version + 1}
    await session.execute(update(Webhook).where(_hooks.id == receiver.id).values(values))
    await emit(session, None, WebhookDisabled.of(receiver, reason=why))


async def give_up(session: AsyncSession, webhook_id: int, message_id: str) -> None:
    """Marks the last attempt as final, because the webhook has been disabled."""
    last = (
        select(_deliveries.id)
        .where(_deliveries.webhook_id == webhook_id, _deliveries.message_id == message_id)
        .order_by(_deliveries.id.desc())
        .limit(1)
    )
    mine = _deliveries.id == last.scalar_subquery()
    statement = update(WebhookDelivery).where(mine, _deliveries.status == "retrying").values(status="failed")
    await session.execute(statement.execution_options(synchronize_session=False))


async def empty_bodies(session: AsyncSession, event_ids: Sequence[int]) -> None:
    """Empties what was sent about these events, after personal data was erased from them."""
    if event_ids:
        about = _deliveries.event_id == func.any(bindparam("ids", list(event_ids), ARRAY(BigInteger)))
        emptied = update(WebhookDelivery).where(about).values(request_body="{}", request_headers={})
        await session.execute(emptied.execution_options(synchronize_session=False))

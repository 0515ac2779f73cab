"""What becomes of an attempt: it is written down, and a receiver that fails again and again is switched off."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import case, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.events import emit
from tca_app.features.webhooks import signing
from tca_app.features.webhooks.events import WebhookDisabled
from tca_app.models import Webhook, WebhookDelivery

MOST_FAILURES = 4  # failed deliveries in a row
KEPT = 1000  # attempts of one webhook
_hooks = Webhook.__table__.c
_deliveries = WebhookDelivery.__table__.c


@dataclass(frozen=True, slots=True)
class Receiver:
    """A webhook as whoever sends needs it; the secrets are sealed."""

    id: int
    project_id: int | None
    url: str
    is_active: bool
    secret: bytes
    old_secret: bytes | None

    def keys(self) -> list[str]:
        """Every secret that is valid now, the newest first. Raises CannotOpen."""
        return [signing.opened(key) for key in (self.secret, self.old_secret) if key is not None]


@dataclass(frozen=True, slots=True)
class Attempt:
    """What was sent, and what came back. `error` is empty when the receiver took it; `is_gone`: it wants no more."""

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
    def status(self) -> str:
        return "succeeded" if not self.error else "failed" if self.is_last else "retrying"


_RECEIVER = select(
    _hooks.id,
    _hooks.project_id,
    _hooks.url,
    _hooks.is_active,
    _hooks.secret,
    case((_hooks.old_secret_until > func.now(), _hooks.old_secret)),
)


async def find_receiver(session: AsyncSession, webhook_id: int) -> Receiver | None:
    row = (await session.execute(_RECEIVER.where(_hooks.id == webhook_id))).first()
    return Receiver(*row) if row else None


async def record(session: AsyncSession, receiver: Receiver, attempt: Attempt) -> None:
    """Write an attempt down, and count the failures in a row. A test is not counted."""
    locked = select(_hooks.failures, _hooks.is_active).where(_hooks.id == receiver.id)
    row = (await session.execute(locked.with_for_update(key_share=True))).first()
    if row is None:
        return  # deleted meanwhile
    await _write(session, receiver, attempt)
    if attempt.event_id is None or attempt.status == "retrying":
        return
    failures = row.failures + 1 if attempt.error else 0
    if failures != row.failures:
        await session.execute(update(Webhook).where(_hooks.id == receiver.id).values(failures=failures))
    if row.is_active and (attempt.is_gone or failures >= MOST_FAILURES):
        await _switch_off(session, receiver, attempt)


async def _write(session: AsyncSession, receiver: Receiver, attempt: Attempt) -> None:
    mine = _deliveries.webhook_id == receiver.id
    number = select(func.coalesce(func.max(_deliveries.attempt), 0) + 1).where(
        mine, _deliveries.message_id == attempt.message_id
    )
    values: dict[str, Any] = {name: getattr(attempt, name) for name in _WRITTEN}
    values |= {"webhook_id": receiver.id, "url": receiver.url, "attempt": number.scalar_subquery()}
    await session.execute(insert(WebhookDelivery).values(values))
    oldest = select(_deliveries.id).where(mine).order_by(_deliveries.id.desc()).offset(KEPT).limit(1)
    await session.execute(delete(WebhookDelivery).where(mine, _deliveries.id <= oldest.scalar_subquery()))


_WRITTEN = (
    "message_id",
    "event_id",
    "event_type",
    "status",
    "request_headers",
    "request_body",
    "response_code",
    "response_type",
    "response_size",
    "duration_ms",
    "error",
)


async def _switch_off(session: AsyncSession, receiver: Receiver, attempt: Attempt) -> None:
    why = attempt.error if attempt.is_gone else f"{MOST_FAILURES} deliveries in a row failed, the last: {attempt.error}"
    values = {"is_active": False, "disabled_at": func.now(), "disabled_why": why, "version": _hooks.version + 1}
    await session.execute(update(Webhook).where(_hooks.id == receiver.id).values(values))
    await emit(session, None, WebhookDisabled.of(receiver, reason=why))


async def give_up(session: AsyncSession, webhook_id: int, message_id: str) -> None:
    """The webhook is off by now: say at the last attempt that no other follows."""
    last = (
        select(_deliveries.id)
        .where(_deliveries.webhook_id == webhook_id, _deliveries.message_id == message_id)
        .order_by(_deliveries.id.desc())
        .limit(1)
    )
    mine = _deliveries.id == last.scalar_subquery()
    statement = update(WebhookDelivery).where(mine, _deliveries.status == "retrying").values(status="failed")
    await session.execute(statement.execution_options(synchronize_session=False))

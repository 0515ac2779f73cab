"""Delivers events to webhooks: a signed POST for each event and webhook, with retries.

A webhook of a project gets the events of that project, one without a project gets all; see docs/webhooks.md. An import
may be thousands of deployments, so only webhooks that name its event get it. The URL is user input, so every call goes
through `core.outgoing.ssrf_safe`.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import structlog
from procrastinate.jobs import Job
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.config.settings import VERSION
from tca_app.core.database.session import reading, transaction
from tca_app.core.events.consumers import consumer, read_event
from tca_app.core.events.log import RecordedEvent
from tca_app.core.jobs.queue import (
    MAX_ATTEMPTS_UNREACHABLE,
    PermanentFailure,
    RetryAfter,
    enqueue,
    enqueue_many,
    task,
    wait_s,
)
from tca_app.core.outgoing import ssrf_safe
from tca_app.core.outgoing.http import NOT_NOW, TargetUnreachable, retry_after
from tca_app.core.outgoing.resilience import BulkheadFull, CircuitOpen, bulkhead, circuit_breaker
from tca_app.core.security.encryption import DecryptionError
from tca_app.features.slack import service as slack
from tca_app.features.webhooks import signing
from tca_app.features.webhooks.delivery_log import Attempt, Receiver, find_receiver, give_up, record

log = structlog.get_logger(__name__)

TASK = "deliver_webhook"
# Of the eight slots of the queue. The rest stays free for other services when webhook targets hang.
MAX_CONCURRENT = 6
MAX_PER_TARGET = 2
HTTP_GONE = 410

_MATCHING = text(
    """
    SELECT hook.id AS webhook_id, event.id AS event_id, event.uuid
    FROM events AS event JOIN webhooks AS hook
      ON (hook.project_id IS NULL OR hook.project_id = event.project_id)
      AND (hook.event_types = '{}' AND event.type <> 'deployment_imported' OR event.type = ANY(hook.event_types))
    WHERE event.id = ANY(:ids) AND hook.is_active AND hook.created_at <= event.at
    ORDER BY event.id, hook.id
    """
)


@consumer("webhooks")
async def deliver_to_webhooks(session: AsyncSession, events: Sequence[RecordedEvent]) -> None:
    """Enqueue a job for each event and matching webhook that already existed, and one for Slack."""
    causes = {event.id: event.cause for event in events}
    matches = await session.execute(_MATCHING, {"ids": list(causes)})
    rows = [
        {
            "webhook_id": row.webhook_id,
            "event_id": row.event_id,
            "message_id": signing.message_id(row.uuid, row.webhook_id),
            "cause": causes[row.event_id],
        }
        for row in matches
    ]
    await enqueue_many(session, TASK, rows)
    await enqueue_many(session, slack.TASK, await slack.messages_of(session, events))


@dataclass(frozen=True, slots=True)
class _Delivery:
    """One message to one receiver. Without an event it is a test. `tried`: attempts of earlier jobs."""

    receiver: Receiver
    message_id: str
    event: RecordedEvent | None
    tried: int

    def body(self) -> bytes:
        return signing.payload(self.event) if self.event else signing.ping(self.receiver.id, datetime.now(UTC))


@task(TASK, "delivery_queue")
async def deliver(job: Job, webhook_id: int, message_id: str, event_id: int | None = None, tried: int = 0) -> None:
    """Make one attempt. A temporary failure is raised for a retry, a final one as PermanentFailure."""
    async with reading() as session:
        receiver = await find_receiver(session, webhook_id)
        event = await read_event(session, event_id) if event_id is not None else None
    if receiver is None or (event is not None and not receiver.is_active):
        log.info("webhook.no_receiver", webhook_id=webhook_id, event_id=event_id)
        async with transaction() as session:
            await give_up(session, webhook_id, message_id)
        return
    delivery = _Delivery(receiver, message_id, event, tried + job.attempts)
    try:
        attempt, wait = await _try(delivery)
    except BulkheadFull:
        await _postpone(delivery)
        return
    async with transaction() as session:
        await record(session, receiver, attempt)
    if attempt.error and event is not None:
        raise PermanentFailure(attempt.error) if attempt.is_last else _again(delivery, attempt.error, wait)


def _again(delivery: _Delivery, reason: str, wait: float | None = None) -> RetryAfter:
    """Return the retry after the wait for all attempts, including those of earlier jobs."""
    return RetryAfter(reason, max(wait or 0.0, wait_s(delivery.tried)))


async def _postpone(delivery: _Delivery) -> None:
    """Requeue the message without counting an attempt, because a full bulkhead says nothing about its target."""
    after_s = 1.0 + random.uniform(0, 2)  # noqa: S311
    about = {"event_id": delivery.event.id} if delivery.event else {}
    async with transaction() as session:
        job_args = {"webhook_id": delivery.receiver.id, "message_id": delivery.message_id, "tried": delivery.tried}
        await enqueue(session, TASK, after_s, **job_args, **about)


async def _try(delivery: _Delivery) -> tuple[Attempt, float | None]:
    """Send once. Returns the attempt and the wait that the receiver asks for.

    Raises BulkheadFull, or RetryAfter while the circuit of the target is open.
    """
    now, body = datetime.now(UTC), delivery.body()
    # A test and the last attempt have no retry; other final failures are marked below.
    is_last = delivery.event is None or delivery.tried + 1 >= MAX_ATTEMPTS_UNREACHABLE
    event_id, event_type = (delivery.event.id, delivery.event.type) if delivery.event else (None, signing.PING)
    attempt = Attempt(delivery.message_id, event_id, event_type, {}, body.decode(), is_last=is_last)
    try:
        target = ssrf_safe.target_of(delivery.receiver.url).name
        signed = signing.headers(delivery.message_id, now, body, delivery.receiver.keys())
        attempt = replace(attempt, request_headers=_headers(signed))
        return await _call_target(target, delivery.receiver.url, body, attempt)
    except (ssrf_safe.ForbiddenAddress, DecryptionError) as error:
        return replace(attempt, error=str(error).rstrip("."), is_last=True), None
    except CircuitOpen as error:
        if not is_last:
            raise _again(delivery, str(error)) from error
        return replace(attempt, error=str(error)), None


def _headers(signed: dict[str, str]) -> dict[str, str]:
    return {"content-type": "application/json", "user-agent": f"TCA-InfraForge/{VERSION}", **signed}


async def _call_target(target: str, url: str, body: bytes, attempt: Attempt) -> tuple[Attempt, float | None]:
    """Call the target behind its circuit breaker, which tests do not trip. Any response closes the circuit.

    All webhooks to the same target share a circuit; the operator's own services have separate ones.
    """
    breaker = circuit_breaker(f"webhooks to {target}")
    if attempt.event_id is not None:
        breaker.refuse_if_open()
    async with bulkhead("webhooks", MAX_CONCURRENT), bulkhead(breaker.target, MAX_PER_TARGET):
        try:
            answer = await ssrf_safe.send("POST", url, content=body, headers=attempt.request_headers)
        except TargetUnreachable as error:
            breaker.record(is_ok=False)
            return replace(attempt, error=str(error)), None
        breaker.record(is_ok=True)
    return _classify_response(target, attempt, answer)


def _classify_response(target: str, attempt: Attempt, answer: ssrf_safe.Answer) -> tuple[Attempt, float | None]:
    code = answer.status
    attempt = replace(
        attempt,
        response_code=code,
        response_type=answer.headers.get("content-type", "")[:100],
        response_size=len(answer.body),
        duration_ms=answer.duration_ms,
    )
    if 200 <= code < 300:
        return attempt, None
    error = f"{target} answered {code}" + (", so it wants no more" if code == HTTP_GONE else "")
    is_final = code < 500 and code not in NOT_NOW
    failed = replace(attempt, error=error, is_last=attempt.is_last or is_final, is_gone=code == HTTP_GONE)
    return failed, retry_after(answer.headers)

"""Forwards events to the services at USER_SERVICE_URL, NOTIFICATION_SERVICE_URL and ANALYTICS_SERVICE_URL.

Each call is a job with an idempotency key that is the same at every attempt, and signed as webhooks are; see
docs/services.md.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID, uuid4

import orjson
from procrastinate.jobs import Job
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.config.settings import get_settings
from tca_app.core.jobs.queue import PermanentFailure, enqueue, task
from tca_app.core.outgoing.http import call
from tca_app.features.webhooks import signing

Name = Literal["user", "notification", "analytics"]
PATHS: dict[Name, str] = {"user": "/events", "notification": "/notifications", "analytics": "/events"}


def _address(service: Name) -> str:
    return str(getattr(get_settings(), f"{service}_service_url"))


async def hand_over(session: AsyncSession, service: Name, items: Iterable[dict[str, Any]]) -> None:
    """Enqueue a job that posts `items` to the service. The items are only evaluated if the service is configured."""
    if _address(service) and (made := list(items)):
        await enqueue(session, "call_service", service=service, key=str(uuid4()), items=made)


@task("call_service", "delivery_queue")
async def call_service(_job: Job, service: Name, key: str, items: list[dict[str, Any]]) -> None:
    address = _address(service)
    if not address:
        raise PermanentFailure(f"{service.upper()}_SERVICE_URL is no longer set")
    body = orjson.dumps({"items": items})
    signed = signing.headers(f"msg_{UUID(key).hex}", datetime.now(UTC), body, signing.service_keys())
    headers = {"Content-Type": "application/json"} | signed
    await call("POST", address.rstrip("/") + PATHS[service], content=body, headers=headers, key=key)

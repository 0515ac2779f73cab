"""Standard Webhooks (https://www.standardwebhooks.com): secrets, ids and signatures of requests."""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4, uuid5

import orjson

from tca_app.config.settings import get_settings
from tca_app.core.events.log import RecordedEvent
from tca_app.core.security.encryption import decrypt, derived_keys, encrypt

PREFIX = "whsec_"
SECRET_BYTES = 32
PURPOSE = "webhook"
PING = "ping"


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def sealed(secret: str) -> bytes:
    return encrypt(secret, PURPOSE)


def opened(secret: bytes) -> str:
    """Decrypts a secret. Raises DecryptionError."""
    return decrypt(secret, PURPOSE)


def service_keys() -> list[str]:
    """Returns the keys that sign calls to the operator's own services: SERVICE_SIGNING_KEY, or derived ones."""
    given = [key.strip() for key in get_settings().service_signing_key.get_secret_value().split(",") if key.strip()]
    return given or [PREFIX + base64.b64encode(key).decode() for key in derived_keys("service calls")]


def message_id(event: UUID, webhook_id: int) -> str:
    """Returns the id of an event for one receiver. It is the same for every attempt."""
    return f"msg_{uuid5(event, f'webhook {webhook_id}').hex}"


def ping_id() -> str:
    return f"msg_{uuid4().hex}"


def payload(event: RecordedEvent) -> bytes:
    """Returns the body of a request for an event."""
    return _body(event.type, event.at, event.public())


def ping(webhook_id: int, at: datetime) -> bytes:
    return _body(PING, at, {"webhook_id": webhook_id})


def _body(type_: str, at: datetime, data: dict[str, Any]) -> bytes:
    return orjson.dumps({"type": type_, "timestamp": at, "data": data}, option=orjson.OPT_UTC_Z)


def headers(message: str, at: datetime, body: bytes, keys: list[str]) -> dict[str, str]:
    """Returns the three headers of Standard Webhooks, with a signature for each valid secret."""
    seconds = str(int(at.timestamp()))
    signed = f"{message}.{seconds}.".encode() + body
    signatures = " ".join(_signature(key, signed) for key in keys)
    return {"webhook-id": message, "webhook-timestamp": seconds, "webhook-signature": signatures}


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()

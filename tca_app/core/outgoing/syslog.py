"""Sends messages to a syslog receiver: RFC 5424, over TCP or TLS with octet counting (RFC 6587, RFC 5425)."""

import asyncio
import re
import socket
import ssl
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import NamedTuple

from tca_app.core.export_url import SyslogReceiver

PRIORITY = 13 * 8 + 6  # facility "log audit", severity "informational"
APP_NAME = "tca-infraforge"
SEND_TIMEOUT_S = 10.0
CLOSE_TIMEOUT_S = 3.0
_NOT_A_NAME = re.compile(r"[^!-~]")


class Message(NamedTuple):
    """The time, the kind (MSGID) and the text of a message. The text is ASCII, so that it needs no byte order mark."""

    at: datetime
    kind: str
    text: str


def frame(message: Message) -> bytes:
    """Return the message with its length in front of it."""
    at = message.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    host = _NOT_A_NAME.sub("-", socket.gethostname())[:255] or "-"
    kind = _NOT_A_NAME.sub("-", message.kind)[:32] or "-"
    body = f"<{PRIORITY}>1 {at} {host} {APP_NAME} - {kind} - {message.text}".encode("ascii")
    return b"%d %s" % (len(body), body)


async def send(receiver: SyslogReceiver, messages: Iterable[Message]) -> None:
    """Send the messages over a connection of their own. Raises OSError.

    Syslog has no acknowledgement. Over TCP the receiver closes the connection after it read everything, and one that
    died before that resets it, which is an error here.
    """
    try:
        async with asyncio.timeout(SEND_TIMEOUT_S):
            await _send(receiver, b"".join(map(frame, messages)))
    except TimeoutError:
        raise OSError(f"no response within {SEND_TIMEOUT_S:g} s") from None


async def _send(receiver: SyslogReceiver, data: bytes) -> None:
    tls = ssl.create_default_context() if receiver.has_tls else None
    reader, writer = await asyncio.open_connection(receiver.host, receiver.port, ssl=tls)
    try:
        writer.write(data)
        await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
            with suppress(TimeoutError):  # some receivers leave their half open
                async with asyncio.timeout(CLOSE_TIMEOUT_S):
                    await reader.read()
    finally:
        writer.close()
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await writer.wait_closed()

"""The URL that says where events are exported to: a file, or a syslog receiver over TCP or TLS."""

from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

PORTS = {"syslog+tcp": 601, "syslog+tls": 6514}
EXPECTED = "must look like file:///var/log/console/events.jsonl, syslog+tls://host:6514 or syslog+tcp://host:601"


class SyslogReceiver(NamedTuple):
    """A receiver of RFC 5424 messages with octet counting (RFC 6587, RFC 5425)."""

    host: str
    port: int
    has_tls: bool


def read_export_url(url: str) -> Path | SyslogReceiver | None:
    """Return the target; None for "". Raises ValueError with the reason."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(EXPECTED) from None
    if parts.query or parts.fragment or parts.username is not None:
        raise ValueError(EXPECTED)
    if parts.scheme == "file" and not parts.netloc and len(parts.path) > 1 and not parts.path.endswith("/"):
        return Path(unquote(parts.path))
    if parts.scheme in PORTS and parts.hostname and parts.path in ("", "/"):
        return SyslogReceiver(parts.hostname, port or PORTS[parts.scheme], parts.scheme == "syslog+tls")
    raise ValueError(EXPECTED)

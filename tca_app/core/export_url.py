"""The URL that says where events are exported to: a file, a syslog receiver over TCP or TLS, or a bucket of S3."""

from pathlib import Path
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

PORTS = {"syslog+tcp": 601, "syslog+tls": 6514}
STORES = {"s3+https": "https", "s3+http": "http"}
EXPECTED = (
    "must look like file:///var/log/console/events.jsonl, syslog+tls://host:6514, syslog+tcp://host:601 or "
    "s3+https://host/bucket/folder?region=eu-central-1"
)


class SyslogReceiver(NamedTuple):
    """A receiver of RFC 5424 messages with octet counting (RFC 6587, RFC 5425)."""

    host: str
    port: int
    has_tls: bool


class Bucket(NamedTuple):
    """A bucket of a store that speaks S3, and the folder in it; "" for none."""

    endpoint: str
    name: str
    folder: str
    region: str


Target = Path | SyslogReceiver | Bucket


def read_export_url(url: str) -> Target | None:
    """Return the target; None for "". Raises ValueError with the reason."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(EXPECTED) from None
    if parts.fragment or parts.username is not None:
        raise ValueError(EXPECTED)
    if parts.scheme in STORES:
        return _bucket(parts)
    if parts.query:
        raise ValueError(EXPECTED)
    if parts.scheme == "file" and not parts.netloc and len(parts.path) > 1 and not parts.path.endswith("/"):
        return Path(unquote(parts.path))
    if parts.scheme in PORTS and parts.hostname and parts.path in ("", "/"):
        return SyslogReceiver(parts.hostname, port or PORTS[parts.scheme], parts.scheme == "syslog+tls")
    raise ValueError(EXPECTED)


def _bucket(parts: SplitResult) -> Bucket:
    query = parse_qs(parts.query, keep_blank_values=True)
    region = query.pop("region", ["us-east-1"])
    name, *folders = unquote(parts.path).strip("/").split("/")
    if (
        not parts.hostname
        or query
        or len(region) > 1
        or not region[0].replace("-", "").isalnum()
        or {"", ".", ".."} & {name, *folders}
    ):
        raise ValueError(EXPECTED)
    return Bucket(f"{STORES[parts.scheme]}://{parts.netloc}", name, "/".join(folders), region[0])

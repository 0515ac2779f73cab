"""Where traces are sent: the settings OTEL_EXPORTER_OTLP_ENDPOINT and OTEL_EXPORTER_OTLP_HEADERS."""

import re
from urllib.parse import unquote

PATH = "/v1/traces"
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")


def traces_url(endpoint: str) -> str:
    """Return the URL of traces below the endpoint, which serves metrics and logs, too."""
    return endpoint.rstrip("/") + PATH


def read_headers(text: str) -> dict[str, str]:
    """Return the headers of `name=value,name=value`, with URL-encoded values. Raises ValueError, without a value."""
    headers = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = (part.strip() for part in pair.partition("="))
        value = unquote(value)
        if not (_NAME.fullmatch(name) and _VALUE.fullmatch(value)):
            raise ValueError("must look like name=value, several separated by commas, with URL-encoded values")
        headers[name.lower()] = value
    return headers

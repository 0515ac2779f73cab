"""Removes secrets from logs, error reports and failure reasons.

Code must not write secrets there at all; this is a safety net. Values under secret names are hidden, and texts lose
every secret of the settings and everything that looks like a credential.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from urllib.parse import SplitResult, unquote, urlsplit

import orjson
from pydantic import SecretStr

from tca_app.config.settings import get_settings
from tca_app.core.otlp import read_headers

SECRET_WORDS = ("password", "secret", "token", "cookie", "authorization", "dsn", "hash")
NOT_SECRET = frozenset({"password_min_length"})  # a setting
REMOVED = "[removed]"
MIN_SECRET_LENGTH = 6  # replacing a shorter secret would damage ordinary text
MAX_TEXT = 2_000
_MARGIN = 1_000  # no secret is longer, so a secret cut off at the limit is dropped too

_VALUE = (
    r"=(?:\\?\"([^\"\\]++)|'([^']++)|([^\s\"'&,;)\\]++))"  # `password='x'`, a query string, a Cookie header
    r"|': '([^']++)|\\\": ?\\\"([^\"\\]++)"  # a dict as Python or JSON writes it inside of a text
)
# Callers control this text, so every pattern takes linear time (possessive `++`), which tests/test_parsers.py measures.
# Each pattern has a lower-case marker: most lines contain none of them and pay only for a few substring searches. The
# secret is the matched group; without one nothing is removed.
_LOOKS: dict[str, re.Pattern[str]] = {
    "://": re.compile(r"://([^\s/@\"'\\]++)(?=@)"),
    "eyj": re.compile(r"(\beyJ[\w-]{6,}+\.[\w-]++\.[\w-]*+)|eyJ[\w-]*+"),
    "$argon2": re.compile(r"(\$argon2[^\s\"'\\)]++)"),
    "bearer ": re.compile(r"(?i)bearer ([\w.~+/=-]{6,}+)"),
    "tca_": re.compile(r"\b(tca_[0-9A-Za-z]{16,}+)"),  # API tokens
    "sid=": re.compile(rf"(?i)\bsid(?:{_VALUE})"),  # session cookies
    "device=": re.compile(rf"(?i)\bdevice(?:{_VALUE})"),
    **{word: re.compile(rf"(?i){word}[\w-]*+(?:{_VALUE})?") for word in SECRET_WORDS},
}


@lru_cache(4096)
def is_secret(name: str) -> bool:
    """Return True if the value under this name is a secret."""
    return name not in NOT_SECRET and _has_secret_word(name)


def _has_secret_word(name: str) -> bool:
    lowered = name.lower()
    return any(word in lowered for word in SECRET_WORDS)


def redact(value: object, text: Callable[[str], str] | None = None) -> object:
    """Return the value without secrets at any depth, with long texts cut."""
    clean = text or excerpt
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {
            clean(key) if isinstance(key, str) else key: REMOVED if _has_secret_word(str(key)) else redact(inner, text)
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [redact(inner, text) for inner in value]
    return value


def excerpt(text: str, limit: int = MAX_TEXT) -> str:
    """Return the text without secrets, cut to `limit` characters. The rest of a long text is not processed."""
    if len(text) <= limit:
        return redact_text(text)
    return redact_text(text[: limit + _MARGIN])[:-_MARGIN][: limit - 1] + "…"


def redact_text(text: str) -> str:
    """Return the text without the secrets of the settings and without anything that looks like a credential."""
    for secret in known_secrets():
        if secret in text:
            text = text.replace(secret, REMOVED)
    lowered = text.lower()
    for sign, pattern in _LOOKS.items():
        if sign in lowered:
            text = pattern.sub(_without_secret, text)
    return text


def _without_secret(match: re.Match[str]) -> str:
    if match.lastindex is None:
        return match[0]
    return match[0][: match.start(match.lastindex) - match.start()] + REMOVED


@lru_cache(maxsize=1)
def known_secrets() -> tuple[str, ...]:
    """Return every secret of the settings, plain and JSON-escaped; longest first, since one may contain another."""
    settings = get_settings()
    values = [value.get_secret_value() for value in vars(settings).values() if isinstance(value, SecretStr)]
    values += read_headers(settings.otel_exporter_otlp_headers.get_secret_value()).values()
    secrets = {part for value in values for part in _secret_parts(value) if len(part) >= MIN_SECRET_LENGTH}
    secrets |= {orjson.dumps(part).decode()[1:-1] for part in secrets}
    return tuple(sorted(secrets, key=len, reverse=True))


def _secret_parts(value: str) -> list[str]:
    """Return the secret parts of a URL; its host is not secret."""
    if "://" not in value:
        return [value]
    try:
        parts = urlsplit(value)
    except ValueError:
        return [value]
    return [*_userinfo(parts), *((parts.path, parts.path.lstrip("/")) if parts.scheme in ("http", "https") else ())]


def _userinfo(parts: SplitResult) -> list[str]:
    """Return the password, or the user of an http URL: the key of a Sentry DSN is its user."""
    secret = parts.password or (parts.username if parts.scheme in ("http", "https") else "") or ""
    return [secret, unquote(secret)]

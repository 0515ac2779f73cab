"""Secrets are taken out of whatever people or other programs may read: logs, error reports, reasons of failure.

Two nets below the rule that nobody writes a secret there at all: a telling name hides its value, and a text loses
everything that is a secret of the settings or looks like a credential.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import orjson
from pydantic import SecretStr

from tca_app.config import get_settings

SECRET_WORDS = ("password", "secret", "token", "cookie", "authorization", "dsn", "hash")
REMOVED = "[removed]"
SHORTEST = 6  # a shorter one would take half of every text along
_WORDS = "|".join(SECRET_WORDS)
_NAME = rf"(?:[\w-]*(?:{_WORDS})[\w-]*|\b(?:__Host-)?(?:sid|device))"  # the last two are our cookies

# Each with a cheap sign: most lines have none of them and pay for a few searches of a short text only.
_LOOKS: tuple[tuple[str, re.Pattern[str], str], ...] = (
    ("://", re.compile(r"(?<=://)[^\s/@\"'\\]+(?=@)"), REMOVED),
    ("eyJ", re.compile(r"\beyJ[\w-]{6,}\.[\w-]+\.[\w-]*"), REMOVED),
    ("$argon2", re.compile(r"\$argon2[^\s\"'\\)]+"), REMOVED),
    ("earer ", re.compile(r"(?i)(?<=bearer )[\w.~+/=-]{6,}"), REMOVED),
    # `password='x'`, a query string, a Cookie header.
    ("=", re.compile(rf"(?i)({_NAME}=)(?:(\\?\")[^\"\\]+|(')[^']+|[^\s\"'&,;)\\]+)"), rf"\1\2\3{REMOVED}"),
    # A dict as Python or JSON writes it inside of a text.
    ("': '", re.compile(rf"(?i)('[\w-]*(?:{_WORDS})[\w-]*': ')[^']+"), rf"\1{REMOVED}"),
    ('\\"', re.compile(rf"(?i)(\\\"[\w-]*(?:{_WORDS})[\w-]*\\\": ?\\\")[^\"\\]+"), rf"\1{REMOVED}"),
)


@lru_cache(4096)
def is_secret(name: str) -> bool:
    """Whether what stands under this name must not be read."""
    lowered = name.lower()
    return any(word in lowered for word in SECRET_WORDS)


def scrub(value: Any) -> Any:
    """The same value without secrets, however deep they are."""
    if isinstance(value, str):
        return scrub_text(value)
    if isinstance(value, Mapping):
        return {key: REMOVED if is_secret(str(key)) else scrub(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [scrub(inner) for inner in value]
    return value


def scrub_text(text: str) -> str:
    """The text without the secrets of the settings and without what looks like a credential."""
    for secret in known_secrets():
        if secret in text:
            text = text.replace(secret, REMOVED)
    for sign, pattern, instead in _LOOKS:
        if sign in text:
            text = pattern.sub(instead, text)
    return text


@lru_cache(maxsize=1)
def known_secrets() -> tuple[str, ...]:
    """Every secret of the settings, as it is and as JSON writes it; the longest first, since one may hold another."""
    values = [value.get_secret_value() for value in vars(get_settings()).values() if isinstance(value, SecretStr)]
    found = {part for value in values for part in _secret_parts(value) if len(part) >= SHORTEST}
    found |= {orjson.dumps(part).decode()[1:-1] for part in found}
    return tuple(sorted(found, key=len, reverse=True))


def _secret_parts(value: str) -> list[str]:
    """Of an address the parts that open something; where it leads is no secret."""
    if "://" not in value:
        return [value]
    try:
        parts = urlsplit(value)
    except ValueError:
        return [value]
    return [*_userinfo(parts), *((parts.path, parts.path.lstrip("/")) if parts.scheme in ("http", "https") else ())]


def _userinfo(parts: SplitResult) -> list[str]:
    """The password, or what stands in its place: the key of a Sentry address is its user."""
    given = parts.password or (parts.username if parts.scheme in ("http", "https") else "") or ""
    return [given, unquote(given)]

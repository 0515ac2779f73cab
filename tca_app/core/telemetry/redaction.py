"""Secrets are taken out of whatever people or other programs may read: logs, error reports, reasons of failure.

Two nets below the rule that nobody writes a secret there at all: a telling name hides its value, and a text loses
everything that is a secret of the settings or looks like a credential.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import orjson
from pydantic import SecretStr

from tca_app.config.settings import get_settings

SECRET_WORDS = ("password", "secret", "token", "cookie", "authorization", "dsn", "hash")
REMOVED = "[removed]"
SHORTEST = 6  # a shorter one would take half of every text along
MAX_TEXT = 2_000
_MARGIN = 1_000  # no secret is longer: what a cut leaves of one is dropped with it

_VALUE = (
    r"=(?:\\?\"([^\"\\]++)|'([^']++)|([^\s\"'&,;)\\]++))"  # `password='x'`, a query string, a Cookie header
    r"|': '([^']++)|\\\": ?\\\"([^\"\\]++)"  # a dict as Python or JSON writes it inside of a text
)
# Callers choose what is read here, so every pattern takes linear time, which tests/test_parsers.py measures: a run of
# characters is taken whole and never given back (`++`). Each has a sign in lower case: most lines have none of them and
# pay for a few searches of a short text only. The secret is the group that matched; without one nothing is removed.
_LOOKS: dict[str, re.Pattern[str]] = {
    "://": re.compile(r"://([^\s/@\"'\\]++)(?=@)"),
    "eyj": re.compile(r"(\beyJ[\w-]{6,}+\.[\w-]++\.[\w-]*+)|eyJ[\w-]*+"),
    "$argon2": re.compile(r"(\$argon2[^\s\"'\\)]++)"),
    "bearer ": re.compile(r"(?i)bearer ([\w.~+/=-]{6,}+)"),
    "sid=": re.compile(rf"(?i)\bsid(?:{_VALUE})"),  # our cookies
    "device=": re.compile(rf"(?i)\bdevice(?:{_VALUE})"),
    **{word: re.compile(rf"(?i){word}[\w-]*+(?:{_VALUE})?") for word in SECRET_WORDS},
}


@lru_cache(4096)
def is_secret(name: str) -> bool:
    """Whether what stands under this name must not be read."""
    return _has_secret_word(name)


def _has_secret_word(name: str) -> bool:
    lowered = name.lower()
    return any(word in lowered for word in SECRET_WORDS)


def redact(value: Any, text: Callable[[str], str] | None = None) -> Any:
    """The same value without secrets, however deep they are, and with long texts cut."""
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
    """The text without secrets, cut to `limit` characters. No more than that is read of it, however long it is."""
    if len(text) <= limit:
        return redact_text(text)
    return redact_text(text[: limit + _MARGIN])[:-_MARGIN][: limit - 1] + "…"


def redact_text(text: str) -> str:
    """The text without the secrets of the settings and without what looks like a credential."""
    for secret in known_secrets():
        if secret in text:
            text = text.replace(secret, REMOVED)
    lowered = text.lower()
    for sign, pattern in _LOOKS.items():
        if sign in lowered:
            text = pattern.sub(_without_secret, text)
    return text


def _without_secret(found: re.Match[str]) -> str:
    if found.lastindex is None:
        return found[0]
    return found[0][: found.start(found.lastindex) - found.start()] + REMOVED


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

"""Passwords, tokens and cookies: hashing and signing, without permissions."""

import asyncio
import hashlib
import hmac
import secrets
import unicodedata
from base64 import urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from uuid import UUID

import jwt
from passlib.context import CryptContext
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from tca_app.config.settings import get_settings
from tca_app.core.errors import NotSignedIn
from tca_app.core.instance import instance_settings

MAX_PASSWORD = 256
MAX_COOKIE = 300
COMMON_PASSWORDS = frozenset(FREQUENCY_LISTS["passwords"])
JWT_ISSUER = "tca-infraforge"
JWT_AUDIENCE = "tca-infraforge-api"
JWT_TYPE = "at+jwt"
JWT_LEEWAY_S = 30
_CLAIMS = ["iss", "aud", "sub", "sid", "iat", "exp", "jti"]


class _Hasher:
    """Argon2id in a bounded thread pool: it never blocks the event loop, and memory is at most threads x cost."""

    def __init__(self) -> None:
        s = get_settings()
        self.context = CryptContext(
            schemes=["argon2"],
            argon2__type="ID",
            argon2__memory_cost=s.password_hash_memory_kib,
            argon2__rounds=s.password_hash_rounds,
            argon2__parallelism=s.password_hash_parallelism,
        )
        self.pool = ThreadPoolExecutor(s.password_hash_threads, thread_name_prefix="argon2")
        self.dummy = self.context.hash(secrets.token_urlsafe(16))


@lru_cache(maxsize=1)
def _hasher() -> _Hasher:
    return _Hasher()


def _normal(password: str) -> str:
    return unicodedata.normalize("NFKC", password)


async def hash_password(password: str) -> str:
    """Return the argon2id hash of a password, after NFKC normalization, so that two keyboards agree."""
    hasher = _hasher()
    return await asyncio.get_running_loop().run_in_executor(hasher.pool, hasher.context.hash, _normal(password))


async def verify_password(password: str, hashed: str | None) -> tuple[bool, str | None]:
    """Return whether the password is correct, and a new hash if the stored one is weaker than the current settings.

    Without a stored hash a dummy is verified, so that an unknown name takes as long as a known one.
    """
    hasher = _hasher()
    stored = hashed or hasher.dummy
    right, fresh = await asyncio.get_running_loop().run_in_executor(
        hasher.pool, hasher.context.verify_and_update, _normal(password), stored
    )
    return right and hashed is not None, fresh


def password_fault(password: str, *words: str) -> str | None:
    """Return why this password is not allowed, or None. The rule is the same wherever a password is set.

    `words` are the person's names and email: a password made of one of them is as easy to guess as a common one.
    """
    minimum = instance_settings().password_min_length
    if len(password) < minimum:
        return f"Use at least {minimum} characters."
    if len(password) > MAX_PASSWORD:
        return f"Use at most {MAX_PASSWORD} characters."
    if not any("0" <= c <= "9" for c in password):
        return "Use at least one digit."
    if not any(c.isupper() for c in password):
        return "Use at least one uppercase letter."
    folded = _normal(password).casefold()
    own = {part for word in words for part in (word.casefold(), word.casefold().partition("@")[0]) if len(part) >= 4}
    stem = folded.rstrip("0123456789!?.,#$*")
    if folded in COMMON_PASSWORDS or stem in COMMON_PASSWORDS or stem in own | {"infraforge", "tcainfraforge"}:
        return "This password is too easy to guess."
    return None


def new_token() -> str:
    """Return 256 random bits for a cookie, refresh token or link."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """Return the hash of a token for the database. A token has 256 random bits, so a fast hash is enough."""
    return hashlib.sha256(token.encode()).digest()


def keyed_token(label: str, *parts: str) -> str:
    """Return a token that can be derived again from its parts (HMAC-SHA256 with SECRET_KEY)."""
    return keyed_tokens(label, *parts)[0]


def keyed_tokens(label: str, *parts: str) -> list[str]:
    """Return the token under each secret key, to recognise one: that of SECRET_KEY first, then the previous one's."""
    message = "\x1f".join((label, *parts)).encode()
    digests = [hmac.new(key.encode(), message, hashlib.sha256).digest() for key in get_settings().secret_keys]
    return [urlsafe_b64encode(digest).rstrip(b"=").decode() for digest in digests]


def is_keyed_token(token: str, label: str, *parts: str) -> bool:
    """Return True if the token was derived from these parts with any of the secret keys."""
    return any(same(token, expected) for expected in keyed_tokens(label, *parts))


def same(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode(), right.encode())


def cookie_name(base: str = "sid") -> str:
    """Return the cookie name. `__Host-` binds it to this host, https and the path /; browsers refuse it over http."""
    return f"__Host-{base}" if get_settings().secure_cookies else base


def cookie_in(header: str, name: str) -> str:
    """Return the value of a cookie in a Cookie header, or "". The console's cookies need no quoting.

    `http.cookies` and Starlette's parser are not used: they take a second for 16 KiB of backslashes in quotes.
    """
    for part in header.split(";"):
        key, _, value = part.strip().partition("=")
        if key == name:
            return value.strip('"')[:MAX_COOKIE]
    return ""


def new_access_token(user_id: int, family: UUID) -> tuple[str, int]:
    """Return a signed JWT access token for one session, and its lifetime in seconds."""
    s = get_settings()
    now = datetime.now(UTC)
    life = timedelta(minutes=s.jwt_access_token_expire_minutes)
    claims = {
        "iss": JWT_ISSUER,
        "aud": JWT_AUDIENCE,
        "sub": str(user_id),
        "sid": str(family),
        "iat": now,
        "exp": now + life,
        "jti": secrets.token_urlsafe(12),
    }
    token = jwt.encode(
        claims, s.jwt_secret_key.get_secret_value(), algorithm=s.jwt_algorithm, headers={"typ": JWT_TYPE}
    )
    return token, int(life.total_seconds())


def read_access_token(token: str) -> UUID:
    """Return the session id of an access token. Raises NotSignedIn unless the token is valid (RFC 8725)."""
    s = get_settings()
    try:
        whole = jwt.decode_complete(
            token,
            s.jwt_secret_key.get_secret_value(),
            algorithms=[s.jwt_algorithm],
            audience=JWT_AUDIENCE,
            issuer=JWT_ISSUER,
            leeway=JWT_LEEWAY_S,
            options={"require": _CLAIMS},
        )
        if set(whole["header"]) != {"alg", "typ"} or whole["header"]["typ"] != JWT_TYPE:
            raise NotSignedIn
        return UUID(whole["payload"]["sid"])
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise NotSignedIn from error

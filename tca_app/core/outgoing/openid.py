"""What an OpenID Connect issuer publishes, its endpoints and keys, and the signature of a token that it issued.

Endpoints are kept for an hour. Keys are fetched again after an hour, or for an unknown key id, at most once a minute.
After a failure nothing is asked for five seconds, so that callers of an issuer that is down do not queue up.
"""

import asyncio
from collections.abc import Sequence
from functools import lru_cache
from time import monotonic
from typing import Any

import orjson
from authlib.oidc.discovery import get_well_known_url
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.util import urlsafe_b64decode

from tca_app.core.outgoing import ssrf_safe
from tca_app.core.outgoing.http import TargetUnreachable
from tca_app.core.outgoing.ssrf_safe import Answer, ForbiddenAddress

KEEP_S = 3600.0
REFETCH_AFTER_S = 60.0
PAUSE_S = 5.0
MAX_TOKEN = 32 * 1024
# Signatures with a key pair only: the console holds no key that could sign, and `none` is no signature.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
_KEY_TYPES: dict[str, type[RSAKey | ECKey | OKPKey]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}

Json = dict[str, Any]


class ProviderUnavailable(Exception):
    """The provider cannot be reached, or it answered with an error."""


class ProviderError(Exception):
    """The provider answered, and its answer is not valid or cannot be verified."""


async def call(
    method: str, url: str, *, content: bytes = b"", headers: dict[str, str] | None = None, operators_host: str = ""
) -> Answer:
    """Send a request to a provider. Raises ProviderUnavailable, ProviderError."""
    headers = {"Accept": "application/json"} | (headers or {})
    try:
        answer = await ssrf_safe.send(method, url, content=content, headers=headers, operators_host=operators_host)
    except TargetUnreachable as error:
        raise ProviderUnavailable(str(error)) from None
    except ForbiddenAddress as error:
        raise ProviderError(f"an address of the provider is refused: {error}") from None
    if answer.status >= 500 or answer.status == 429:
        raise ProviderUnavailable(f"the provider answered {answer.status}")
    return answer


def read_json(answer: Answer) -> object:
    """Return the body of a successful response. Raises ProviderError."""
    if answer.status != 200 or answer.is_cut:
        raise ProviderError(f"the provider answered {answer.status}")
    try:
        return orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        raise ProviderError("the provider's answer is not JSON") from None


def read_object(answer: Answer) -> Json:
    """Return the JSON object of a successful response. Raises ProviderError."""
    found = read_json(answer)
    if not isinstance(found, dict):
        raise ProviderError("the provider's answer is not an object")
    return found


class Issuer:
    """One issuer: its endpoints and keys, cached in this process. `operators_host` is that of `ssrf_safe.send`."""

    def __init__(self, url: str, operators_host: str = "") -> None:
        self.url, self.operators_host = url, operators_host
        self._lock = asyncio.Lock()
        self._metadata: Json = {}
        self._metadata_at = self._keys_at = self._keys_tried_at = self._failed_at = float("-inf")
        self._keys: dict[str, RSAKey | ECKey | OKPKey] = {}

    async def get(self, url: str, headers: dict[str, str] | None = None) -> Json:
        return read_object(await call("GET", url, headers=headers, operators_host=self.operators_host))

    async def _get_once(self, url: str) -> Json:
        """Like `get`, for what is cached: while the lock is held, and not again just after a failure."""
        if monotonic() - self._failed_at < PAUSE_S:
            raise ProviderUnavailable("the provider did not answer a moment ago")
        try:
            return await self.get(url)
        except (ProviderUnavailable, ProviderError):
            self._failed_at = monotonic()
            raise

    async def metadata(self) -> Json:
        """Return the discovery document. Raises ProviderError unless it is that of this very issuer."""
        async with self._lock:
            if monotonic() - self._metadata_at > KEEP_S:
                found = await self._get_once(get_well_known_url(self.url, external=True))
                if found.get("issuer") != self.url:
                    self._failed_at = monotonic()
                    raise ProviderError("the discovery document names another issuer")
                self._metadata, self._metadata_at = found, monotonic()
            return self._metadata

    async def endpoint(self, name: str) -> str:
        """Return the URL of an endpoint. Raises ProviderError without one."""
        found = (await self.metadata()).get(name)
        if not isinstance(found, str) or not found:
            raise ProviderError(f"the discovery document has no {name}")
        return found

    async def verified(self, token: str, algorithms: Sequence[str] = ALGORITHMS) -> tuple[Json, Json]:
        """Return the header and the claims of a signed token. Raises ProviderError; the claims are not checked yet."""
        if not isinstance(token, str) or len(token) > MAX_TOKEN:
            raise ProviderError("the token is missing or too long")
        try:
            key = await self._key(_key_id(token))
            found = jwt.decode(token, key, algorithms=algorithms)
        except (JoseError, ValueError, TypeError, KeyError, RecursionError) as error:
            raise ProviderError(f"the token cannot be verified ({type(error).__name__})") from None
        return dict(found.header), dict(found.claims)

    async def _key(self, key_id: str | None) -> RSAKey | ECKey | OKPKey:
        uri = await self.endpoint("jwks_uri")
        async with self._lock:
            key = self._find(key_id)
            if key is None or monotonic() - self._keys_at > KEEP_S:
                await self._fetch_keys(uri)
                key = self._find(key_id)
        if key is None:
            raise ProviderError("the token is signed with an unknown key")
        return key

    def _find(self, key_id: str | None) -> RSAKey | ECKey | OKPKey | None:
        if key_id is None:  # allowed for an issuer with one key
            return next(iter(self._keys.values())) if len(self._keys) == 1 else None
        return self._keys.get(key_id)

    async def _fetch_keys(self, uri: str) -> None:
        if monotonic() - self._keys_tried_at < REFETCH_AFTER_S:
            return
        listed = (await self._get_once(uri)).get("keys")
        self._keys_tried_at = monotonic()
        keys = [key for key in listed if isinstance(key, dict)] if isinstance(listed, list) else []
        self._keys = {str(key.get("kid")): made for key in keys if (made := _public_key(key)) is not None}
        self._keys_at = monotonic()


def _key_id(token: str) -> str | None:
    """Return the key id in the header, which is not verified yet. Raises ValueError."""
    key_id = _part(token, 0).get("kid")
    return key_id if key_id is None else str(key_id)


def claimed_issuer(token: str) -> str:
    """Return the issuer that a token claims to be from, or "". Nothing is verified yet."""
    try:
        issuer = _part(token, 1).get("iss") if len(token) <= MAX_TOKEN else ""
    except ValueError:
        return ""
    return issuer if isinstance(issuer, str) else ""


def _part(token: str, index: int) -> Json:
    """Return the header or the claims of a token, which are not verified yet. Raises ValueError."""
    parts = token.split(".", 2)
    found = orjson.loads(urlsafe_b64decode(parts[index].encode())) if index < len(parts) else None
    if not isinstance(found, dict):
        raise ValueError("this part of the token is not an object")
    return found


def _public_key(key: Json) -> RSAKey | ECKey | OKPKey | None:
    """Return a key that verifies signatures, or None for one of another kind."""
    kind = _KEY_TYPES.get(str(key.get("kty")))
    if kind is None or key.get("use", "sig") != "sig":
        return None
    try:
        return kind.import_key(key)
    except (JoseError, ValueError, TypeError):
        return None


@lru_cache(maxsize=256)
def get_issuer(url: str, operators_host: str = "") -> Issuer:
    """Return the issuer that all callers share."""
    return Issuer(url, operators_host)

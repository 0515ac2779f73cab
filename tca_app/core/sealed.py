"""Secrets that must be read again, such as the key of a webhook: encrypted under a key that is made from SECRET_KEY.

A copy of the database alone opens none of them. What is sealed for one purpose does not open for another, so a row's
secret cannot be put into another row.
"""

import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tca_app.config import get_settings

_FORM = b"\x01"  # AES-256-GCM with a nonce of 12 bytes in front
_NONCE_BYTES = 12


class CannotUnseal(Exception):
    """It was sealed for another purpose or under another SECRET_KEY, or it is damaged."""


@lru_cache(maxsize=4)
def _cipher(secret_key: str) -> AESGCM:
    derived = HKDF(SHA256(), length=32, salt=None, info=b"tca-infraforge sealed secrets")
    return AESGCM(derived.derive(secret_key.encode()))


def _current() -> AESGCM:
    return _cipher(get_settings().secret_key.get_secret_value())


def seal(secret: str, purpose: str) -> bytes:
    """Encrypt. `purpose` names the row and column that it is for, such as `github_hook:7`."""
    nonce = os.urandom(_NONCE_BYTES)
    return _FORM + nonce + _current().encrypt(nonce, secret.encode(), purpose.encode())


def unseal(sealed: bytes, purpose: str) -> str:
    """What `seal` was given. Raises CannotUnseal."""
    nonce, content = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    if sealed[:1] != _FORM or len(nonce) < _NONCE_BYTES:
        raise CannotUnseal
    try:
        return _current().decrypt(nonce, content, purpose.encode()).decode()
    except InvalidTag as error:
        raise CannotUnseal from error

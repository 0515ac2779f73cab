"""Secrets that the database keeps and the console must be able to read again: sealed with a key from SECRET_KEY.

AES-256-GCM with a fresh nonce; `purpose` is bound to what it seals, so that a secret copied into another column or kind
of row cannot be opened there. After a change of SECRET_KEY nothing opens any more.
"""

import secrets
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tca_app.config.settings import get_settings

VERSION = b"\x01"
NONCE_BYTES = 12


class DecryptionError(Exception):
    """It was sealed with another SECRET_KEY or for another purpose, or it was changed."""


@lru_cache(maxsize=4)
def _cipher(secret_key: str) -> AESGCM:
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"tca_app sealing 1").derive(secret_key.encode())
    return AESGCM(key)


def encrypt(text: str, purpose: str) -> bytes:
    """Different at each call for the same text."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    cipher = _cipher(get_settings().secret_key.get_secret_value())
    return VERSION + nonce + cipher.encrypt(nonce, text.encode(), VERSION + purpose.encode())


def decrypt(sealed: bytes, purpose: str) -> str:
    """Raises DecryptionError."""
    version, nonce, rest = sealed[:1], sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    cipher = _cipher(get_settings().secret_key.get_secret_value())
    try:
        return cipher.decrypt(nonce, rest, version + purpose.encode()).decode()
    except (InvalidTag, ValueError):
        raise DecryptionError(f"a secret for {purpose} cannot be opened with this SECRET_KEY") from None

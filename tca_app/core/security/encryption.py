"""Encrypts secrets that the database stores and the console must read again, with a key derived from SECRET_KEY.

AES-256-GCM with a fresh nonce. `purpose` is bound to the ciphertext, so a secret copied into another column cannot be
decrypted there. What SECRET_KEY cannot decrypt is tried with SECRET_KEY_PREVIOUS (docs/secret-key.md).
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
    """The secret was encrypted with neither of the keys or for another purpose, or it was modified."""


@lru_cache(maxsize=4)
def _cipher(secret_key: str) -> AESGCM:
    return AESGCM(_derived(secret_key, "sealing"))


def _derived(secret_key: str, purpose: str) -> bytes:
    info = f"tca_app {purpose} 1".encode()
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret_key.encode())


def derived_keys(purpose: str) -> list[bytes]:
    """Return a key of 32 bytes for one purpose from each secret key, the current one first.

    It says nothing about the secret key or the key of another purpose.
    """
    return [_derived(key, purpose) for key in get_settings().secret_keys]


def encrypt(text: str, purpose: str) -> bytes:
    """Encrypt a text. The result differs at each call for the same text."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    cipher = _cipher(get_settings().secret_keys[0])
    return VERSION + nonce + cipher.encrypt(nonce, text.encode(), VERSION + purpose.encode())


def decrypt(sealed: bytes, purpose: str) -> str:
    """Decrypt a secret with any of the keys. Raises DecryptionError."""
    for key in get_settings().secret_keys:
        text = _decrypted(key, sealed, purpose)
        if text is not None:
            return text
    raise DecryptionError(f"a secret for {purpose} cannot be opened with this SECRET_KEY")


def is_current(sealed: bytes, purpose: str) -> bool:
    """Return True if SECRET_KEY itself decrypts the secret."""
    return _decrypted(get_settings().secret_keys[0], sealed, purpose) is not None


def _decrypted(key: str, sealed: bytes, purpose: str) -> str | None:
    version, nonce, rest = sealed[:1], sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    try:
        return _cipher(key).decrypt(nonce, rest, version + purpose.encode()).decode()
    except (InvalidTag, ValueError):
        return None

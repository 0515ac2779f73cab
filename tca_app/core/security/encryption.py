"""Encrypts secrets that the database stores and the console must read again, with a key derived from SECRET_KEY.

AES-256-GCM with a fresh nonce. `purpose` is bound to the ciphertext, so a secret copied into another column cannot be
decrypted there. After a change of SECRET_KEY nothing can be decrypted any more.
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
    """The secret was encrypted with another SECRET_KEY or for another purpose, or it was modified."""


@lru_cache(maxsize=4)
def _cipher(secret_key: str) -> AESGCM:
    return AESGCM(_derived(secret_key, "sealing"))


def _derived(secret_key: str, purpose: str) -> bytes:
    info = f"tca_app {purpose} 1".encode()
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret_key.encode())


def derived_key(purpose: str) -> bytes:
    """Return a key of 32 bytes for one purpose. It says nothing about SECRET_KEY or the key of another purpose."""
    return _derived(get_settings().secret_key.get_secret_value(), purpose)


def encrypt(text: str, purpose: str) -> bytes:
    """Encrypt a text. The result differs at each call for the same text."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    cipher = _cipher(get_settings().secret_key.get_secret_value())
    return VERSION + nonce + cipher.encrypt(nonce, text.encode(), VERSION + purpose.encode())


def decrypt(sealed: bytes, purpose: str) -> str:
    """Decrypt a secret. Raises DecryptionError."""
    version, nonce, rest = sealed[:1], sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    cipher = _cipher(get_settings().secret_key.get_secret_value())
    try:
        return cipher.decrypt(nonce, rest, version + purpose.encode()).decode()
    except (InvalidTag, ValueError):
        raise DecryptionError(f"a secret for {purpose} cannot be opened with this SECRET_KEY") from None

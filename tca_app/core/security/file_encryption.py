"""Encrypts a file as a stream of chunks, each authenticated, with a fixed amount of memory.

AES-256-GCM in the STREAM construction: the nonce is the number of the chunk and whether it is the last one, so that
chunks that are changed, reordered or missing at the end are found. The key of a file is derived from the secret and a
random salt in its header.
"""

import secrets
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.constant_time import bytes_eq
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MAGIC = b"TCAENC\x00\x01"
SALT_BYTES, CHECK_BYTES, KEY_BYTES = 32, 16, 32
HEADER_BYTES = len(MAGIC) + SALT_BYTES + CHECK_BYTES
CHUNK_BYTES = 2**20
TAG_BYTES = 16


class WrongKey(Exception):
    """The file was encrypted with another key."""


class Damaged(Exception):
    """The file was changed, or its end is missing."""


def is_encrypted(file: BinaryIO) -> bool:
    """Return True if the file, which is at its start, begins as an encrypted one. It is at its start afterwards."""
    start = file.read(len(MAGIC))
    file.seek(0)
    return start == MAGIC


class EncryptingWriter:
    """Writes to `file` what it encrypts. Only a finished file can be decrypted."""

    def __init__(self, file: BinaryIO, secret: str) -> None:
        salt = secrets.token_bytes(SALT_BYTES)
        self._cipher, check = _derived(secret, salt)
        self._header = MAGIC + salt + check
        self._file, self._pending, self._number = file, bytearray(), 0
        file.write(self._header)

    def write(self, data: bytes) -> int:
        self._pending += data
        while len(self._pending) > CHUNK_BYTES:  # the last chunk is never written here
            self._seal(bytes(self._pending[:CHUNK_BYTES]), is_last=False)
            del self._pending[:CHUNK_BYTES]
        return len(data)

    def finish(self) -> None:
        """Write the last chunk."""
        self._seal(bytes(self._pending), is_last=True)

    def _seal(self, chunk: bytes, *, is_last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, is_last), chunk, self._header))
        self._number += 1


class DecryptingReader:
    """Reads an encrypted file. Nothing that was changed leaves it: it raises Damaged before."""

    def __init__(self, file: BinaryIO, secret: str) -> None:
        """Read the header. Raises WrongKey, or Damaged when there is none."""
        self._header = file.read(HEADER_BYTES)
        if len(self._header) < HEADER_BYTES or not self._header.startswith(MAGIC):
            raise Damaged
        salt = self._header[len(MAGIC) : len(MAGIC) + SALT_BYTES]
        self._cipher, check = _derived(secret, salt)
        if not bytes_eq(check, self._header[-CHECK_BYTES:]):
            raise WrongKey
        self._file, self._plain, self._number = file, bytearray(), 0
        self._next = file.read(CHUNK_BYTES + TAG_BYTES)
        self._is_over = False

    def read(self, size: int) -> bytes:
        """Return `size` bytes, or fewer at the end of a whole file."""
        while len(self._plain) < size and not self._is_over:
            self._open()
        data = bytes(self._plain[:size])
        del self._plain[:size]
        return data

    def _open(self) -> None:
        sealed, self._next = self._next, self._file.read(CHUNK_BYTES + TAG_BYTES)
        self._is_over = not self._next
        try:
            self._plain += self._cipher.decrypt(_nonce(self._number, self._is_over), sealed, self._header)
        except InvalidTag:
            raise Damaged from None
        self._number += 1


def _derived(secret: str, salt: bytes) -> tuple[AESGCM, bytes]:
    """Return the cipher of a file, and bytes that tell a wrong key from a damaged file."""
    info = b"tca_app file encryption 1"
    both = HKDF(algorithm=SHA256(), length=KEY_BYTES + CHECK_BYTES, salt=salt, info=info).derive(secret.encode())
    return AESGCM(both[:KEY_BYTES]), both[KEY_BYTES:]


def _nonce(number: int, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([is_last])

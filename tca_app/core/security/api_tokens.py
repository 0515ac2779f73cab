"""The text of API tokens: `tca_`, random characters and a checksum.

Secret scanners recognise the prefix and can verify the checksum, and a mistyped token is refused without a query.
"""

import secrets
import string
import zlib

from tca_app.core.security.tokens import same

PREFIX = "tca_"
SHOWN = len(PREFIX) + 6  # what lists show of a token; the rest is secret
_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM = 40  # 238 bits
_CHECKSUM = 6
_LENGTH = len(PREFIX) + _RANDOM + _CHECKSUM


def new_api_token() -> str:
    text = PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM))
    return text + _checksum(text)


def is_api_token(text: str) -> bool:
    """Return whether a bearer credential is an API token rather than an access token."""
    return text.startswith(PREFIX)


def is_well_formed(text: str) -> bool:
    """Return whether length, characters and checksum of an API token are right."""
    if len(text) != _LENGTH or not text.isascii() or not text[len(PREFIX) :].isalnum():
        return False
    return text.startswith(PREFIX) and same(_checksum(text[:-_CHECKSUM]), text[-_CHECKSUM:])


def _checksum(text: str) -> str:
    """Return the CRC-32 of the text as six digits of base 62."""
    rest, digits = zlib.crc32(text.encode()), ""
    for _ in range(_CHECKSUM):
        rest, digit = divmod(rest, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits

"""Time-based one-time passwords (RFC 6238): six digits every 30 seconds, as all authenticator apps make them."""

from datetime import datetime

import pyotp
import segno

from tca_app.core.instance import instance_settings
from tca_app.core.security.encryption import decrypt, encrypt
from tca_app.core.security.tokens import same

STEP_S = 30
CLOCK_SKEW_STEPS = 1


def new_secret() -> str:
    """Returns 160 random bits in base32, as RFC 4226 recommends."""
    return pyotp.random_base32()


def seal(secret: str, user_id: int) -> bytes:
    return encrypt(secret, _purpose(user_id))


def unseal(sealed: bytes, user_id: int) -> str:
    """Returns the secret. Raises DecryptionError."""
    return decrypt(sealed, _purpose(user_id))


def _purpose(user_id: int) -> str:
    return f"totp:{user_id}"


def uri_of(secret: str, username: str) -> str:
    return pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=instance_settings().app_name)


def qr_code_of(uri: str) -> str:
    """Returns the QR code as a data URI. It is black on white in the dark theme too, because cameras expect that."""
    return segno.make(uri, error="m", micro=False).svg_data_uri(scale=5, border=3, light="#fff")


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """Returns the time step of a valid code, or None. The step before and after counts, for clocks that differ."""
    current = int(now.timestamp()) // STEP_S
    otp = pyotp.TOTP(secret)
    found = None
    for step in range(current - CLOCK_SKEW_STEPS, current + CLOCK_SKEW_STEPS + 1):
        if same(otp.generate_otp(step), code):
            found = step
    return found

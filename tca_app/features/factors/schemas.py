"""Schemas of second factors and recovery codes."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from tca_app.core.schema import InputModel, Name50, ReadModel
from tca_app.features.auth.schemas import Token

# A code of an app has six digits; a recovery code has letters and digits in groups. Spaces and hyphens do not count.
Code = Annotated[
    str,
    Field(
        min_length=6,
        max_length=40,
        pattern=r"^[A-Za-z0-9 -]+$",
        description="A code of your authenticator app, or a recovery code.",
        examples=["123456"],
    ),
]
Kind = Literal["totp", "passkey"]


class FactorRead(ReadModel):
    """A second factor of your account."""

    id: int
    kind: Kind
    name: str = Field(examples=["Phone"])
    created_at: datetime
    last_used_at: datetime | None


class FactorsRead(ReadModel):
    """Your second factors, oldest first, and how many recovery codes are unused."""

    factors: list[FactorRead]
    recovery_codes_left: int


class FactorName(InputModel):
    name: Name50 = Field(examples=["Phone"])


class TotpSetup(ReadModel):
    """An authenticator app that is not confirmed yet. The secret is in no other response."""

    id: int
    name: str
    secret: str = Field(description="For apps that cannot scan a QR code.", examples=["JBSWY3DPEHPK3PXP"])
    uri: str = Field(description="What the QR code contains (otpauth).")
    qr_code: str = Field(description="The QR code, a data URI of an SVG image.")


class GivenCode(InputModel):
    code: Code


class ScriptCode(InputModel):
    """`challenge` is in the refusal of the sign-in."""

    challenge: Token
    code: Code


class RecoveryCodes(ReadModel):
    """New recovery codes. They are in no other response; each works once."""

    recovery_codes: list[str] = Field(examples=[["abcd-efgh-jkmn"]])


# Binary values of WebAuthn, as base64url without padding.
ShortBytes = Annotated[str, Field(min_length=1, max_length=4000, pattern=r"^[A-Za-z0-9_-]+$", examples=["AAECAw"])]
LongBytes = Annotated[str, Field(min_length=1, max_length=20_000, pattern=r"^[A-Za-z0-9_-]+$", examples=["AAECAw"])]


class _Credential(InputModel):
    """A PublicKeyCredential of WebAuthn as JSON; binary values are base64url without padding."""

    model_config = ConfigDict(serialize_by_alias=True)

    id: ShortBytes
    raw_id: ShortBytes = Field(alias="rawId")
    type: Literal["public-key"]


class NewCredentialResponse(InputModel):
    client_data: ShortBytes = Field(alias="clientDataJSON")
    attestation: LongBytes = Field(alias="attestationObject")


class NewCredential(_Credential):
    response: NewCredentialResponse


class UsedCredentialResponse(InputModel):
    client_data: ShortBytes = Field(alias="clientDataJSON")
    authenticator_data: ShortBytes = Field(alias="authenticatorData")
    signature: ShortBytes
    user_handle: ShortBytes | None = Field(default=None, alias="userHandle")


class UsedCredential(_Credential):
    response: UsedCredentialResponse


class PasskeyCreate(InputModel):
    """A new passkey: `credential` is the response to `POST /api/auth/factors/passkeys/options`."""

    name: Name50 = Field(examples=["Laptop"])
    credential: NewCredential


class GivenPasskey(InputModel):
    credential: UsedCredential


class PasskeyOptions(ReadModel):
    """What `navigator.credentials` takes as `publicKey`; binary values are base64url."""

    model_config = ConfigDict(serialize_by_alias=True)

    options: dict[str, Any] = Field(alias="publicKey")


class FactorConfirmed(ReadModel):
    """The factor that counts from now on. The first one comes with recovery codes."""

    factor: FactorRead
    recovery_codes: list[str] | None = Field(examples=[["abcd-efgh-jkmn"]])

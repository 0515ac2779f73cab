"""Passkeys (WebAuthn): what the browser is asked for, and whether its response is genuine.

Every challenge is a one-time token, so a response works once. The relying party is the host of PUBLIC_URL.
"""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, parse_client_data_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)
from webauthn.registration.verify_registration_response import VerifiedRegistration

from tca_app.config.settings import get_settings
from tca_app.core.actor import Actor
from tca_app.core.instance import instance_settings
from tca_app.core.security.tokens import is_keyed_token, keyed_token, keyed_tokens, same
from tca_app.features.factors.schemas import NewCredential, UsedCredential
from tca_app.models import Factor

REGISTRATION, PROOF, SIGN_IN = "passkey_registration", "passkey_proof", "passkey_sign_in"  # purposes of challenges
HANDLE = "passkey_user"  # label of the keyed token that names a new account on a device
CHALLENGE_TTL = timedelta(minutes=5)
REQUIRED = UserVerificationRequirement.REQUIRED  # the device asks for a fingerprint, a face or a PIN
NOT_A_RESPONSE = (WebAuthnException, ValueError, TypeError, RecursionError)  # the last for JSON that is nested deeply
_factors = Factor.__table__.c


def relying_party() -> str:
    return urlsplit(get_settings().public_url).hostname or "localhost"


def origin() -> str:
    url = urlsplit(get_settings().public_url)
    return f"{url.scheme}://{url.netloc}"


async def handle_of(session: AsyncSession, user_id: int) -> str:
    """Returns how devices name an account: it tells nobody who the user is, and is the same for all their passkeys."""
    known = select(_factors.user_handle).where(_factors.user_id == user_id, _factors.user_handle.is_not(None))
    stored = (await session.execute(known.order_by(_factors.id).limit(1))).scalar()
    return stored or keyed_token(HANDLE, str(user_id))


def second_factor_challenge(challenge: str, signed: str = "") -> str:
    """Returns the WebAuthn challenge of a sign-in that has begun, whose own challenge no script may see.

    `signed` is the one that the browser signed: it may be that of the previous secret key.
    """
    derived = keyed_tokens("passkey_second_factor", challenge)
    return next((found for found in derived if same(found, signed)), derived[0])


async def registration_options(session: AsyncSession, actor: Actor, challenge: str) -> dict[str, Any]:
    options = generate_registration_options(
        rp_id=relying_party(),
        rp_name=instance_settings().app_name,
        user_name=actor.username,
        user_id=(await handle_of(session, actor.user_id)).encode(),
        user_display_name=actor.display_name,
        challenge=challenge.encode(),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=REQUIRED
        ),
        exclude_credentials=await _credentials(session, actor.user_id),
    )
    return dict(json.loads(options_to_json(options)))


async def assertion_options(session: AsyncSession, challenge: str, user_id: int | None) -> dict[str, Any]:
    """Returns what a browser needs to use a passkey: one of this user, or any that the device has for this console."""
    options = generate_authentication_options(
        rp_id=relying_party(),
        challenge=challenge.encode(),
        allow_credentials=await _credentials(session, user_id) if user_id is not None else None,
        user_verification=REQUIRED,
    )
    return dict(json.loads(options_to_json(options)))


async def _credentials(session: AsyncSession, user_id: int) -> list[PublicKeyCredentialDescriptor]:
    rows = select(_factors.credential_id).where(_factors.user_id == user_id, _factors.kind == "passkey")
    return [PublicKeyCredentialDescriptor(id=found) for found in (await session.execute(rows)).scalars()]


def challenge_in(credential: NewCredential | UsedCredential) -> str:
    """Returns the challenge that the browser signed, or ""."""
    try:
        return parse_client_data_json(base64url_to_bytes(credential.response.client_data)).challenge.decode()
    except NOT_A_RESPONSE:
        return ""


def verify_new(credential: NewCredential, challenge: str) -> VerifiedRegistration | None:
    """Returns the public key of a new passkey, or None for a response that is not genuine."""
    try:
        return verify_registration_response(
            credential=credential.model_dump(by_alias=True),
            expected_challenge=challenge.encode(),
            expected_rp_id=relying_party(),
            expected_origin=origin(),
            require_user_verification=True,
        )
    except NOT_A_RESPONSE:
        return None


class SignCountFell(Exception):
    """The passkey counts backwards: there are two devices with the same key, and one of them is a copy."""

    def __init__(self, user_id: int, name: str) -> None:
        self.user_id, self.name = user_id, name
        super().__init__(name)


async def use_passkey(
    session: AsyncSession, credential: UsedCredential, challenge: str, user_id: int | None = None
) -> int | None:
    """Returns whose passkey signed this challenge, or None. Raises SignCountFell. `user_id` is who it must be."""
    try:
        credential_id = base64url_to_bytes(credential.id)
    except ValueError:
        return None
    names = ("id", "user_id", "name", "public_key", "sign_count", "user_handle")
    found = select(*(_factors[name] for name in names)).where(
        _factors.credential_id == credential_id, _factors.confirmed_at.is_not(None)
    )
    row = (await session.execute(found.with_for_update())).first()
    if row is None or user_id not in (None, row.user_id) or not _is_handle(row.user_handle, row.user_id, credential):
        return None
    sign_count = _verified_count(credential, challenge, row.public_key)
    if sign_count is None:
        return None
    if (sign_count or row.sign_count) and sign_count <= row.sign_count:
        raise SignCountFell(row.user_id, row.name)
    handle = row.user_handle or await handle_of(session, row.user_id)
    values = {"sign_count": sign_count, "last_used_at": func.now(), "user_handle": handle}
    used = update(Factor).where(_factors.id == row.id).values(values)
    await session.execute(used.execution_options(synchronize_session=False))
    return int(row.user_id)


def _verified_count(credential: UsedCredential, challenge: str, public_key: bytes) -> int | None:
    """Returns the sign count of a genuine response. It is compared by the caller, who tells of a regression."""
    try:
        return verify_authentication_response(
            credential=credential.model_dump(by_alias=True),
            expected_challenge=challenge.encode(),
            expected_rp_id=relying_party(),
            expected_origin=origin(),
            credential_public_key=public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        ).new_sign_count
    except NOT_A_RESPONSE:
        return None


def _is_handle(stored: str | None, user_id: int, credential: UsedCredential) -> bool:
    given = credential.response.user_handle
    if given is None:
        return True
    try:
        handle = base64url_to_bytes(given).decode()
        return same(handle, stored) if stored else is_keyed_token(handle, HANDLE, str(user_id))
    except ValueError:
        return False

"""A device with passkeys, in software: it makes keys and signs challenges as WebAuthn says."""

import hashlib
import json
import secrets
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import bytes_to_base64url

USER_PRESENT, USER_VERIFIED, HAS_KEY = 0x01, 0x04, 0x40
ORIGIN = "http://localhost:8000"


class Device:
    """One passkey. What a test changes (origin, flags, count) is what an attacker would."""

    def __init__(self, origin: str = ORIGIN, rp_id: str = "localhost") -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = secrets.token_bytes(32)
        self.origin, self.rp_id = origin, rp_id
        self.flags = USER_PRESENT | USER_VERIFIED
        self.sign_count = 0
        self.user_handle: str | None = None

    def create(self, options: dict[str, Any]) -> dict[str, Any]:
        """As navigator.credentials.create does."""
        self.user_handle = options["user"]["id"]
        data = self._authenticator_data(self.flags | HAS_KEY) + bytes(16)
        data += len(self.id).to_bytes(2, "big") + self.id + self._cose_key()
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client_data("webauthn.create", options["challenge"])
        return self._credential(clientDataJSON=client, attestationObject=attestation)

    def get(self, options: dict[str, Any]) -> dict[str, Any]:
        """As navigator.credentials.get does."""
        self.sign_count += 1
        data = self._authenticator_data(self.flags)
        client = self._client_data("webauthn.get", options["challenge"])
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        given = self._credential(clientDataJSON=client, authenticatorData=data, signature=signature)
        given["response"]["userHandle"] = self.user_handle
        return given

    def _credential(self, **response: bytes) -> dict[str, Any]:
        own_id = bytes_to_base64url(self.id)
        encoded = {name: bytes_to_base64url(value) for name, value in response.items()}
        return {"id": own_id, "rawId": own_id, "type": "public-key", "response": encoded}

    def _client_data(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()

    def _authenticator_data(self, flags: int) -> bytes:
        return hashlib.sha256(self.rp_id.encode()).digest() + bytes([flags]) + self.sign_count.to_bytes(4, "big")

    def _cose_key(self) -> bytes:
        point = self.key.public_key().public_numbers()
        numbers = {-2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}
        return cbor2.dumps({1: 2, 3: -7, -1: 1, **numbers})

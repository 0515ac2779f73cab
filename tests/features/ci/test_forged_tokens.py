"""ID tokens that are unsigned, or signed by somebody else or in another way, are refused."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey, RSAKey

from tca_app.core.outgoing.ssrf_safe import MAX_BYTES
from tests.features.auth.oauth.provider import KEYS, PUBLIC_KEY
from tests.features.ci.conftest import ask, token_for
from tests.features.ci.issuer import Issuer
from tests.features.ci.test_exchange import assert_refused, ledger, owner

__all__ = ["ledger", "owner"]  # fixtures

STRANGER = RSAKey.generate_key(2048, {"kid": "one"})
CURVE = ECKey.generate_key("P-256", {"kid": "curve", "use": "sig"})
LARGE_CURVE = ECKey.generate_key("P-521", {"kid": "large", "use": "sig"})
FORGED: dict[str, tuple[dict[str, Any], Any]] = {
    "unsigned": ({"alg": "none"}, None),
    "unsigned with a key id": ({"alg": "none", "kid": "one"}, None),
    "signed with the public key as a shared secret": ({"alg": "HS256", "kid": "one"}, PUBLIC_KEY),
    "signed with nothing as a shared secret": ({"alg": "HS256", "kid": "one"}, b""),
    "signed by a stranger": ({"alg": "RS256", "kid": "one"}, STRANGER),
    "signed by a stranger who brings the key along": (
        {"alg": "RS256", "kid": "one", "jwk": STRANGER.as_dict(private=False)},
        STRANGER,
    ),
    "unknown key": ({"alg": "RS256", "kid": "unknown"}, STRANGER),
    "an algorithm that is not allowed": ({"alg": "RS512", "kid": "one"}, KEYS[0]),
    "another one with a large curve": ({"alg": "ES512", "kid": "large"}, LARGE_CURVE),
    "a padding that is not allowed": ({"alg": "PS256", "kid": "one"}, KEYS[0]),
}


@pytest.mark.parametrize(("header", "key"), FORGED.values(), ids=FORGED)
async def test_a_wrong_signature_is_refused(
    api: httpx.AsyncClient, issuer: Issuer, ledger: int, header: dict[str, Any], key: Any
) -> None:
    issuer.published = [KEYS[0], LARGE_CURVE]
    right = issuer.header, issuer.key
    issuer.header, issuer.key = header, key
    token = issuer.job_token()
    issuer.header, issuer.key = right
    await assert_refused(api, issuer, await ask(api, token, ledger))


async def test_changed_claims_break_the_signature(api: httpx.AsyncClient, issuer: Issuer, ledger: int) -> None:
    trusted, other = issuer.job_token(), issuer.job_token(repository="acme/other")
    head, claims, _ = trusted.split(".")
    spliced = ".".join((head, claims, other.rpartition(".")[2]))
    await assert_refused(api, issuer, await ask(api, spliced, ledger))


async def test_a_curve_is_as_good_as_rsa(api: httpx.AsyncClient, issuer: Issuer, ledger: int) -> None:
    issuer.published = [KEYS[0], CURVE]
    issuer.header, issuer.key = {"alg": "ES256", "kid": "curve"}, CURVE
    await token_for(api, issuer.job_token(), ledger)


async def test_a_second_signature_computed_from_the_first_is_the_same_token(
    api: httpx.AsyncClient, issuer: Issuer, ledger: int
) -> None:
    """Of an ECDSA signature (r, s) everybody can make (r, n - s), which is valid too."""
    issuer.published = [CURVE]
    issuer.header, issuer.key = {"alg": "ES256", "kid": "curve"}, CURVE
    token = issuer.job_token()
    await token_for(api, token, ledger)
    assert (await ask(api, _other_signature(token), ledger)).status_code == 400
    await token_for(api, _other_signature(issuer.job_token()), ledger)


def _other_signature(token: str) -> str:
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    signed, _, signature = token.rpartition(".")
    raw = urlsafe_b64decode(signature + "==")
    other = raw[:32] + (order - int.from_bytes(raw[32:], "big")).to_bytes(32, "big")
    return f"{signed}.{urlsafe_b64encode(other).rstrip(b'=').decode()}"


class Padding:
    """A key among the published ones that is larger than all that is read of an answer."""

    def as_dict(self, **_: Any) -> dict[str, str]:
        return {"kty": "oct", "k": "x" * MAX_BYTES}


@pytest.mark.parametrize("document", ["metadata", "keys"])
async def test_documents_of_an_issuer_without_end_are_not_read(
    api: httpx.AsyncClient, issuer: Issuer, ledger: int, document: str
) -> None:
    if document == "keys":
        issuer.published = [KEYS[0], Padding()]  # type: ignore[list-item]
    else:
        issuer.metadata = {"padding": "x" * MAX_BYTES}
    for _ in range(3):
        answer = await ask(api, issuer.job_token(), ledger)
        assert answer.status_code in (400, 503)
    assert len(issuer.got) <= 2, "it is not asked again just after a failure"

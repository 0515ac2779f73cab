"""The checks of an ID token: each one that is wrong in a single way is refused."""

from collections.abc import Callable
from time import time
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from tca_app.core.outgoing import openid
from tests.features.auth.oauth.conftest import Browser
from tests.features.auth.oauth.provider import CLIENT_ID, KEYS, PUBLIC_KEY, FakeProvider
from tests.features.auth.oauth.test_sign_in import refused

STRANGER = RSAKey.generate_key(2048, {"kid": "one"})


NOW = int(time())
WRONG: dict[str, dict[str, Any]] = {
    "nonce of another sign-in": {"nonce": "another"},
    "empty nonce": {"nonce": ""},
    "audience": {"aud": "another client"},
    "no authorized party": {"aud": [CLIENT_ID, "another client"]},
    "authorized party of two": {"aud": [CLIENT_ID, "another client"], "azp": "another client"},
    "authorized party": {"azp": "another client"},
    "no audience": {"aud": []},
    "issuer": {"iss": "https://evil.example.com"},
    "expired": {"exp": NOW - 3600},
    "expiry that is no time": {"exp": "tomorrow"},
    "issued in the future": {"iat": NOW + 3600},
    "issued long ago": {"iat": NOW - 7200, "exp": NOW + 7200},
    "not valid yet": {"nbf": NOW + 3600},
    "hash of another access token": {"at_hash": "of-another-access-token"},
    "empty subject": {"sub": ""},
    "subject that is no text": {"sub": 7},
}


@pytest.mark.parametrize("claims", WRONG.values(), ids=WRONG)
async def test_a_wrong_claim_is_refused(browser: Browser, provider: FakeProvider, claims: dict[str, Any]) -> None:
    provider.claims = claims
    assert refused(await browser.sign_in()) == "invalid"
    assert not browser.is_signed_in


@pytest.mark.parametrize("name", ["nonce", "aud", "iss", "exp", "iat", "sub"])
async def test_a_missing_claim_is_refused(browser: Browser, provider: FakeProvider, name: str) -> None:
    provider.without = {name}
    assert refused(await browser.sign_in()) == "invalid"


FORGED: dict[str, tuple[dict[str, str], Any]] = {
    "unsigned": ({"alg": "none"}, None),
    "unsigned with a key id": ({"alg": "none", "kid": "one"}, None),
    "signed with the public key as a shared secret": ({"alg": "HS256", "kid": "one"}, PUBLIC_KEY),
    "signed by a stranger": ({"alg": "RS256", "kid": "one"}, STRANGER),
    "unknown key": ({"alg": "RS256", "kid": "unknown"}, STRANGER),
}


@pytest.mark.parametrize(("header", "key"), FORGED.values(), ids=FORGED)
async def test_a_wrong_signature_is_refused(
    browser: Browser, provider: FakeProvider, header: dict[str, str], key: Any
) -> None:
    provider.header, provider.key = header, key
    assert refused(await browser.sign_in()) == "invalid"
    assert not browser.is_signed_in


async def test_two_audiences_are_fine_for_the_authorized_party(browser: Browser, provider: FakeProvider) -> None:
    provider.claims = {"aud": [CLIENT_ID, "another client"], "azp": CLIENT_ID}
    assert await browser.sign_in() == "/dashboard"


async def test_rotated_keys_are_fetched_once_a_minute_at_most(
    new_browser: Callable[[], Browser], provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await new_browser().sign_in() == "/dashboard"
    provider.published, provider.key, provider.header = [KEYS[1]], KEYS[1], {"alg": "RS256", "kid": "two"}
    for _ in range(3):
        assert refused(await new_browser().sign_in()) == "invalid"
    assert provider.got.count("/keys") == 1
    monkeypatch.setattr(openid, "REFETCH_AFTER_S", 0.0)
    assert await new_browser().sign_in() == "/dashboard"
    assert provider.got.count("/keys") == 2


async def test_the_discovery_document_of_another_issuer_is_refused(browser: Browser, provider: FakeProvider) -> None:
    provider.metadata = {"issuer": "https://evil.example.com"}
    assert refused(await browser.start()) == "invalid"


async def test_endpoints_cannot_lead_into_the_private_network(browser: Browser, provider: FakeProvider) -> None:
    provider.metadata = {"token_endpoint": "http://127.0.0.1:1/token"}
    assert refused(await browser.sign_in()) == "invalid"


async def test_userinfo_about_somebody_else_is_refused(browser: Browser, provider: FakeProvider) -> None:
    del provider.person["name"]
    provider.userinfo = {"sub": "s-2", "name": "Mallory"}
    assert refused(await browser.sign_in()) == "invalid"


async def test_an_address_and_its_verification_come_from_one_place(browser: Browser, provider: FakeProvider) -> None:
    provider.person = {"sub": "s-1", "email": "ceo@example.com"}
    provider.userinfo = {"sub": "s-1", "email": "ana@example.com", "email_verified": False}
    assert refused(await browser.sign_in()) == "unverified_email"

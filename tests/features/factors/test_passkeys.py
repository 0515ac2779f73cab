"""Passkeys: added, as a second factor, as a proof and as the only sign-in; and what an attacker would send."""

import asyncio
from copy import deepcopy
from typing import Any

import httpx
import pytest
from sqlalchemy import update
from webauthn.helpers import bytes_to_base64url

from tca_app.core.database.session import transaction
from tca_app.models import User
from tests.factories import PASSWORD, make_user, signed_in
from tests.features.auth.test_step_up import grow_old
from tests.features.auth.test_throttle import From, client_at
from tests.features.factors.accounts import FACTORS, event_types
from tests.features.factors.authenticator import USER_PRESENT, Device

__all__ = ["client_at"]
SESSION, PROOF = "/api/auth/session", "/api/auth/reauthenticate/passkey"
OURS = {"Origin": "http://localhost:8000"}
Headers = dict[str, str]


async def create_on(api: httpx.AsyncClient, headers: Headers, device: Device, name: str = "Laptop") -> httpx.Response:
    options = (await api.post(f"{FACTORS}/passkeys/options", headers=headers)).raise_for_status().json()["publicKey"]
    return await api.post(
        f"{FACTORS}/passkeys", json={"name": name, "credential": device.create(options)}, headers=headers
    )


@pytest.fixture
async def headers() -> Headers:
    _, found = await signed_in(await make_user("ana"))
    return found


@pytest.fixture
async def device(api: httpx.AsyncClient, headers: Headers) -> Device:
    made = Device()
    (await create_on(api, headers, made)).raise_for_status()
    return made


async def options_to_sign_in(api: httpx.AsyncClient) -> dict[str, Any]:
    begun = await api.post(f"{SESSION}/passkey/options", headers=OURS)
    assert "HttpOnly" in begun.headers["set-cookie"]
    options: dict[str, Any] = begun.raise_for_status().json()["publicKey"]
    return options


async def sign_in(api: httpx.AsyncClient, device: Device) -> httpx.Response:
    return await give(api, device.get(await options_to_sign_in(api)))


async def give(api: httpx.AsyncClient, credential: dict[str, Any]) -> httpx.Response:
    return await api.post(f"{SESSION}/passkey", json={"credential": credential}, headers=OURS)


async def test_a_passkey_comes_with_recovery_codes_and_names_nobody(api: httpx.AsyncClient, headers: Headers) -> None:
    options = (await api.post(f"{FACTORS}/passkeys/options", headers=headers)).json()["publicKey"]
    assert options["rp"]["id"] == "localhost"
    assert options["authenticatorSelection"]["userVerification"] == "required"
    made = await create_on(api, headers, Device())
    assert made.status_code == 201
    assert len(made.json()["recovery_codes"]) == 10
    assert made.json()["factor"]["kind"] == "passkey"


async def test_it_signs_in_without_a_password(api: httpx.AsyncClient, device: Device) -> None:
    options = await options_to_sign_in(api)
    assert options.get("allowCredentials", []) == []
    done = await give(api, device.get(options))
    assert done.status_code == 204
    assert "sid" in {line.partition("=")[0] for line in done.headers.get_list("set-cookie")}


async def test_it_is_the_second_factor_after_the_password(api: httpx.AsyncClient, device: Device) -> None:
    from tca_app.core.security.tokens import cookie_in
    from tca_app.features.factors import passkey_service

    refused = await api.post(SESSION, json={"username": "ana", "password": PASSWORD}, headers=OURS)
    assert refused.json()["second_factor"]["methods"] == ["passkey", "recovery_code"]
    challenge = cookie_in(refused.headers["set-cookie"].partition(";")[0], "second_factor")
    async with transaction() as session:
        found = await passkey_service.second_factor_options(session, challenge)
    assert found is not None
    assert challenge not in str(found.options)
    credential = device.get(found.options)
    calls = [
        api.post(f"{SESSION}/second-factor/passkey", json={"credential": credential}, headers=OURS) for _ in range(20)
    ]
    statuses = [answer.status_code for answer in await asyncio.gather(*calls)]
    assert statuses.count(204) == 1


async def test_it_is_a_proof_for_sensitive_changes(api: httpx.AsyncClient, headers: Headers, device: Device) -> None:
    await grow_old()
    refused = await api.post(f"{FACTORS}/passkeys/options", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "reauth_required")
    options = (await api.post(f"{PROOF}/options", headers=headers)).json()["publicKey"]
    given = {"credential": device.get(options)}
    assert (await api.post(PROOF, json=given, headers=headers)).status_code == 204
    assert (await api.post(PROOF, json=given, headers=headers)).status_code == 422
    assert (await api.post(f"{FACTORS}/passkeys/options", headers=headers)).status_code == 200


async def test_a_response_works_once(api: httpx.AsyncClient, device: Device) -> None:
    credential = device.get(await options_to_sign_in(api))
    answers = await asyncio.gather(*(give(api, credential) for _ in range(10)))
    assert [answer.status_code for answer in answers].count(204) == 1


async def test_another_browser_cannot_use_it(api: httpx.AsyncClient, client_at: From, device: Device) -> None:
    credential = device.get(await options_to_sign_in(api))
    stranger = client_at("203.0.113.9")
    await options_to_sign_in(stranger)
    answer = await give(stranger, credential)
    assert (answer.status_code, answer.json()["code"]) == (401, "passkey_refused")


async def test_a_challenge_of_another_purpose_is_refused(
    api: httpx.AsyncClient, headers: Headers, device: Device
) -> None:
    proof = (await api.post(f"{PROOF}/options", headers=headers)).json()["publicKey"]
    await options_to_sign_in(api)
    assert (await give(api, device.get(proof))).status_code == 401


async def test_another_origin_is_refused(api: httpx.AsyncClient, device: Device) -> None:
    device.origin = "https://evil.example"
    assert (await sign_in(api, device)).status_code == 401
    device.origin, device.rp_id = "http://localhost:8000", "evil.example"
    assert (await sign_in(api, device)).status_code == 401


async def test_without_a_check_of_the_person_it_is_refused(api: httpx.AsyncClient, device: Device) -> None:
    device.flags = USER_PRESENT
    assert (await sign_in(api, device)).status_code == 401


async def test_a_signature_of_another_key_is_refused(api: httpx.AsyncClient, device: Device) -> None:
    forged = Device()
    forged.id, forged.user_handle = device.id, device.user_handle
    assert (await sign_in(api, forged)).status_code == 401
    changed = device.get(await options_to_sign_in(api))
    broken = deepcopy(changed)
    broken["response"]["signature"] = "AAAA"
    assert (await give(api, broken)).status_code == 401


async def test_a_copy_is_noticed_by_its_sign_count(api: httpx.AsyncClient, device: Device) -> None:
    assert (await sign_in(api, device)).status_code == 204
    device.sign_count = 0
    assert (await sign_in(api, device)).status_code == 401
    assert "passkey_refused" in await event_types()


async def test_a_deactivated_user_gets_the_answer_of_an_unknown_passkey(api: httpx.AsyncClient, device: Device) -> None:
    unknown = await sign_in(api, Device())
    async with transaction() as session:
        await session.execute(update(User).values(is_active=False))
    refused = await sign_in(api, device)
    assert refused.status_code == unknown.status_code == 401
    assert refused.json()["detail"] == unknown.json()["detail"]


async def test_a_passkey_belongs_to_one_account(api: httpx.AsyncClient, headers: Headers, device: Device) -> None:
    assert (await create_on(api, headers, device)).status_code == 409
    _, eve = await signed_in(await make_user("eve"))
    assert (await create_on(api, eve, device)).status_code == 409


async def test_options_of_one_person_do_not_add_to_another(api: httpx.AsyncClient, headers: Headers) -> None:
    _, eve = await signed_in(await make_user("eve"))
    options = (await api.post(f"{FACTORS}/passkeys/options", headers=eve)).json()["publicKey"]
    body = {"name": "Laptop", "credential": Device().create(options)}
    assert (await api.post(f"{FACTORS}/passkeys", json=body, headers=headers)).status_code == 422


@pytest.mark.parametrize("url", [PROOF, f"{FACTORS}/passkeys"])
async def test_json_that_is_nested_too_deeply_is_refused(api: httpx.AsyncClient, headers: Headers, url: str) -> None:
    data = b'{"challenge":' + b"[" * 1000 + b"]" * 1000 + b"}"
    response = {"clientDataJSON": bytes_to_base64url(data), "attestationObject": "AAAA"}
    if url == PROOF:
        response = {"clientDataJSON": bytes_to_base64url(data), "authenticatorData": "AAAA", "signature": "AAAA"}
    credential = {"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": response}
    body = {"credential": credential} | ({} if url == PROOF else {"name": "Laptop"})
    assert (await api.post(url, json=body, headers=headers)).status_code == 422

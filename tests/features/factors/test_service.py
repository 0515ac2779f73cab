"""One's own second factors: added, confirmed, renamed, removed, and the recovery codes."""

from urllib.parse import unquote

import httpx
import pytest
from sqlalchemy import select

from tca_app.core.database.session import transaction
from tca_app.models import Factor, RecoveryCode
from tests.factories import bearer, do_jobs, make_user, row_of, signed_in
from tests.features.auth.test_step_up import grow_old
from tests.features.factors.accounts import FACTORS, account_with_app, add_app, code_of, event_types, wrong

CODES = "/api/auth/recovery-codes"


async def test_an_app_counts_once_it_is_confirmed(api: httpx.AsyncClient) -> None:
    _, headers = await signed_in(await make_user("ana"))
    made = (await api.post(f"{FACTORS}/totp", json={"name": "Phone"}, headers=headers)).json()
    assert made["uri"].startswith("otpauth://totp/TCA%20InfraForge:ana?secret=" + made["secret"])
    assert "<svg" in unquote(made["qr_code"])
    assert (await api.get(FACTORS, headers=headers)).json() == {"factors": [], "recovery_codes_left": 0}
    url = f"{FACTORS}/totp/{made['id']}/confirm"
    refused = await api.post(
        url, json={"code": wrong(*(code_of(made["secret"], n) for n in (-1, 0, 1)))}, headers=headers
    )
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/code")
    done = (await api.post(url, json={"code": code_of(made["secret"])}, headers=headers)).json()
    assert len(set(done["recovery_codes"])) == 10
    listed = (await api.get(FACTORS, headers=headers)).json()
    assert [factor["name"] for factor in listed["factors"]] == ["Phone"]
    assert listed["recovery_codes_left"] == 10
    assert (await api.post(url, json={"code": code_of(made["secret"])}, headers=headers)).status_code == 404


async def test_the_database_has_neither_the_secret_nor_the_codes(api: httpx.AsyncClient) -> None:
    ana = await account_with_app(api)
    stored = await row_of(Factor, ana.factor_id)
    assert ana.secret.encode() not in stored["sealed_secret"]
    async with transaction() as session:
        hashes = (await session.execute(select(RecoveryCode.code_hash))).scalars().all()
    assert not {code.encode() for code in ana.recovery_codes} & set(hashes)
    assert len(hashes) == 10


async def test_a_new_factor_signs_out_the_other_sessions(api: httpx.AsyncClient) -> None:
    person = await make_user("ana")
    _, headers = await signed_in(person)
    other = await bearer(person)
    await add_app(api, headers)
    assert (await api.get(FACTORS, headers=headers)).status_code == 200
    assert (await api.get(FACTORS, headers=other)).status_code == 401


async def test_the_second_factor_keeps_the_recovery_codes(api: httpx.AsyncClient) -> None:
    ana = await account_with_app(api)
    _, _, codes = await add_app(api, ana.headers, "Tablet")
    assert codes is None
    assert (await api.get(FACTORS, headers=ana.headers)).json()["recovery_codes_left"] == 10


async def test_new_recovery_codes_replace_the_old_ones(api: httpx.AsyncClient) -> None:
    ana = await account_with_app(api)
    renewed = (await api.post(CODES, headers=ana.headers)).json()["recovery_codes"]
    assert not set(renewed) & set(ana.recovery_codes)
    url = "/api/auth/reauthenticate/code"
    assert (await api.post(url, json={"code": ana.recovery_codes[0]}, headers=ana.headers)).status_code == 422
    assert (await api.post(url, json={"code": renewed[0].upper()}, headers=ana.headers)).status_code == 204
    assert (await api.post(url, json={"code": renewed[0]}, headers=ana.headers)).status_code == 422


async def test_recovery_codes_need_a_factor_that_they_replace(api: httpx.AsyncClient) -> None:
    _, headers = await signed_in(await make_user())
    assert (await api.post(CODES, headers=headers)).status_code == 409


async def test_the_last_factor_takes_the_recovery_codes_along(api: httpx.AsyncClient) -> None:
    ana = await account_with_app(api)
    other, _, _ = await add_app(api, ana.headers, "Tablet")
    assert (await api.delete(f"{FACTORS}/{other}", headers=ana.headers)).status_code == 204
    assert (await api.get(FACTORS, headers=ana.headers)).json()["recovery_codes_left"] == 10
    assert (await api.delete(f"{FACTORS}/{ana.factor_id}", headers=ana.headers)).status_code == 204
    assert (await api.get(FACTORS, headers=ana.headers)).json() == {"factors": [], "recovery_codes_left": 0}


async def test_every_change_needs_a_recent_proof(api: httpx.AsyncClient) -> None:
    ana = await account_with_app(api)
    await grow_old()
    for method, url, body in (
        ("POST", f"{FACTORS}/totp", {"name": "Tablet"}),
        ("POST", f"{FACTORS}/totp/{ana.factor_id}/confirm", {"code": "123456"}),
        ("PATCH", f"{FACTORS}/{ana.factor_id}", {"name": "Tablet"}),
        ("DELETE", f"{FACTORS}/{ana.factor_id}", None),
        ("POST", CODES, None),
    ):
        answer = await api.request(method, url, json=body, headers=ana.headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "reauth_required"), url


async def test_the_person_gets_a_mail_about_each_change(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = await account_with_app(api)
    await api.patch(f"{FACTORS}/{ana.factor_id}", json={"name": "Old phone"}, headers=ana.headers)
    await api.post(CODES, headers=ana.headers)
    await api.delete(f"{FACTORS}/{ana.factor_id}", headers=ana.headers)
    kinds = [kind for kind in await event_types() if "factor" in kind or "recovery" in kind]
    assert kinds == ["factor_added", "factor_renamed", "recovery_codes_renewed", "factor_removed"]
    sent: list[str] = []

    async def keep(mail: object) -> None:
        sent.append(mail.subject)  # type: ignore[attr-defined]

    monkeypatch.setattr("tca_app.consumers.mail.send", keep)
    await do_jobs()
    assert sorted(sent) == [
        "Ana added the authenticator app Phone to your account",
        "Ana generated new recovery codes for your account",
        "Ana removed the authenticator app Old phone from your account",
    ]

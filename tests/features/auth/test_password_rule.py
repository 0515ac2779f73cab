"""One rule for passwords at every entry point."""

import time

import pytest

from tca_app.core.errors import Invalid
from tca_app.core.security.tokens import COMMON_PASSWORDS, password_fault
from tca_app.features.auth import one_time_tokens, password_reset, setup
from tca_app.features.invitations import service as invitations
from tests.factories import PASSWORD, bearer, make_admin, make_invitation, make_user, run
from tests.ui.harness import sign_in

BAD = [
    "",
    "Sh0rt",
    "nouppercase1",
    "NoDigitsHere",
    "Password1",
    "PASSWORD1",
    "Qwerty123",
    "Rosalind99",
    "A1" + "x" * 255,
]
GOOD = ["Green-Boat-42", "Ünï-Cöde-7x", "A1" + "x" * 254, "Пароль-Длинный-5", "With Spaces 9"]
WHO = {"email": "rosalind@example.com", "username": "rosalind"}


async def _create(api, password):
    return await api.post("/api/v1/users", json=WHO | {"password": password}, headers=await bearer(await make_admin()))


async def _reset(api, password):
    person, admin = await make_user(**WHO), await make_admin()
    return await api.patch(f"/api/v1/users/{person.user_id}", json={"password": password}, headers=await bearer(admin))


async def _change_own(api, password):
    person = await make_user(**WHO)
    body = {"password": password, "current_password": PASSWORD}
    return await api.put(f"/api/v1/users/{person.user_id}", json=body, headers=await bearer(person))


async def _set_up(api, password):
    token = await run(setup.ensure_setup_token)
    return await api.post("/api/auth/setup", json=WHO | {"token": token, "password": password})


async def _by_link(api, password):
    person = await make_user(**WHO)
    link = (password_reset.PURPOSE, password_reset.TOKEN_LIFE)
    token = await run(one_time_tokens.issue, *link, user_id=person.user_id, email=WHO["email"])
    return await api.post("/api/auth/password/reset", json={"token": token, "password": password})


async def _by_invitation(api, password):
    invitation_id = await make_invitation(await make_admin(), WHO["email"])
    link = await run(invitations.new_link, invitation_id)
    assert link is not None
    token = link.path.partition("token=")[2].partition("&")[0]
    body = {"token": token, "username": WHO["username"], "password": password}
    return await api.post("/api/auth/invitations/accept", json=body)


async def _in_the_browser(api, password):
    cookie = {"Cookie": f"sid={await sign_in(await make_user(**WHO))}"}
    body = {"password": password, "current_password": PASSWORD}
    return await api.post("/api/auth/password/change", json=body, headers=cookie)


ENTRIES = [_create, _reset, _change_own, _set_up, _by_link, _by_invitation, _in_the_browser]


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize("password", BAD)
async def test_a_bad_password_is_refused_at_its_field_everywhere(api, entry, password):
    answer = await entry(api, password)
    assert answer.status_code == 422, answer.text
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/password"]
    assert not password or password not in answer.text


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize("password", GOOD)
async def test_a_good_password_is_taken_everywhere_and_signs_in(api, entry, password):
    answer = await entry(api, password)
    assert answer.status_code in (200, 201, 204), answer.text
    login = {"username": "rosalind", "password": password}
    assert (await api.post("/api/auth/login", json=login)).status_code == 200
    cut = {"username": "rosalind", "password": password[:-1]}
    assert (await api.post("/api/auth/login", json=cut)).status_code == 401


@pytest.mark.parametrize("password", BAD)
async def test_the_command_refuses_it_too(password):
    with pytest.raises(Invalid) as refused:
        await run(setup.create_admin, **WHO, password=password)
    assert set(refused.value.field_details) == {"password"}


async def test_a_password_of_a_megabyte_costs_nothing(api):
    header = await bearer(await make_admin())
    body = WHO | {"password": "A1" + "x" * 1_000_000}
    started = time.perf_counter()
    answer = await api.post("/api/v1/users", json=body, headers=header)
    assert answer.status_code == 422
    assert time.perf_counter() - started < 0.5


def test_thousands_of_common_passwords_are_refused_however_they_are_written():
    assert len(COMMON_PASSWORDS) >= 3000
    with_digits = [word for word in COMMON_PASSWORDS if len(word) >= 8 and any(map(str.isdigit, word))]
    dressed = [word.capitalize() for word in with_digits if any(map(str.isalpha, word))]
    assert len(dressed) > 300
    assert [word for word in dressed if password_fault(word) is None] == []

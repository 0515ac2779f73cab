"""User updates: who may change which field, which sessions are revoked, and stale edits."""

import pytest

from tca_app.core.errors import Stale
from tca_app.features.users import service
from tca_app.features.users.schemas import UserUpdate
from tca_app.models import User
from tests.factories import PASSWORD, bearer, make_admin, make_user, row_of, run, signed_in

USERS = "/api/v1/users"
NEW = "Blue-Kite-77"


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_both_methods_change_the_given_fields_only(api, method):
    person = await make_user("ivy")
    header = await bearer(person)
    changed = await api.request(method, f"{USERS}/{person.user_id}", json={"full_name": "Ivy K"}, headers=header)
    assert changed.status_code == 200
    assert changed.headers["ETag"] == '"2"'
    row = await row_of(User, person.user_id)
    assert (row["full_name"], row["email"], row["updated_by_id"]) == ("Ivy K", "ivy@example.com", person.user_id)


@pytest.mark.parametrize(
    "field", [{"is_superuser": True}, {"is_active": True}, {"username": "other"}, {"is_superuser": False}]
)
async def test_nobody_promotes_or_renames_themselves(api, field):
    person = await make_user()
    before = await row_of(User, person.user_id)
    answer = await api.patch(f"{USERS}/{person.user_id}", json=field | {"full_name": "x"}, headers=await bearer(person))
    assert answer.status_code == 403
    assert await row_of(User, person.user_id) | {"last_login_at": None} == before


async def test_one_own_password_changes_with_the_current_one_and_ends_the_other_sessions(api):
    person = await make_user("joe")
    here, elsewhere = await bearer(person), await bearer(person)
    url = f"{USERS}/{person.user_id}"
    missing = await api.patch(url, json={"password": NEW}, headers=here)
    assert (missing.status_code, missing.json()["errors"][0]["pointer"]) == (422, "/current_password")
    wrong = await api.patch(url, json={"password": NEW, "current_password": "nope"}, headers=here)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "wrong_password")
    right = {"password": NEW, "current_password": PASSWORD}
    assert (await api.patch(url, json=right, headers=here)).status_code == 200
    assert (await api.get(f"{USERS}/me", headers=here)).status_code == 200
    assert (await api.get(f"{USERS}/me", headers=elsewhere)).status_code == 401
    assert (await api.post("/api/auth/login", json={"username": "joe", "password": NEW})).status_code == 200


async def test_one_own_email_needs_the_current_password_unless_it_stays(api):
    person = await make_user("kim")
    header = await bearer(person)
    url = f"{USERS}/{person.user_id}"
    same = await api.patch(url, json={"email": "KIM@example.com", "full_name": "Kim"}, headers=header)
    assert same.status_code == 200
    assert (await api.patch(url, json={"email": "new@example.com"}, headers=header)).status_code == 422
    given = {"email": "new@example.com", "current_password": PASSWORD}
    answer = (await api.patch(url, json=given, headers=header)).json()
    assert (answer["email"], answer["pending_email"]) == ("kim@example.com", "new@example.com")


async def test_a_stolen_session_cannot_guess_the_password(api):
    person = await make_user("leo")
    header = await bearer(person)
    url = f"{USERS}/{person.user_id}"
    answers = [
        (await api.patch(url, json={"password": NEW, "current_password": f"guess {n}"}, headers=header)).status_code
        for n in range(6)
    ]
    assert answers == [422] * 5 + [429]
    right = await api.patch(url, json={"password": NEW, "current_password": PASSWORD}, headers=header)
    assert right.status_code == 429
    assert int(right.headers["Retry-After"]) > 20
    assert (await api.post("/api/auth/login", json={"username": "leo", "password": PASSWORD})).status_code in (401, 429)
    assert (await api.get(f"{USERS}/me", headers=header)).status_code == 200


async def test_an_administrator_sets_a_password_without_the_old_one(api):
    admin, person = await make_admin(), await make_user("mia")
    theirs = await bearer(person)
    url = f"{USERS}/{person.user_id}"
    assert (await api.patch(url, json={"password": NEW}, headers=await bearer(admin))).status_code == 200
    assert (await api.get(f"{USERS}/me", headers=theirs)).status_code == 401


@pytest.mark.parametrize("change", [{"is_active": False}, {"is_superuser": False}])
async def test_who_loses_rights_is_out_at_once(api, change):
    admin, other = await make_admin(), await make_admin()
    theirs = await bearer(other)
    changed = await api.patch(f"{USERS}/{other.user_id}", json=change, headers=await bearer(admin))
    assert changed.status_code == 200
    assert (await api.get(USERS, headers=theirs)).status_code == 401
    assert (await row_of(User, other.user_id))["auth_version"] == 2


async def test_a_stale_edit_says_who_changed_what_and_changes_nothing(api):
    first, second, person = await make_admin("ned"), await make_admin(), await make_user("ola")
    url = f"{USERS}/{person.user_id}"
    await api.patch(url, json={"full_name": "Ola Berg"}, headers=await bearer(first))
    mine = {"full_name": "Ola Dahl", "email": "ola@example.com"}
    refused = await api.patch(url, json=mine, headers=await bearer(second) | {"If-Match": '"1"'})
    assert refused.status_code == 412
    assert refused.json()["detail"] == "Ned changed this after you opened it."
    assert refused.json()["errors"] == [{"pointer": "/full_name", "detail": 'This is now "Ola Berg".'}]
    assert (await row_of(User, person.user_id))["full_name"] == "Ola Berg"
    kept = await api.patch(url, json=mine, headers=await bearer(second) | {"If-Match": '"2"'})
    assert kept.json()["full_name"] == "Ola Dahl"

    with pytest.raises(Stale) as stale:
        await run(service.update_user, first, person.user_id, UserUpdate(full_name="Ola Eng"), 2)
    change = stale.value.changes[0]
    assert (change.field, change.current, change.changed_by) == ("full_name", "Ola Dahl", second.full_name)
    assert change.changed_at == (await row_of(User, person.user_id))["updated_at"]


async def test_twenty_writers_lose_no_update(api):
    """Each adds its letter to the name by read and write with If-Match, and tries again when it was too late."""
    admin, person = await make_admin(), await make_user(full_name="-")
    actor, _ = await signed_in(admin)

    async def add(letter: str) -> None:
        while True:
            now = await run(service.get_user, actor, person.user_id)
            try:
                change = UserUpdate(full_name=now.full_name + letter)
                await run(service.update_user, actor, person.user_id, change, now.version)
                return
            except Stale:
                continue

    import asyncio

    letters = "abcdefghijklmnopqrst"
    await asyncio.gather(*(add(letter) for letter in letters))
    assert sorted((await row_of(User, person.user_id))["full_name"]) == sorted("-" + letters)

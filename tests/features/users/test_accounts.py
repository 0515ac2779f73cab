"""Users over REST: create, list, update, delete and restore."""

import httpx
import pytest

from tca_app.models import Project, User
from tests.factories import PASSWORD, bearer, make_admin, make_project, make_user, row_of

USERS = "/api/v1/users"
ANA = {"email": "Ana@Example.COM", "username": "AnaLopez", "full_name": "Ana López", "password": PASSWORD}


async def test_an_administrator_makes_a_person_who_can_then_sign_in(api):
    admin = await bearer(await make_admin())
    made = await api.post(USERS, json=ANA, headers=admin)
    assert made.status_code == 201
    assert made.headers["Location"] == f"{USERS}/{made.json()['id']}"
    assert made.headers["ETag"] == '"1"'
    assert made.json()["email"] == "ana@example.com"
    assert "password" not in made.text.replace("must_change_password", "")
    for name in ("analopez", "ANA@example.com"):
        assert (await api.post("/api/auth/login", json={"username": name, "password": PASSWORD})).status_code == 200


async def test_an_address_has_at_most_64_characters_before_the_at(api: httpx.AsyncClient) -> None:
    header = await bearer(await make_admin())
    for name, status in (("a" * 31 + "." + "b" * 32, 201), ("a" * 32 + "." + "b" * 32, 422)):
        body = ANA | {"email": f"{name}@example.com"}
        answer = await api.post("/api/v1/users", json=body, headers=header)
        assert answer.status_code == status
    (fault,) = answer.json()["errors"]
    assert fault == {"pointer": "/email", "detail": "Use at most 64 characters before the @."}


@pytest.mark.parametrize(("field", "value"), [("email", "ANA@example.com"), ("username", "ANALOPEZ")])
async def test_a_name_that_differs_only_in_case_is_taken(api, field, value):
    admin = await bearer(await make_admin())
    await api.post(USERS, json=ANA, headers=admin)
    other = {"email": "b@example.com", "username": "Bea", "password": PASSWORD} | {field: value}
    refused = await api.post(USERS, json=other, headers=admin)
    assert refused.status_code == 409
    assert refused.json()["errors"][0]["pointer"] == f"/{field}"


async def test_only_administrators_see_the_list_and_make_accounts(api):
    member = await bearer(await make_user())
    for answer in (await api.get(USERS, headers=member), await api.post(USERS, json=ANA, headers=member)):
        assert answer.status_code == 403
    assert (await api.get(USERS)).status_code == 401


async def test_pages_cover_everybody_once_with_total_and_links(api):
    admin = await make_admin()
    for _ in range(6):
        await make_user()
    header = await bearer(admin)
    seen, url = [], f"{USERS}?limit=3&sort=username"
    while url:
        page = await api.get(url, headers=header)
        assert page.headers["X-Total-Count"] == "7"
        seen += [person["username"] for person in page.json()]
        links = {part.split(";")[1]: part.split(";")[0].strip(" <>") for part in page.headers["Link"].split(",")}
        url = links.get(' rel="next"', "")
    assert len(set(seen)) == 7
    assert seen == sorted(seen)


@pytest.mark.parametrize(
    "sort",
    ["created_at", "-created_at", "email", "-email", "full_name", "-full_name", "last_login_at", "-last_login_at"],
)
async def test_every_order_is_the_other_one_reversed(api, sort):
    header = await bearer(await make_admin())
    for _ in range(4):
        await make_user(full_name="Same Name")
    ids = [p["id"] for p in (await api.get(f"{USERS}?sort={sort}", headers=header)).json()]
    back = sort.removeprefix("-") if sort.startswith("-") else f"-{sort}"
    reverse = [p["id"] for p in (await api.get(f"{USERS}?sort={back}", headers=header)).json()]
    if "last_login_at" in sort:  # users who never signed in are last in both orders
        assert ids[0] == reverse[0]
        assert ids[1:] == reverse[:0:-1]
    else:
        assert ids == reverse[::-1]


@pytest.mark.parametrize(
    ("term", "found"),
    [
        ("lopez", {"ana"}),
        ("LÓPEZ", {"ana"}),
        ("strasse", {"bob"}),
        ("100%", {"bob"}),
        ("%", {"bob"}),
        ("_", {"cyd"}),
        ("\\", {"dee"}),
        ("a_b", {"cyd"}),
        ("e", {"ana", "bob", "cyd", "dee"}),
        ("example.com", {"ana", "bob", "cyd", "dee"}),
        ("nobody", set()),
    ],
)
async def test_search_takes_every_character_for_itself(api, term, found):
    header = await bearer(await make_admin("root"))
    await make_user("ana", full_name="Ana López")
    await make_user("bob", full_name="Bo 100% Straße")
    await make_user("cyd", full_name="Cy A_b")
    await make_user("dee", full_name="Dee \\ Back")
    page = await api.get(USERS, params={"search": term}, headers=header)
    assert page.status_code == 200
    assert {p["username"] for p in page.json()} - {"root"} == found
    assert int(page.headers["X-Total-Count"]) == len(page.json())


async def test_filters_narrow_the_list_and_its_total(api):
    admin = await make_admin()
    await make_user("gone", is_active=False)
    header = await bearer(admin)
    inactive = await api.get(f"{USERS}?is_active=false", headers=header)
    assert [p["username"] for p in inactive.json()] == ["gone"]
    assert inactive.headers["X-Total-Count"] == "1"
    supers = await api.get(f"{USERS}?is_superuser=true", headers=header)
    assert [p["id"] for p in supers.json()] == [admin.user_id]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "skip=-1",
        "skip=99999999999",
        "sort=hashed_password",
        "is_active=1",
        "serach=a",
        "limit=1_0",
    ],
)
async def test_a_query_that_is_not_ours_is_refused(api, query):
    answer = await api.get(f"{USERS}?{query}", headers=await bearer(await make_admin()))
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("application/problem+json")


async def test_the_directory_shows_names_of_active_users_only(api):
    header = await bearer(await make_user("cato", email="secret@hidden.example"))
    await make_user("dora", is_active=False)
    people = (await api.get(f"{USERS}/directory", headers=header)).json()
    assert [set(person) for person in people] == [{"id", "username", "full_name"}]
    assert (await api.get(f"{USERS}/directory?search=hidden", headers=header)).json() == []
    assert [p["username"] for p in (await api.get(f"{USERS}/directory?search=CAT", headers=header)).json()] == ["cato"]


async def test_the_directory_stops_at_twenty(api):
    for _ in range(22):
        last = await make_user()
    assert len((await api.get(f"{USERS}/directory", headers=await bearer(last))).json()) == 20


async def test_me_is_the_caller_with_the_version_as_tag(api):
    person = await make_user("eve")
    me = await api.get(f"{USERS}/me/", headers=await bearer(person))
    assert (me.json()["username"], me.headers["ETag"]) == ("eve", '"1"')
    assert "hashed_password" not in me.json()


async def test_deleted_people_are_gone_until_they_are_restored(api):
    admin, person = await make_admin(), await make_user("fay")
    header, theirs = await bearer(admin), await bearer(person)
    assert (await api.delete(f"{USERS}/{person.user_id}", headers=header)).status_code == 204
    assert (await api.get(f"{USERS}/me", headers=theirs)).status_code == 401
    assert (await api.get(f"{USERS}/{person.user_id}", headers=header)).status_code == 404
    assert (await api.patch(f"{USERS}/{person.user_id}", json={"full_name": "x"}, headers=header)).status_code == 404
    assert (await api.delete(f"{USERS}/{person.user_id}", headers=header)).status_code == 404
    trash = await api.get(f"{USERS}?deleted=true", headers=header)
    assert [p["username"] for p in trash.json()] == ["fay"]
    assert trash.json()[0]["deleted_at"]
    login = {"username": "fay", "password": PASSWORD}
    assert (await api.post("/api/auth/login", json=login)).status_code == 401

    back = await api.post(f"{USERS}/{person.user_id}/restore", headers=header)
    assert (back.status_code, back.json()["deleted_at"]) == (200, None)
    assert (await api.get(f"{USERS}/me", headers=theirs)).status_code == 401
    assert (await api.post("/api/auth/login", json=login)).status_code == 200
    assert (await api.post(f"{USERS}/{person.user_id}/restore", headers=header)).status_code == 404


async def test_deleting_an_owner_asks_for_a_new_one(api):
    admin, owner, new_owner = await make_admin(), await make_user("gus"), await make_user("hal")
    project, in_trash = await make_project(owner, "Kept"), await make_project(owner, "Old")
    header = await bearer(admin)
    await api.delete(f"/api/v1/projects/{in_trash}", headers=header)
    url = f"{USERS}/{owner.user_id}"
    refused = await api.delete(url, headers=header)
    assert refused.status_code == 409
    assert refused.json()["detail"] == "gus owns 2 projects (1 in the trash). Choose a new owner."
    assert (await api.delete(f"{url}?transfer_to={owner.user_id}", headers=header)).status_code == 409
    assert (await api.delete(f"{url}?transfer_to=999999", headers=header)).status_code == 409
    assert (await api.delete(f"{url}?transfer_to={new_owner.user_id}", headers=header)).status_code == 204
    assert {(await row_of(Project, p))["owner_id"] for p in (project, in_trash)} == {new_owner.user_id}
    read = (await api.get(f"/api/v1/projects/{project}", headers=await bearer(new_owner))).json()
    assert (read["my_role"], read["owner"]["username"], read["member_count"]) == ("owner", "hal", 1)


async def test_nobody_deletes_their_own_account(api):
    admin = await make_admin()
    await make_admin()
    answer = await api.delete(f"{USERS}/{admin.user_id}", headers=await bearer(admin))
    assert answer.status_code == 409
    assert (await row_of(User, admin.user_id))["deleted_at"] is None

"""Invariants: the last administrator, unique names, foreign ids, and columns that nobody may send."""

import asyncio

import pytest
from sqlmodel import col

from tca_app.core.database.session import transaction
from tca_app.core.errors import AppError, Conflict
from tca_app.features.users import service
from tca_app.features.users.bulk import bulk_users
from tca_app.features.users.schemas import UserBulk, UserCreate, UserUpdate
from tca_app.models import Project, ProjectMember, User
from tests.factories import PASSWORD, bearer, make_admin, make_project, make_user, row_of, run

USERS = "/api/v1/users"
ROUNDS = 50


@pytest.mark.parametrize("change", [{"is_active": False}, {"is_superuser": False}])
async def test_the_last_administrator_stays_one(api, change):
    admin = await make_admin()
    await make_user(is_superuser=True, is_active=False)
    refused = await api.patch(f"{USERS}/{admin.user_id}", json=change, headers=await bearer(admin))
    assert refused.status_code == 409
    assert (await api.delete(f"{USERS}/{admin.user_id}", headers=await bearer(admin))).status_code == 409
    row = await row_of(User, admin.user_id)
    assert (row["is_active"], row["is_superuser"], row["deleted_at"], row["version"]) == (True, True, None, 1)


async def test_two_administrators_who_remove_each_other_leave_one():
    ways = [
        lambda actor, other: run(service.update_user, actor, other, UserUpdate(is_superuser=False)),
        lambda actor, other: run(service.update_user, actor, other, UserUpdate(is_active=False)),
        lambda actor, other: run(service.delete_user, actor, other),
        lambda actor, other: run(bulk_users, actor, UserBulk(action="delete", ids=[other])),
        lambda actor, other: run(bulk_users, actor, UserBulk(action="deactivate", ids=[other, actor.user_id])),
    ]
    from sqlalchemy import select, update

    one, two = await make_admin(), await make_admin()
    for round_number in range(ROUNDS):
        first, second = ways[round_number % len(ways)], ways[(round_number // len(ways)) % len(ways)]
        done = await asyncio.gather(first(one, two.user_id), second(two, one.user_id), return_exceptions=True)
        assert all(isinstance(r, AppError) for r in done if isinstance(r, BaseException)), done
        async with transaction() as session:
            left = select(User.id).where(User.is_superuser, User.is_active, col(User.deleted_at).is_(None))
            assert len((await session.execute(left)).all()) == 1
            await session.execute(update(User).values(is_superuser=True, is_active=True, deleted_at=None))


@pytest.mark.parametrize("field", ["email", "username"])
async def test_twenty_who_want_the_same_name_at_once_make_one_account(api, field):
    header = await bearer(await make_admin())

    async def create(number: int) -> int:
        person = {"email": f"p{number}@example.com", "username": f"p{number}x", "password": PASSWORD}
        person |= {field: "Same@example.com" if field == "email" else "SAME"}
        return (await api.post(USERS, json=person, headers=header)).status_code

    answers = await asyncio.gather(*(create(n) for n in range(20)))
    assert sorted(answers) == [201] + [409] * 19


async def test_a_rename_onto_a_taken_name_is_refused_at_its_field(api):
    header = await bearer(await make_admin())
    await make_user("pam")
    other = await make_user("quin")
    for field, value in (("username", "PAM"), ("email", "pam@example.com")):
        refused = await api.patch(f"{USERS}/{other.user_id}", json={field: value}, headers=header)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (409, f"/{field}")


def _writes(person: int, project: int) -> list[tuple[str, str, dict]]:
    return [
        ("POST", USERS, {"email": "n@example.com", "username": "newone", "password": PASSWORD}),
        ("PATCH", f"{USERS}/{person}", {"full_name": "N"}),
        ("PUT", f"{USERS}/{person}", {"full_name": "N"}),
        ("POST", "/api/v1/projects", {"name": "N"}),
        ("PATCH", f"/api/v1/projects/{project}", {"name": "N"}),
        ("PUT", f"/api/v1/projects/{project}", {"name": "N"}),
        ("POST", f"/api/v1/projects/{project}/members", {"user_id": person, "role": "viewer"}),
        ("PATCH", f"/api/v1/projects/{project}/members/{person}", {"role": "viewer"}),
        ("POST", f"/api/v1/projects/{project}/transfer", {"user_id": person}),
    ]


OPEN = {
    "email", "username", "full_name", "password", "is_active", "is_superuser", "name", "slug", "description", "status",
    "repository_url", "user_id", "role",
}  # fmt: skip


async def test_no_write_takes_a_column_that_it_does_not_name(api):
    """Every column of the table is sent to every write, by a superuser: 422, and nothing changed."""
    admin, person = await make_admin(), await make_user()
    project = await make_project(admin)
    header = await bearer(admin)
    before = await row_of(User, person.user_id), await row_of(Project, project)
    columns = {c.name for table in (User, Project, ProjectMember) for c in table.__table__.c}
    tried = 0
    for method, url, body in _writes(person.user_id, project):
        for column in sorted(columns - OPEN):
            answer = await api.request(method, url, json=body | {column: 1}, headers=header)
            assert answer.status_code == 422, (method, url, column, answer.text)
            tried += 1
    assert tried > 100
    assert (await row_of(User, person.user_id), await row_of(Project, project)) == before


async def test_a_stranger_can_do_nothing_with_foreign_ids(api):
    """Two tenants, every call with the other's id: 404, or 403 where every id gets it, and nothing changed."""
    await make_admin()
    victim, friend, stranger = await make_user(), await make_user(), await make_user()
    project = await make_project(victim, team={friend: "viewer"})
    own = await make_project(stranger)
    header = await bearer(stranger)
    before = [await row_of(User, victim.user_id), await row_of(Project, project)]
    theirs = f"/api/v1/projects/{project}"
    calls = [
        ("GET", f"{USERS}/{victim.user_id}", None, 404),
        ("PATCH", f"{USERS}/{victim.user_id}", {"full_name": "x"}, 404),
        ("PUT", f"{USERS}/{victim.user_id}", {"full_name": "x"}, 404),
        ("PATCH", f"{USERS}/999999", {"full_name": "x"}, 404),
        ("DELETE", f"{USERS}/{victim.user_id}", None, 403),
        ("DELETE", f"{USERS}/999999", None, 403),
        ("POST", f"{USERS}/{victim.user_id}/restore", None, 403),
        ("GET", theirs, None, 404),
        ("PATCH", theirs, {"description": "x"}, 404),
        ("PUT", theirs, {"description": "x"}, 404),
        ("DELETE", theirs, None, 404),
        ("POST", f"{theirs}/restore", None, 404),
        ("POST", f"{theirs}/transfer", {"user_id": stranger.user_id}, 404),
        ("GET", f"{theirs}/members", None, 404),
        ("POST", f"{theirs}/members", {"user_id": stranger.user_id, "role": "viewer"}, 404),
        ("PATCH", f"{theirs}/members/{friend.user_id}", {"role": "deployer"}, 404),
        ("DELETE", f"{theirs}/members/{friend.user_id}", None, 404),
        ("DELETE", f"{theirs}/members/{stranger.user_id}", None, 404),
        ("PATCH", f"/api/v1/projects/{own}/members/{friend.user_id}", {"role": "deployer"}, 404),
        ("DELETE", f"/api/v1/projects/{own}/members/{friend.user_id}", None, 404),
    ]
    for method, url, body, expected in calls:
        answer = await api.request(method, url, json=body, headers=header)
        assert answer.status_code == expected, (method, url, answer.text)
    listed = await api.get(f"/api/v1/projects?owner_id={victim.user_id}", headers=header)
    assert (listed.json(), listed.headers["X-Total-Count"]) == ([], "0")
    stats = (await api.get("/api/v1/stats", headers=header)).json()
    assert stats["active_projects"]["now"] == 1
    assert [await row_of(User, victim.user_id), await row_of(Project, project)] == before


@pytest.mark.parametrize("user_id", ["0", "-1", "9223372036854775808", "1e3", "1_0", "abc", "%00"])
async def test_an_id_that_is_no_id_is_refused(api, user_id):
    answer = await api.get(f"{USERS}/{user_id}", headers=await bearer(await make_admin()))
    assert answer.status_code in (404, 422)


async def test_a_bulk_act_reports_each_refusal_and_does_the_rest():
    admin, owner, person = await make_admin(), await make_user("rik"), await make_user()
    await make_project(owner)
    ids = [owner.user_id, person.user_id, 999999, admin.user_id, person.user_id]
    results = await run(bulk_users, admin, UserBulk(action="delete", ids=ids))
    assert [(r.id, r.ok) for r in results] == [
        (owner.user_id, False),
        (person.user_id, True),
        (999999, False),
        (admin.user_id, False),
    ]
    assert results[0].detail.startswith("rik owns 1 project")
    assert (await row_of(User, person.user_id))["deleted_at"] is not None
    restored = await run(bulk_users, admin, UserBulk(action="restore", ids=[person.user_id]))
    assert restored[0].ok
    assert (await row_of(User, person.user_id))["deleted_at"] is None


async def test_a_delete_and_a_new_project_never_leave_a_project_without_an_owner():
    from tca_app.features.projects import service as projects
    from tca_app.features.projects.schemas import ProjectCreate

    admin = await make_admin()
    for _ in range(20):
        person = await make_user()
        deleted, made = await asyncio.gather(
            run(service.delete_user, admin, person.user_id),
            run(projects.create_project, person, ProjectCreate(name="Race")),
            return_exceptions=True,
        )
        assert isinstance(deleted, Conflict) != isinstance(made, AppError), (deleted, made)


async def test_an_account_made_by_a_rule_keeps_no_password_in_what_it_returns():
    admin = await make_admin()
    data = UserCreate(email="s@example.com", username="sam", password=PASSWORD)
    made = await run(service.create_user, admin, data)
    assert "argon2" not in repr(made)
    assert PASSWORD not in repr(made)

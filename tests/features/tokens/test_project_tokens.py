"""Tokens of projects, and the service accounts behind them, which appear nowhere among users."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import delete, select, text, update
from sqlmodel import col

from tca_app.consumers.mail import find_reader
from tca_app.core.database.session import reading, transaction
from tca_app.core.errors import AppError
from tca_app.features.auth import password_reset, service as auth
from tca_app.features.auth.service import Client
from tca_app.features.retention import service as retention
from tca_app.models import ApiToken, Deployment, Notification, Project, ProjectMember, User
from tests.factories import bearer, do_jobs, make_admin, make_project, make_token, make_user, row_of, run

ME = "/api/v1/users/me"
REPORT = {"environment": "staging", "version": "1.4.2"}


async def account_of(token_id: int) -> int:
    return int((await row_of(ApiToken, token_id))["user_id"])


async def test_a_project_token_reports_deployments_of_its_own_project_alone(api: httpx.AsyncClient) -> None:
    owner = await make_user()
    mine, other = await make_project(owner, "Ledger"), await make_project(owner, "Other")
    token_id, header = await make_token(owner, mine, name="CI")
    made = await api.post(f"/api/v1/projects/{mine}/deployments", headers=header, json=REPORT)
    assert made.status_code == 201, made.text
    assert made.json()["created_by"]["full_name"] == "CI"
    assert (await row_of(Deployment, made.json()["id"]))["created_by_id"] == await account_of(token_id)
    refused = await api.post(f"/api/v1/projects/{other}/deployments", headers=header, json=REPORT)
    assert refused.status_code == 404
    assert [one["name"] for one in (await api.get("/api/v1/projects", headers=header)).json()] == ["Ledger"]
    logged = (await api.get("/api/v1/activity?type=deployment_queued", headers=header)).json()
    assert [(one["actor_type"], one["actor_name"]) for one in logged] == [("token", "CI")]


async def test_a_project_token_survives_its_maker(api: httpx.AsyncClient) -> None:
    owner, maker = await make_user(), await make_user()
    project_id = await make_project(owner, team={maker: "maintainer"})
    token_id, header = await make_token(maker, project_id)
    async with transaction() as session:
        await session.execute(delete(ProjectMember).where(col(ProjectMember.user_id) == maker.user_id))
        await session.execute(delete(User).where(col(User.id) == maker.user_id))
    assert (await api.get(f"/api/v1/projects/{project_id}", headers=header)).status_code == 200
    (listed,) = (await api.get(f"/api/v1/projects/{project_id}/tokens", headers=await bearer(owner))).json()
    assert (listed["id"], listed["created_by"]) == (token_id, "")


@pytest.mark.parametrize(
    ("my_role", "role", "status"),
    [
        ("viewer", "viewer", 403),
        ("deployer", "viewer", 403),
        ("maintainer", "deployer", 201),
        ("maintainer", "maintainer", 403),
        ("owner", "maintainer", 201),
        (None, "viewer", 404),
    ],
)
async def test_nobody_grants_a_token_more_than_they_may(
    api: httpx.AsyncClient, my_role: str | None, role: str, status: int
) -> None:
    owner, actor = await make_user(), await make_user()
    team = {actor: my_role} if my_role and my_role != "owner" else {}
    project_id = await make_project(actor if my_role == "owner" else owner, team=team)
    url = f"/api/v1/projects/{project_id}/tokens"
    answer = await api.post(url, headers=await bearer(actor), json={"name": "CI", "role": role})
    assert answer.status_code == status, answer.text


async def test_a_maintainer_does_not_rotate_a_token_above_their_own_power(api: httpx.AsyncClient) -> None:
    owner, maintainer = await make_user(), await make_user()
    project_id = await make_project(owner, team={maintainer: "maintainer"})
    strong, _ = await make_token(owner, project_id, role="maintainer")
    weak, old = await make_token(owner, project_id)
    header, url = await bearer(maintainer), f"/api/v1/projects/{project_id}/tokens"
    assert (await api.post(f"{url}/{strong}/rotate", headers=header, json={})).status_code == 403
    rotated = await api.post(f"{url}/{weak}/rotate", headers=header, json={"overlap_hours": 2})
    assert (rotated.status_code, rotated.json()["role"]) == (201, "deployer")
    assert await account_of(rotated.json()["id"]) == await account_of(weak)
    assert (await api.get(ME, headers=old)).status_code == 200
    assert (await api.delete(f"{url}/{weak}", headers=header)).status_code == 204
    new = {"Authorization": f"Bearer {rotated.json()['token']}"}
    assert [(await api.get(ME, headers=one)).status_code for one in (old, new)] == [401, 200]


async def test_a_token_of_another_project_is_not_found(api: httpx.AsyncClient) -> None:
    owner = await make_user()
    mine, other = await make_project(owner), await make_project(owner)
    token_id, header = await make_token(owner, other)
    personal, _ = await make_token(await make_user())
    session = await bearer(owner)
    for wrong in (token_id, personal):
        url = f"/api/v1/projects/{mine}/tokens/{wrong}"
        assert (await api.delete(url, headers=session)).status_code == 404
        assert (await api.post(f"{url}/rotate", headers=session, json={})).status_code == 404
    assert (await api.delete(f"/api/v1/tokens/{token_id}", headers=session)).status_code == 404
    assert (await api.get(ME, headers=header)).status_code == 200


async def test_a_project_in_the_trash_has_no_working_token(api: httpx.AsyncClient) -> None:
    owner = await make_user()
    project_id = await make_project(owner)
    _, header = await make_token(owner, project_id)
    session = await bearer(owner)
    await api.delete(f"/api/v1/projects/{project_id}", headers=session)
    assert (await api.get(ME, headers=header)).status_code == 401
    await api.post(f"/api/v1/projects/{project_id}/restore", headers=session)
    assert (await api.get(ME, headers=header)).status_code == 200


async def test_a_revoked_token_leaves_an_inactive_account_that_is_no_member(api: httpx.AsyncClient) -> None:
    owner = await make_user()
    project_id = await make_project(owner)
    token_id, header = await make_token(owner, project_id)
    account = await account_of(token_id)
    url = f"/api/v1/projects/{project_id}/tokens/{token_id}"
    assert (await api.delete(url, headers=await bearer(owner))).status_code == 204
    assert (await api.get(ME, headers=header)).status_code == 401
    assert (await row_of(User, account))["is_active"] is False
    async with reading() as session:
        mine = select(ProjectMember).where(col(ProjectMember.user_id) == account)
        assert (await session.execute(mine)).first() is None


@pytest.mark.parametrize("is_named", [True, False])
async def test_an_account_without_token_goes_unless_a_deployment_names_it(
    api: httpx.AsyncClient, is_named: bool
) -> None:
    owner = await make_user()
    project_id = await make_project(owner)
    token_id, header = await make_token(owner, project_id)
    account = await account_of(token_id)
    if is_named:
        await api.post(f"/api/v1/projects/{project_id}/deployments", headers=header, json=REPORT)
    async with transaction() as session:
        old = datetime.now(UTC) - timedelta(days=91)
        await session.execute(update(ApiToken).values(revoked_at=old))
    for _ in range(2):
        await run(retention.trim)
    async with reading() as session:
        assert (await session.execute(select(ApiToken))).first() is None
        left = (await session.execute(select(User.id).where(col(User.id) == account))).scalar()
        assert (left == account) == is_named
    async with transaction() as session:
        await session.execute(delete(Project).where(col(Project.id) == project_id))
    await run(retention.trim)
    async with reading() as session:
        assert (await session.execute(select(User.id).where(col(User.id) == account))).first() is None


async def test_a_service_account_appears_in_no_list_and_no_count(api: httpx.AsyncClient) -> None:
    admin, owner = await make_admin(), await make_user()
    project_id = await make_project(owner, "Ledger")
    url = f"/api/v1/projects/{project_id}"
    header, session = await bearer(admin), await bearer(owner)
    before = await _all_people(api, header, session, url)
    await make_token(owner, project_id, name="Robot")
    assert await _all_people(api, header, session, url) == before


async def _all_people(api: httpx.AsyncClient, admin: dict[str, str], owner: dict[str, str], url: str) -> list[Any]:
    """Every answer that lists or counts users."""
    seen: list[Any] = []
    for path, header in (
        ("/api/v1/users", admin),
        ("/api/v1/users?search=robot", admin),
        ("/api/v1/users?search=token", admin),
        ("/api/v1/users?deleted=true", admin),
        ("/api/v1/users?is_active=true", admin),
        ("/api/v1/users/directory", owner),
        ("/api/v1/users/directory?search=robot", owner),
        (f"{url}/members", owner),
        (f"{url}/members?search=robot", owner),
        (url, owner),
        ("/api/v1/projects", owner),
    ):
        answer = await api.get(path, headers=header)
        assert answer.status_code == 200, answer.text
        seen.append((path, answer.headers.get("x-total-count"), answer.json()))
    stats = (await api.get("/api/v1/stats", headers=admin)).json()
    seen.append([stats["total_users"], stats["newest_users"], stats["users_by_day"]])
    return seen


async def test_a_service_account_cannot_be_read_changed_or_given_anything(api: httpx.AsyncClient) -> None:
    admin, owner = await make_admin(), await make_user()
    project_id = await make_project(owner)
    token_id, _ = await make_token(owner, project_id)
    account = await account_of(token_id)
    before, header = await row_of(User, account), await bearer(admin)
    user, project = f"/api/v1/users/{account}", f"/api/v1/projects/{project_id}"
    for method, path, body, status in (
        ("GET", user, None, 404),
        ("PATCH", user, {"is_superuser": True}, 404),
        ("PATCH", user, {"full_name": "x"}, 404),
        ("DELETE", user, None, 404),
        ("POST", f"{user}/restore", None, 404),
        ("POST", f"{project}/transfer", {"user_id": account}, 409),
        ("POST", f"{project}/members", {"user_id": account, "role": "viewer"}, 409),
        ("PATCH", f"{project}/members/{account}", {"role": "maintainer"}, 404),
        ("DELETE", f"{project}/members/{account}", None, 404),
        ("POST", "/api/v1/projects", {"name": "x", "team_members": [{"user_id": account}]}, 409),
        ("DELETE", f"/api/v1/users/{owner.user_id}?transfer_to={account}", None, 409),
    ):
        answer = await api.request(method, path, headers=header, json=body)
        assert answer.status_code == status, (method, path, answer.text)
    assert await row_of(User, account) == before


async def test_a_service_account_never_signs_in(api: httpx.AsyncClient) -> None:
    owner = await make_user()
    token_id, _ = await make_token(owner, await make_project(owner))
    account = await row_of(User, await account_of(token_id))
    for name in (account["username"], account["email"]):
        for password in ("!", "Green-Boat-42"):
            answer = await api.post("/api/auth/login", json={"username": name, "password": password})
            assert answer.status_code == 401
    assert await run(password_reset.new_reset_link, account["email"]) is None
    with pytest.raises(AppError):
        await run(auth.open_session, account["id"], Client(), "browser")


async def test_the_database_refuses_power_and_a_password_for_a_service_account() -> None:
    owner = await make_user()
    token_id, _ = await make_token(owner, await make_project(owner))
    account = await account_of(token_id)
    for change in ("is_superuser = true", "hashed_password = 'x'", "kind = 'robot'"):
        with pytest.raises(AppError):
            async with transaction() as session:
                await session.execute(text(f"UPDATE users SET {change} WHERE id = {account}"))


async def test_a_service_account_is_not_notified_and_gets_no_mail(api: httpx.AsyncClient) -> None:
    owner = await make_user()
    project_id = await make_project(owner)
    token_id, _ = await make_token(owner, project_id, role="maintainer")
    account = await account_of(token_id)
    await api.delete(f"/api/v1/projects/{project_id}", headers=await bearer(await make_admin()))
    await do_jobs()
    async with reading() as session:
        told = set((await session.execute(select(Notification.user_id))).scalars())
        assert await find_reader(session, account) is None
    assert told == {owner.user_id}


async def test_a_project_token_creates_no_project_of_its_own(api: httpx.AsyncClient) -> None:
    owner = await make_user()
    _, header = await make_token(owner, await make_project(owner), role="maintainer", scopes=["write"])
    answer = await api.post("/api/v1/projects", headers=header, json={"name": "Mine"})
    assert answer.status_code == 403


@pytest.mark.parametrize(("scopes", "status"), [(["read"], 403), (["deploy"], 403), (["write"], 200)])
async def test_a_token_that_can_add_nobody_learns_of_nobody(
    api: httpx.AsyncClient, scopes: list[str], status: int
) -> None:
    """Who finds the token of a pipeline does not get the names of all people with it."""
    owner = await make_user()
    _, header = await make_token(owner, await make_project(owner), role="maintainer", scopes=scopes)
    _, own = await make_token(owner, scopes=["read"])
    answer = await api.get("/api/v1/users/directory", headers=header)
    assert answer.status_code == status
    assert status == 200 or answer.json()["code"] == "insufficient_scope"
    assert (await api.get("/api/v1/users/directory", headers=own)).status_code == 200

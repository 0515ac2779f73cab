"""CSV files of the lists of administrators: the rows of the list in its order, and for nobody else."""

import csv
import io
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import insert, text, update

from tca_app.core.actor import Actor
from tca_app.core.database.session import transaction
from tca_app.models import ApiToken, Invitation
from tests.factories import bearer, make_admin, make_deployment, make_invitation, make_project, make_token, make_user
from tests.ui.harness import sign_in

JOB = (
    "INSERT INTO procrastinate_jobs (id, queue_name, task_name, args, status, attempts) VALUES "
    "(1000001, 'email_queue', '=fragile', '{\"n\": 1, \"cause\": {\"request_id\": \"r1\"}}', 'failed', 3), "
    "(1000002, 'health_queue', 'probe', '{}', 'todo', 0), (1000003, 'email_queue', 'mail', '{}', 'todo', 2)"
)


async def rows_of(api: httpx.AsyncClient, header: dict[str, str], path: str) -> list[dict[str, str]]:
    name, _, query = path.partition("?")
    answer = await api.get(f"/api/v1/{name}/export.csv?{query}", headers=header)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


@pytest.fixture
async def admin() -> Actor:
    """An administrator, and two or more rows of each list."""
    admin, ana = await make_admin("root"), await make_user("ana", full_name="=Ana")
    project_id = await make_project(ana, "Ledger")
    await make_token(admin, name="Laptop")
    ended, _ = await make_token(ana, name="Old")
    await make_token(ana, project_id, name="CI", scopes=["deploy", "read"])
    for inviter, email in ((admin, "zoe@example.com"), (ana, "bob@example.com")):
        await make_invitation(inviter, email)
    async with transaction() as session:
        await session.execute(update(ApiToken).where(ApiToken.id == ended).values(revoked_at=datetime.now(UTC)))
        await session.execute(
            insert(Invitation).values(
                email="cyd@example.com",
                project_id=project_id,
                role="viewer",
                expires_at=datetime(2026, 1, 1, tzinfo=UTC),
            )
        )
        await session.execute(text(JOB))
    return admin


PATHS = (
    "admin/tokens",
    "admin/tokens?state=revoked&state=active&sort=owner",
    "admin/tokens?search=led&sort=-name",
    "admin/tokens?since=2026-01-01&until=8000-01-01",
    "invitations",
    "invitations?sort=-invited_by",
    "invitations?state=expired",
    "invitations?search=bob&state=pending",
    "jobs",
    "jobs?state=waiting&state=retrying&sort=-queue",
    "jobs?state=dead&state=waiting&search=fragile&sort=failed_at",
)


@pytest.mark.parametrize("path", PATHS)
async def test_the_file_has_what_the_list_has_in_its_order(api: httpx.AsyncClient, admin: Actor, path: str) -> None:
    header = await bearer(admin)
    listed = (await api.get(f"/api/v1/{path}", headers=header)).json()
    assert listed
    assert [row["id"] for row in await rows_of(api, header, path)] == [str(row["id"]) for row in listed]


async def test_cells_are_text_and_hold_no_secret(api: httpx.AsyncClient, admin: Actor) -> None:
    header = await bearer(admin)
    (job,) = await rows_of(api, header, "jobs")
    assert (job["kind"], job["args"], job["request_id"]) == ("'=fragile", '{"n": 1}', "r1")
    (ci,) = await rows_of(api, header, "admin/tokens?search=CI")
    assert (ci["owner"], ci["scopes"], ci["role"], ci["state"]) == ("Ledger", "read deploy", "deployer", "active")
    assert "token" not in ci
    assert "token_hash" not in ci
    (old,) = await rows_of(api, header, "admin/tokens?search=Old")
    assert old["owner"] == "'=Ana"
    (bob,) = await rows_of(api, header, "invitations?search=bob")
    assert bob["invited_by_full_name"] == "'=Ana"


async def test_a_filter_of_people_and_projects_narrows_the_list(api: httpx.AsyncClient, admin: Actor) -> None:
    header = await bearer(admin)
    tokens: list[dict[str, Any]] = (await api.get("/api/v1/admin/tokens", headers=header)).json()
    by_name = {token["name"]: token for token in tokens}
    ana, ledger = by_name["Old"]["owner_id"], by_name["CI"]["project_id"]

    async def named(query: str) -> list[str]:
        return sorted(row["name"] for row in await rows_of(api, header, f"admin/tokens?{query}"))

    assert await named(f"user_id={ana}") == ["Old"]
    assert await named(f"project_id={ledger}") == ["CI"]
    assert await named(f"project_id={ledger}&user_id={ana}") == ["CI", "Old"]
    assert [row["email"] for row in await rows_of(api, header, f"invitations?invited_by_id={ana}")] == [
        "bob@example.com"
    ]
    assert [row["email"] for row in await rows_of(api, header, f"invitations?project_id={ledger}")] == [
        "cyd@example.com"
    ]


async def test_the_file_of_environments_has_a_line_for_each_that_the_caller_may_see(api: httpx.AsyncClient) -> None:
    ana = await make_user("ana")
    mine, old = await make_project(ana, "=Mine", slug="mine"), await make_project(ana, "Old", status="archived")
    other = await make_project(await make_user("bob"), "Other")
    for project_id in (mine, old, other):
        await make_deployment(project_id, "production", status="succeeded", version="-1.0")
    header = await bearer(ana)
    rows = await rows_of(api, header, "deployments/current?search=in")
    assert [(row["project_name"], row["environment"], row["version"]) for row in rows] == [
        ("'=Mine", "development", ""),
        ("'=Mine", "staging", ""),
        ("'=Mine", "production", "'-1.0"),
    ]
    assert await rows_of(api, header, "deployments/current?is_behind=true") == []


@pytest.mark.parametrize("name", ["admin/tokens", "jobs", "invitations"])
async def test_others_get_no_file(api: httpx.AsyncClient, name: str) -> None:
    assert (await api.get(f"/api/v1/{name}/export.csv", headers=await bearer(await make_user()))).status_code == 403


async def test_maintainers_get_the_invitations_into_their_project_alone(api: httpx.AsyncClient, admin: Actor) -> None:
    ana = await make_user("maintainer")
    mine, other = await make_project(ana, "Mine"), await make_project(admin, "Other")
    header = await bearer(ana)
    assert await rows_of(api, header, f"invitations?project_id={mine}") == []
    url = "/api/v1/invitations/export.csv"
    assert (await api.get(f"{url}?project_id={other}", headers=header)).status_code == 404
    assert (await api.get(f"{url}?project_id={mine}&project_id={other}", headers=header)).status_code == 403


async def test_people_download_their_own_sessions_and_tokens_and_those_of_their_projects(
    api: httpx.AsyncClient,
) -> None:
    ana, viewer = await make_user("ana"), await make_user()
    project_id = await make_project(ana, "Ledger", {viewer: "viewer"})
    await make_token(ana, name="Laptop")
    await make_token(ana, project_id, name="CI")
    await make_token(viewer, name="Other")
    cookie = {"cookie": f"sid={await sign_in(ana)}"}
    for path, column, expected in (
        ("v1/tokens", "name", ["Laptop"]),
        (f"v1/projects/{project_id}/tokens", "name", ["CI"]),
        ("v1/projects/ledger/tokens", "name", ["CI"]),
        ("auth/sessions", "is_current", ["true"]),
    ):
        url = f"/api/{path}/export.csv"
        answer = await api.get(url, headers=cookie)
        rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
        assert [row[column] for row in rows] == expected, path
        assert not {"token", "token_hash", "hash"} & set(rows[0])
        assert (await api.get(url)).status_code == 401
    url = f"/api/v1/projects/{project_id}/tokens/export.csv"
    assert (await api.get(url, headers=await bearer(viewer))).status_code == 403
    assert (await api.get(url, headers=await bearer(await make_user()))).status_code == 404

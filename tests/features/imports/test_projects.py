"""Imports of projects and members: by the rights of the importer, row by row."""

import httpx
import pytest
from sqlalchemy import select

from tca_app.core.database.session import reading
from tca_app.core.errors import Forbidden, NotFound
from tca_app.features.imports import service
from tca_app.features.tokens import service as tokens
from tca_app.models import Project, ProjectMember
from tests.factories import bearer, do_jobs, make_project, make_token, make_user, row_of, run, signed_in
from tests.features.imports.files import content_of, errors, imported, numbers, upload


async def _team(project_id: int) -> dict[int, str]:
    members = ProjectMember.__table__.c
    async with reading() as session:
        rows = await session.execute(select(members.user_id, members.role).where(members.project_id == project_id))
        return {row.user_id: row.role for row in rows}


async def test_projects_are_created_for_the_importer_with_the_slug_of_their_name() -> None:
    ana = await make_user("ana")
    file = "name;status;color\nBilling API;;teal\nLedger;paused;\nBilling API;;mauve\nX;gone;mauve\n"
    done = await imported(ana, file, "projects")
    assert numbers(done) == (2, 0, 0, 2)
    async with reading() as session:
        rows = await session.execute(select(*(Project.__table__.c[n] for n in ("slug", "owner_id", "status", "color"))))
        assert sorted(tuple(row) for row in rows) == [
            ("billing-api", ana.user_id, "active", "teal"),
            ("ledger", ana.user_id, "paused", ""),
        ]
    _, twice, wrong = await errors(ana, done.id)
    assert '"slug: Line 2 has the same. color: ' in twice
    assert "status: " in wrong
    assert "color: " in wrong
    assert numbers(await imported(ana, file, "projects")) == (0, 0, 2, 2)


async def test_nobody_changes_what_they_may_not_by_a_file() -> None:
    ana, bob = await make_user("ana"), await make_user("bob")
    mine = await make_project(bob, "Mine", slug="mine", team={ana: "maintainer"})
    secret = await make_project(bob, "Secret", slug="secret")
    file = "slug,name,description\nmine,Renamed,x\nsecret,Secret,x\n"
    done = await imported(ana, file, "projects", existing="update")
    assert numbers(done) == (0, 0, 0, 2)
    assert [line.rpartition('","')[2] for line in (await errors(ana, done.id))[1:]] == [
        'You do not have permission to do this."',
        'slug: This slug is taken."',
    ]
    assert numbers(await imported(ana, "slug,description\nmine,Better\n", "projects", existing="update")) == (
        0,
        1,
        0,
        0,
    )
    assert (await row_of(Project, mine))["description"] == "Better"
    assert (await row_of(Project, secret))["description"] == ""


async def test_exported_projects_and_members_can_be_imported_back(api: httpx.AsyncClient) -> None:
    ana, header = await signed_in(await make_user("ana"))
    bob = await make_user("bob")
    project_id = await make_project(ana, "Billing", description='=x\n"y"; z', team={bob: "deployer"})
    projects = (await api.get("/api/v1/projects/export.csv", headers=header)).text
    assert numbers(await imported(ana, projects, "projects", existing="update")) == (0, 0, 1, 0)
    members = (await api.get(f"/api/v1/projects/{project_id}/members/export.csv", headers=header)).text
    again = await imported(ana, members, "members", existing="update", project_id=project_id)
    assert numbers(again) == (0, 0, 2, 0)
    other = await make_project(ana, "Other")
    assert numbers(await imported(ana, members, "members", project_id=other)) == (1, 0, 1, 0)
    assert (await _team(other))[bob.user_id] == "deployer"


async def test_a_maintainer_grants_by_a_file_only_what_they_may() -> None:
    owner, ana = await make_user("owner"), await make_user("ana")
    bob, cyd, dee = [await make_user(name) for name in ("bob", "cyd", "dee")]
    await make_user("away", is_active=False)
    project_id = await make_project(owner, team={ana: "maintainer", cyd: "viewer", dee: "maintainer"})
    lines = "BOB,deployer\ncyd,maintainer\ndee,viewer\nowner,viewer\nbo2,viewer\naway,viewer\nana,boss\n,boss\n"
    done = await imported(ana, f"username,role\n{lines}", "members", existing="update", project_id=project_id)
    assert numbers(done) == (1, 0, 0, 7)
    assert [line.rpartition('","')[2] for line in (await errors(ana, done.id))[1:]] == [
        'You do not have permission to do this."',
        'You do not have permission to do this."',
        'role: Transfer the project to change its owner."',
        'username: There is no active user with this username."',
        'username: There is no active user with this username."',
        'role: Use maintainer, deployer, viewer."',
        'username: Required. role: Use maintainer, deployer, viewer."',
    ]
    team = await _team(project_id)
    assert (team[bob.user_id], team[cyd.user_id], team[dee.user_id]) == ("deployer", "viewer", "maintainer")
    granted = await imported(
        owner, "username,role\ncyd,maintainer\n", "members", existing="update", project_id=project_id
    )
    assert numbers(granted) == (0, 1, 0, 0)


async def test_who_may_add_nobody_imports_nobody() -> None:
    owner, viewer, stranger = [await make_user(name) for name in ("owner", "viewer", "stranger")]
    project_id = await make_project(owner, team={viewer: "viewer"})
    for who, error in ((viewer, Forbidden), (stranger, NotFound)):
        with pytest.raises(error):
            await upload(who, "username,role\nstranger,viewer\n", "members", project_id=project_id)
    made = await upload(owner, "username,role\nstranger,viewer\n", "members", project_id=project_id, dry_run=True)
    async with reading() as session:
        assert (await service.get_import(session, owner, made.id)).created == 1


async def test_a_token_imports_with_its_own_rights(api: httpx.AsyncClient) -> None:
    ana = await make_user("ana")
    project_id = await make_project(ana)
    _, reading_token = await make_token(ana, scopes=["read"])
    _, token = await make_token(ana, project_id, scopes=["write"])
    body = {"kind": "projects", "content": content_of("name\nNew\n")}
    refused = await api.post("/api/v1/imports", json=body, headers=reading_token)
    assert refused.status_code == 403
    answer = await api.post("/api/v1/imports", json=body | {"dry_run": True}, headers=token)
    assert (answer.status_code, answer.json()["failed"]) == (201, 1)


async def test_a_revoked_token_stops_its_import(api: httpx.AsyncClient) -> None:
    ana = await make_user("ana")
    token_id, token = await make_token(ana, scopes=["write"])
    body = {"kind": "projects", "content": content_of("name\nNew\n")}
    made = await api.post("/api/v1/imports", json=body, headers=token)
    assert made.status_code == 201, made.text
    await run(tokens.revoke_token, ana, token_id)
    import_id = made.json()["id"]
    await do_jobs()
    shown = await api.get(f"/api/v1/imports/{import_id}", headers=await bearer(ana))
    assert (shown.json()["state"], shown.json()["failed"]) == ("stopped", 1)

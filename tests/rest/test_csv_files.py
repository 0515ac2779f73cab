"""Lists as CSV files: whose rows, in which order, and how cells are written."""

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import httpx
import pytest
from sqlalchemy import delete, func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tca_app.core.database.csv_lines import cell, csv_lines
from tca_app.core.database.session import transaction
from tca_app.features.deployments.listing import export
from tca_app.features.users.schemas import PersonRead, UserQuery
from tca_app.models import ProjectMember
from tca_app.rest import csv_files
from tca_app.ui.url import query_of
from tests.factories import make_admin, make_deployment, make_project, make_user, signed_in
from tests.ui.harness import sign_in

LISTS = ("deployments", "projects", "users", "jobs", "invitations", "admin/tokens", "deployments/current")


async def rows_of(api: httpx.AsyncClient, header: dict[str, str], path: str) -> list[dict[str, str]]:
    name, _, query = path.partition("?")
    answer = await api.get(f"/api/v1/{name}/export.csv?{query}", headers=header)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith(f'attachment; filename="{name}-')
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


async def test_a_member_gets_the_rows_of_their_own_projects_and_no_users(api: httpx.AsyncClient) -> None:
    ana, header = await signed_in(await make_user("ana"))
    mine = await make_project(ana, "Billing")
    other = await make_project(await make_user("bo1"), "Secret")
    await make_deployment(mine, version="1.1")
    await make_deployment(other, version="6.6")
    assert [row["name"] for row in await rows_of(api, header, "projects")] == ["Billing"]
    assert [row["version"] for row in await rows_of(api, header, "deployments")] == ["1.1"]
    assert await rows_of(api, header, "deployments?search=Secret") == []
    assert await rows_of(api, header, "deployments?sort=project&search=Secret") == []
    assert await rows_of(api, header, f"deployments?project_id={mine}&project_id={other}&search=6.6") == []
    denied = await api.get(f"/api/v1/deployments/export.csv?project_id={other}", headers=header)
    assert denied.status_code == 404
    assert (await api.get("/api/v1/users/export.csv", headers=header)).status_code == 403


async def test_the_file_has_what_the_list_has_in_its_order(api: httpx.AsyncClient) -> None:
    admin, header = await signed_in(await make_admin("root"))
    for number, name in enumerate(("Cargo", "Atlas", "Beacon")):
        project = await make_project(admin, name, status="paused" if name == "Cargo" else "active")
        await make_deployment(project, version=f"1.{number}", status="failed" if number else "succeeded")
    await make_project(admin, "Gone", deleted_at=func.now())
    await make_user("ana", is_active=False)
    for path in (
        "projects?sort=name",
        "projects?sort=-member_count",
        "projects?sort=owner&search=a",
        "projects?status=active&my_role=owner&sort=-name",
        "projects?deleted=true",
        "deployments",
        "deployments?sort=project&status=failed",
        "deployments?sort=-created_by&search=Atlas&status=failed&status=succeeded",
        "users?sort=-username",
        "users?is_active=false&sort=last_login_at",
        "users?search=roo",
    ):
        name, _, query = path.partition("?")
        listed = (await api.get(f"/api/v1/{name}?{query}", headers=header)).json()
        assert listed
        assert [row["id"] for row in await rows_of(api, header, path)] == [str(row["id"]) for row in listed], path


async def test_the_fields_of_a_project_are_columns(api: httpx.AsyncClient) -> None:
    ana, header = await signed_in(await make_user("ana", full_name="+Ana"))
    await make_project(ana, '=HYPERLINK("x")', slug="link", description='Two\nlines, "quoted" ü')
    (row,) = await rows_of(api, header, "projects")
    assert (row["name"], row["owner_full_name"]) == ('\'=HYPERLINK("x")', "'+Ana")
    assert (row["description"], row["my_role"]) == ('Two\nlines, "quoted" ü', "owner")
    assert row["created_at"].endswith("+00:00")
    assert "T" in row["created_at"]
    assert row["deleted_at"] == ""


async def test_all_batches_are_in_the_file(api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_files, "BATCH", 2)
    ana, header = await signed_in(await make_user("ana"))
    project = await make_project(ana, "Billing")
    made = [await make_deployment(project) for _ in range(5)]
    assert [row["id"] for row in await rows_of(api, header, "deployments")] == [str(one) for one in reversed(made)]


async def test_no_row_is_held_before_its_batch_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_files, "BATCH", 2)
    asked: list[list[int]] = []

    async def read(_session: AsyncSession, ids: list[int]) -> Sequence[PersonRead]:
        asked.append(ids)
        return [PersonRead(id=one, username=f"u{one}", full_name="") for one in sorted(ids) if one != 4]

    body: Any = csv_files.csv_response("people", ("id",), [5, 4, 3, 2, 1], read).body_iterator
    assert await anext(body) == '"id"\r\n'
    assert asked == []
    assert await anext(body) == '"5"\r\n'
    assert asked == [[5, 4]]
    assert [text async for text in body] == ['"3"\r\n"2"\r\n', '"1"\r\n']


async def test_who_leaves_a_project_meanwhile_gets_no_more_of_it(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, header = await signed_in(await make_user("ana"))
    project = await make_project(await make_user("bo1"), "Billing", {ana: "viewer"})
    await make_deployment(project)
    found = export.read_deployments

    async def read(session: AsyncSession, *args: Any) -> Any:
        async with transaction() as other:
            await other.execute(delete(ProjectMember).where(col(ProjectMember.user_id) == ana.user_id))
        return await found(session, *args)

    monkeypatch.setattr(export, "read_deployments", read)
    assert await rows_of(api, header, "deployments") == []


@pytest.mark.parametrize("name", LISTS)
async def test_a_browser_downloads_with_its_cookie_and_a_wrong_filter_is_refused(
    api: httpx.AsyncClient, name: str
) -> None:
    cookie = {"cookie": f"sid={await sign_in(await make_admin())}"}
    url = f"/api/v1/{name}/export.csv"
    assert (await api.get(url, headers=cookie)).status_code == 200
    assert (await api.get(url)).status_code == 401
    for query in ("skip=1", "limit=5", "sort=nothing", "nothing=1"):
        assert (await api.get(f"{url}?{query}", headers=cookie)).status_code == 422, query


async def test_a_project_may_be_called_export(api: httpx.AsyncClient) -> None:
    ana, header = await signed_in(await make_user())
    await make_project(ana, "Export", slug="export")
    assert (await api.get("/api/v1/projects/export", headers=header)).json()["name"] == "Export"


def test_cells_are_text_and_times_in_utc() -> None:
    at = datetime(2026, 5, 4, 11, 30, tzinfo=timezone(timedelta(hours=2)))
    assert cell(at) == "2026-05-04T09:30:00+00:00" == cell(at.astimezone(UTC))
    values: tuple[object, ...] = (None, True, 7, "ü", {})
    assert [cell(value) for value in values] == ["", "true", "7", "ü", ""]
    assert csv_lines(("a",), (), has_header=False) == ""


def test_the_link_has_what_the_page_asks_for_without_its_page() -> None:
    asked = UserQuery(skip=25, limit=25, search="a&b", is_active=False, sort="-email")
    assert query_of(asked, "skip", "limit") == "search=a%26b&is_active=false&sort=-email"

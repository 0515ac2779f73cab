"""Environments and freeze windows: who may change them, and what is stored."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from tca_app.core.database.session import reading
from tca_app.features.environments import service as environments
from tca_app.features.environments.schemas import EnvironmentCreate
from tca_app.features.projects.schemas import ProjectCreate
from tca_app.features.projects.service import create_project
from tca_app.models import LoggedEvent
from tests.factories import bearer, environment_of, make_deployment, make_project, make_user, run


async def events() -> list[str]:
    about = LoggedEvent.subject_type == "project"
    async with reading() as session:
        return list((await session.execute(select(LoggedEvent.type).where(about).order_by(LoggedEvent.id))).scalars())


def window(**fields: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    given = {"starts_at": (now - timedelta(hours=1)).isoformat(), "ends_at": (now + timedelta(hours=1)).isoformat()}
    return given | {"why": "Christmas"} | fields


async def test_a_new_project_starts_with_three_environments() -> None:
    owner = await make_user()
    project = await run(create_project, owner, ProjectCreate(name="Ledger"))
    found = await run(environments.list_environments, owner, project.id)
    assert [place.name for place in found] == ["development", "staging", "production"]


async def test_maintainers_add_and_change_environments(api: httpx.AsyncClient) -> None:
    owner, maintainer = await make_user(), await make_user()
    project_id = await make_project(owner, team={maintainer: "maintainer"})
    header, url = await bearer(maintainer), f"/api/v1/projects/{project_id}/environments"
    made = await api.post(url, headers=header, json={"name": "eu-west", "rank": 31, "url": "https://eu.example.com"})
    assert made.status_code == 201
    changed = await api.patch(
        made.headers["location"], headers=header | {"If-Match": '"1"'}, json={"is_protected": True}
    )
    assert changed.json() | {"is_protected": True, "version": 2} == changed.json()
    stale = await api.patch(made.headers["location"], headers=header | {"If-Match": '"1"'}, json={"rank": 5})
    assert stale.status_code == 412
    listed = (await api.get(url, headers=header)).json()
    assert [place["name"] for place in listed] == ["development", "staging", "production", "eu-west"]
    assert await events() == ["environment_created", "environment_updated"]


async def test_names_are_unique_without_regard_to_case(api: httpx.AsyncClient) -> None:
    owner = await make_user()
    project_id = await make_project(owner)
    header, url = await bearer(owner), f"/api/v1/projects/{project_id}/environments"
    taken = await api.post(url, headers=header, json={"name": "Production"})
    assert (taken.status_code, taken.json()["errors"][0]["pointer"]) == (409, "/name")
    staging = await environment_of(project_id, "staging")
    assert (await api.patch(f"{url}/{staging}", headers=header, json={"name": "PRODUCTION"})).status_code == 409


async def test_a_deployer_reads_but_does_not_change(api: httpx.AsyncClient) -> None:
    owner, deployer = await make_user(), await make_user()
    project_id = await make_project(owner, team={deployer: "deployer"})
    header, url = await bearer(deployer), f"/api/v1/projects/{project_id}"
    assert (await api.get(f"{url}/environments", headers=header)).status_code == 200
    assert (await api.get(f"{url}/freezes", headers=header)).status_code == 200
    assert (await api.post(f"{url}/environments", headers=header, json={"name": "x"})).status_code == 403
    assert (await api.post(f"{url}/freezes", headers=header, json=window())).status_code == 403


async def test_what_is_going_on_keeps_an_environment_and_history_does_not(api: httpx.AsyncClient) -> None:
    owner = await make_user()
    project_id = await make_project(owner)
    header, url = await bearer(owner), f"/api/v1/projects/{project_id}/environments"
    staging = await environment_of(project_id, "staging")
    deployment = await make_deployment(project_id, "staging")
    refused = await api.delete(f"{url}/{staging}", headers=header)
    assert (refused.status_code, refused.json()["code"]) == (409, "environment_in_use")
    cancelled = await api.patch(f"/api/v1/deployments/{deployment}", headers=header, json={"status": "cancelled"})
    assert cancelled.status_code == 200
    assert (await api.delete(f"{url}/{staging}", headers=header)).status_code == 204
    assert (await api.delete(f"{url}/{staging}", headers=header)).status_code == 404
    kept = (await api.get(f"/api/v1/deployments/{deployment}", headers=header)).json()
    assert kept["environment"]["name"] == "staging"
    assert (await api.post(url, headers=header, json={"name": "staging"})).status_code == 201


async def test_an_environment_of_another_project_is_not_there(api: httpx.AsyncClient) -> None:
    owner = await make_user()
    mine, other = await make_project(owner), await make_project(owner)
    header = await bearer(owner)
    theirs = await environment_of(other)
    answer = await api.patch(f"/api/v1/projects/{mine}/environments/{theirs}", headers=header, json={"rank": 1})
    assert answer.status_code == 404
    asked = window(environment_id=theirs)
    assert (await api.post(f"/api/v1/projects/{mine}/freezes", headers=header, json=asked)).status_code == 404


async def test_a_freeze_is_set_listed_and_lifted(api: httpx.AsyncClient) -> None:
    owner = await make_user()
    project_id = await make_project(owner)
    header, url = await bearer(owner), f"/api/v1/projects/{project_id}/freezes"
    production = await environment_of(project_id)
    made = await api.post(url, headers=header, json=window(environment_id=production))
    assert (made.status_code, made.json()["environment"], made.json()["created_by"]["id"]) == (
        201,
        "production",
        owner.user_id,
    )
    assert [found["why"] for found in (await api.get(url, headers=header)).json()] == ["Christmas"]
    assert (await api.delete(f"{url}/{made.json()['id']}", headers=header)).status_code == 204
    assert (await api.get(url, headers=header)).json() == []
    assert await events() == ["freeze_set", "freeze_lifted"]


@pytest.mark.parametrize(
    "fields",
    [
        {"ends_at": "2020-01-01T00:00:00Z"},
        {"ends_at": "2026-02-30T00:00:00Z"},
        {"ends_at": 1_800_000_000},
        {"ends_at": "2027-01-01"},
        {"ends_at": "9999-12-31T23:59:59-10:00"},
        {"why": " "},
    ],
)
async def test_a_freeze_that_makes_no_sense_is_refused(api: httpx.AsyncClient, fields: dict[str, Any]) -> None:
    owner = await make_user()
    project_id = await make_project(owner)
    asked = window(**fields)
    answer = await api.post(f"/api/v1/projects/{project_id}/freezes", headers=await bearer(owner), json=asked)
    assert answer.status_code == 422, answer.text


async def test_there_is_an_end_to_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    owner = await make_user()
    project_id = await make_project(owner)
    monkeypatch.setattr(environments, "MAX_ENVIRONMENTS", 3)
    with pytest.raises(environments.TooManyEnvironments):
        await run(environments.create_environment, owner, project_id, EnvironmentCreate(name="one more"))

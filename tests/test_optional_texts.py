"""Null for an optional text means empty: it is stored as "" by a create, and cleared by an edit."""

from typing import Any

import httpx
import pytest

from tca_app.features.projects.ui import state as _project_list  # noqa: F401  reads the query of a view
from tests.factories import PASSWORD, bearer, make_admin, make_deployment, make_freeze, make_project
from tests.rest_api import document

V1 = "/api/v1"


@pytest.fixture
async def admin(api: httpx.AsyncClient) -> dict[str, Any]:
    person = await make_admin()
    return {"header": await bearer(person), "person": person, "project_id": await make_project(person, "Ledger")}


async def test_a_create_takes_null_for_every_optional_text(api: httpx.AsyncClient, admin: dict[str, Any]) -> None:
    project = f"{V1}/projects/{admin['project_id']}"
    made = {"environment": "staging", "version": "1.0.0"}
    for url, needed, texts in (
        (f"{V1}/users", {"email": "a@example.com", "username": "ana", "password": PASSWORD}, ["full_name"]),
        (f"{V1}/projects", {"name": "Billing"}, ["description", "repository_url"]),
        (f"{V1}/webhooks", {"url": "https://hooks.example.com/in"}, ["description"]),
        (f"{V1}/views", {"list": "projects", "name": "All"}, ["query"]),
        (f"{project}/environments", {"name": "load-test"}, ["url"]),
        (f"{project}/deployments", made, ["commit_sha", "ref", "description", "ci_url", "freeze_reason"]),
    ):
        answer = await api.post(url, json=needed | dict.fromkeys(texts), headers=admin["header"])
        assert answer.status_code == 201, answer.text
        assert {name: answer.json()[name] for name in texts} == dict.fromkeys(texts, "")


async def test_an_edit_clears_what_is_null_and_leaves_the_rest(api: httpx.AsyncClient, admin: dict[str, Any]) -> None:
    header, project = admin["header"], f"{V1}/projects/{admin['project_id']}"
    person = (
        await api.post(
            f"{V1}/users",
            json={"email": "a@example.com", "username": "ana", "full_name": "Ana", "password": PASSWORD},
            headers=header,
        )
    ).json()
    hook = await api.post(
        f"{V1}/webhooks", json={"url": "https://hooks.example.com/in", "description": "Bot"}, headers=header
    )
    place = await api.post(
        f"{project}/environments", json={"name": "load-test", "url": "https://load.example.com"}, headers=header
    )
    for url, filled in (
        (f"{V1}/users/{person['id']}", {"full_name": "Ana Lopez"}),
        (project, {"description": "Money", "repository_url": "https://git.example.com/ledger"}),
        (hook.headers["Location"], {"description": "Deploy bot"}),
        (place.headers["Location"], {"url": "https://load.example.com/two"}),
    ):
        before = (await api.patch(url, json=filled, headers=header)).json()
        for name, value in filled.items():
            assert before[name] == value
            after = (await api.patch(url, json={name: None}, headers=header)).json()
            assert after == before | {name: "", "version": before["version"] + 1, "updated_at": after["updated_at"]}
            before = after


async def test_a_report_takes_null_for_its_reason(api: httpx.AsyncClient, admin: dict[str, Any]) -> None:
    running = await make_deployment(admin["project_id"], status="in_progress")
    body = {"status": "failed", "reason": None}
    answer = await api.patch(f"{V1}/deployments/{running}", json=body, headers=admin["header"])
    assert (answer.status_code, answer.json()["reason"]) == (200, "")


async def test_a_null_reason_passes_no_freeze(api: httpx.AsyncClient, admin: dict[str, Any]) -> None:
    await make_freeze(admin["project_id"])
    body = {"environment": "staging", "version": "1.0.0", "freeze_reason": None}
    answer = await api.post(f"{V1}/projects/{admin['project_id']}/deployments", json=body, headers=admin["header"])
    assert answer.status_code == 409


@pytest.mark.parametrize(
    ("method", "url", "body"),
    [
        ("PATCH", "users/{user}", {"email": None}),
        ("PATCH", "users/{user}", {"username": None}),
        ("PATCH", "users/{user}", {"is_active": None}),
        ("PATCH", "projects/{project}", {"name": None}),
        ("POST", "projects", {"name": None}),
        ("POST", "webhooks", {"url": None}),
        ("POST", "projects/{project}/freezes", {"why": None}),
    ],
)
async def test_null_is_refused_where_empty_is(
    api: httpx.AsyncClient, admin: dict[str, Any], method: str, url: str, body: dict[str, Any]
) -> None:
    place = url.format(user=admin["person"].user_id, project=admin["project_id"])
    answer = await api.request(method, f"{V1}/{place}", json=body, headers=admin["header"])
    assert answer.status_code == 422
    assert f"/{next(iter(body))}" in [fault["pointer"] for fault in answer.json()["errors"]]


def test_the_document_offers_null_for_every_text_that_may_be_empty() -> None:
    """A text may be empty when it has neither a least length nor a pattern of its own."""
    to_schemas = document()["components"]["schemas"]
    bodies = {
        call["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        for calls in document()["paths"].values()
        for call in calls.values()
        if "$ref" in call.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    }
    nullable = set()
    for name in bodies:
        for field, shape in to_schemas[name]["properties"].items():
            if shape.get("type") == "string":
                must = name in ("LoginRequest",) or field in to_schemas[name].get("required", [])
                filled = "minLength" in shape or "enum" in shape or shape.get("format") in ("email", "date-time")
                assert must or filled, f"{name}.{field} may be empty, so null must be offered"
            elif {"type": "null"} in shape.get("anyOf", []) and shape.get("default", "") == "":
                nullable.add(f"{name}.{field}")
    assert nullable >= {
        "UserCreate.full_name",
        "UserUpdate.full_name",
        "SetupRequest.full_name",
        "ProjectCreate.description",
        "ProjectUpdate.repository_url",
        "WebhookUpdate.description",
        "EnvironmentUpdate.url",
        "DeploymentCreate.commit_sha",
    }

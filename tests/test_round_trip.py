"""Every field of every create call is stored and read back."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from pydantic import BaseModel

from tca_app.features.ci.schemas import TrustCreate
from tca_app.features.deployments.schemas import DeploymentCreate
from tca_app.features.environments.schemas import EnvironmentCreate, FreezeCreate
from tca_app.features.health.incidents.schemas import IncidentCreate
from tca_app.features.health.maintenance.schemas import MaintenanceCreate
from tca_app.features.health.schemas import CheckUpdate
from tca_app.features.projects.schemas import ProjectCreate
from tca_app.features.projects.ui import state as _project_list  # noqa: F401  reads the query of a view
from tca_app.features.tokens.schemas import ProjectTokenCreate, TokenCreate
from tca_app.features.users.schemas import UserCreate
from tca_app.features.views.schemas import ViewCreate
from tca_app.features.webhooks.schemas import WebhookCreate
from tests.factories import bearer, environment_of, make_admin, make_check, make_project, make_user, make_webhook

NOW = datetime.now(UTC).replace(microsecond=0)
# Nothing here is a default, so a field that is dropped cannot look as if it was stored.
USER = {
    "email": "ana@example.com",
    "username": "ana",
    "full_name": "Ana López",
    "password": "Green-Boat-42",
    "must_change_password": True,
    "is_active": False,
    "is_superuser": True,
}
PROJECT = {
    "name": "Ledger",
    "slug": "the-ledger",
    "description": "Double entry.",
    "status": "paused",
    "repository_url": "https://git.example.com/ledger",
    "color": "purple",
    "emoji": "\U0001f4d2",
}
ENVIRONMENT = {
    "name": "eu-west",
    "url": "https://eu.example.com",
    "rank": 31,
    "tier": "staging",
    "is_protected": True,
    "allow_parallel": True,
}
FREEZE = {"starts_at": NOW, "ends_at": NOW + timedelta(hours=1), "why": "Christmas"}
WEBHOOK = {"url": "https://hooks.example.com/in", "description": "Chat", "event_types": ["project_updated"]}
DEPLOYMENT = {
    "environment": "staging",
    "version": "1.4.2",
    "commit_sha": "9f1c2ab",
    "ref": "main",
    "commit_at": NOW - timedelta(hours=2),
    "description": "The fix",
    "ci_url": "https://ci.example.com/7",
    "external_id": "run-7",
    "status": "failed",
    "reason": "Disk full",
    "queued_at": NOW - timedelta(minutes=30),
    "started_at": NOW - timedelta(minutes=20),
    "finished_at": NOW,  # the freeze below begins then
    "freeze_reason": "It cannot wait",
}
TOKEN = {"name": "Laptop", "scopes": ["write"], "allowed_networks": ["127.0.0.0/8"], "expires_in_days": 7}
PROJECT_TOKEN = TOKEN | {"name": "CI", "role": "maintainer"}
TRUST = {"name": "Release", "issuer": "https://ci.example.com", "claims": {"repository": "acme/*", "ref": "main"}}
VIEW = {"list": "projects", "name": "Paused", "query": "status=paused", "is_shared": True, "is_pinned": True}
CHECK = {
    "expected_status": 204,
    "timeout_s": 2,
    "interval_s": 300,
    "weight": 3,
    "failures_to_open": 5,
    "passes_to_close": 4,
    "severity": "critical",
    "is_paused": True,
    "is_public": True,
}
INCIDENT = {"title": "Checkout is slow", "severity": "critical", "is_public": True}
MAINTENANCE = {
    "title": "Upgrade",
    "message": "Short interruptions.",
    "starts_at": NOW + timedelta(hours=1),
    "ends_at": NOW + timedelta(hours=2),
    "is_public": True,
}


def covers(schema: type[BaseModel], values: dict[str, Any], *others: str) -> None:
    assert set(values) | set(others) == set(schema.model_fields)


def shown(body: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """Those of the fields that an answer shows, times as times."""
    read = {name: body[name] for name in values if name in body}
    return {n: datetime.fromisoformat(v) if isinstance(values[n], datetime) else v for n, v in read.items()}


async def create(api: httpx.AsyncClient, path: str, header: dict[str, str], values: dict[str, Any]) -> dict[str, Any]:
    """Post the values; the answer is compared, and what is read at its location is returned."""
    sent = {name: v.isoformat() if isinstance(v, datetime) else v for name, v in values.items()}
    answer = await api.post(path, headers=header, json=sent)
    assert answer.status_code == 201, answer.text
    assert shown(answer.json(), values).items() <= values.items()
    return dict(answer.json())


async def read(api: httpx.AsyncClient, path: str, header: dict[str, str]) -> Any:
    answer = await api.get(path, headers=header)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_view(api: httpx.AsyncClient) -> None:
    covers(ViewCreate, VIEW, "project_id", "webhook_id")
    owner = await make_admin()
    admin = await bearer(owner)
    project_id = await make_project(owner)
    hook = await make_webhook(owner)
    of_records = (
        {"list": "members", "query": "role=owner", "project_id": project_id},
        {"list": "deliveries", "query": "status=failed", "webhook_id": hook.id},
    )
    for view in (VIEW, *(VIEW | of_record for of_record in of_records)):
        made = await create(api, "/api/v1/views", admin, view)
        assert shown(await read(api, f"/api/v1/views/{made['id']}", admin), view) == view


async def test_a_user(api: httpx.AsyncClient) -> None:
    covers(UserCreate, USER)
    header = await bearer(await make_admin())
    created = await create(api, "/api/v1/users", header, USER)
    stored = shown(await read(api, f"/api/v1/users/{created['id']}", header), USER)
    assert stored == {name: value for name, value in USER.items() if name != "password"}
    await api.patch(f"/api/v1/users/{created['id']}", headers=header, json={"is_active": True})
    signed_in = {"username": USER["username"], "password": USER["password"]}
    assert (await api.post("/api/auth/login", json=signed_in)).status_code == 200


async def test_a_project_with_its_team(api: httpx.AsyncClient) -> None:
    covers(ProjectCreate, PROJECT, "team_members")
    owner, colleague = await make_user(), await make_user()
    header = await bearer(owner)
    team = [{"user_id": colleague.user_id, "role": "deployer"}]
    created = await create(api, "/api/v1/projects", header, PROJECT | {"team_members": team})
    path = f"/api/v1/projects/{created['id']}"
    assert shown(await read(api, path, header), PROJECT) == PROJECT
    members = await read(api, f"{path}/members", header)
    roles = {member["user_id"]: member["role"] for member in members}
    assert roles == {owner.user_id: "owner", colleague.user_id: "deployer"}


async def test_an_environment_and_a_freeze_window(api: httpx.AsyncClient) -> None:
    covers(EnvironmentCreate, ENVIRONMENT)
    covers(FreezeCreate, FREEZE, "environment_id")
    owner = await make_user()
    header, path = await bearer(owner), f"/api/v1/projects/{await make_project(owner)}"
    environment = await create(api, f"{path}/environments", header, ENVIRONMENT)
    stored = [row for row in await read(api, f"{path}/environments", header) if row["id"] == environment["id"]]
    assert [shown(row, ENVIRONMENT) for row in stored] == [ENVIRONMENT]
    freeze = FREEZE | {"environment_id": environment["id"]}
    await create(api, f"{path}/freezes", header, freeze)
    assert [shown(row, freeze) for row in await read(api, f"{path}/freezes", header)] == [freeze]


async def test_a_webhook(api: httpx.AsyncClient) -> None:
    covers(WebhookCreate, WEBHOOK, "project_id")
    owner = await make_user()
    header, webhook = await bearer(owner), WEBHOOK | {"project_id": await make_project(owner)}
    created = await create(api, "/api/v1/webhooks", header, webhook)
    assert shown(await read(api, f"/api/v1/webhooks/{created['id']}", header), webhook) == webhook


async def test_a_deployment(api: httpx.AsyncClient) -> None:
    covers(DeploymentCreate, DEPLOYMENT, "commits")  # its own test reads them back
    admin = await make_admin()
    header, project_id = await bearer(admin), await make_project(admin)
    staging = await environment_of(project_id, "staging")
    freeze = {name: v.isoformat() if isinstance(v, datetime) else v for name, v in FREEZE.items()}
    frozen = await api.post(
        f"/api/v1/projects/{project_id}/freezes", headers=header, json=freeze | {"environment_id": staging}
    )
    assert frozen.status_code == 201
    sent = {name: v.isoformat() if isinstance(v, datetime) else v for name, v in DEPLOYMENT.items()}
    created = (await api.post(f"/api/v1/projects/{project_id}/deployments", headers=header, json=sent)).json()
    body = await read(api, f"/api/v1/deployments/{created['id']}", header)
    stored = shown(body | {"environment": body["environment"]["name"]}, DEPLOYMENT)
    assert stored == DEPLOYMENT


async def test_an_api_token_of_a_person_and_of_a_project(api: httpx.AsyncClient) -> None:
    covers(TokenCreate, TOKEN)
    covers(ProjectTokenCreate, PROJECT_TOKEN)
    owner = await make_user()
    header, project_id = await bearer(owner), await make_project(owner)
    for path, values in (("/api/v1/tokens", TOKEN), (f"/api/v1/projects/{project_id}/tokens", PROJECT_TOKEN)):
        await create(api, path, header, values)
        (stored,) = await read(api, path, header)
        wanted = {name: value for name, value in values.items() if name != "expires_in_days"}
        assert shown(stored, wanted) == wanted
        ends_at = datetime.fromisoformat(stored["expires_at"])
        assert timedelta(days=6, hours=23) < ends_at - NOW < timedelta(days=7, hours=1)


async def test_a_trusted_issuer(api: httpx.AsyncClient) -> None:
    covers(TrustCreate, TRUST)
    owner = await make_user()
    header, path = await bearer(owner), f"/api/v1/projects/{await make_project(owner)}/ci-trusts"
    await create(api, path, header, TRUST)
    assert [shown(row, TRUST) for row in await read(api, path, header)] == [TRUST]


async def test_the_settings_of_a_health_check(api: httpx.AsyncClient) -> None:
    covers(CheckUpdate, CHECK, "any_status")
    admin = await make_admin()
    header = await bearer(admin)
    check_id = await make_check(await make_project(admin), "Ledger production", url="https://ledger.example.com/up")
    answer = await api.patch(f"/api/v1/health/checks/{check_id}", headers=header, json=CHECK)
    assert answer.status_code == 200, answer.text
    stored = [row for row in await read(api, "/api/v1/health/checks", header) if row["id"] == check_id]
    assert [shown(row, CHECK) for row in stored] == [CHECK]


async def test_an_incident_and_maintenance(api: httpx.AsyncClient) -> None:
    owner = await make_user()
    project_id, header = await make_project(owner), await bearer(owner)
    check_id = await make_check(project_id, "Ledger production")
    about = {"project_id": project_id, "check_ids": [check_id]}
    for path, schema, body in (
        ("/api/v1/incidents", IncidentCreate, INCIDENT | about | {"message": "We look at it."}),
        ("/api/v1/maintenance-windows", MaintenanceCreate, MAINTENANCE | about),
    ):
        covers(schema, body)
        await create(api, path, header, body)
        (row,) = await read(api, path, header)
        stored = {name: value for name, value in body.items() if name not in ("check_ids", "message")}
        assert shown(row, stored) == stored
        assert [part["check_id"] for part in row["components"]] == [check_id]
        assert (row["notes"][0]["note"] if "notes" in row else row["message"]) == body["message"]

"""Who may make each call of `/api/v1`, with a valid body and ids of records that exist.

A new route fails here until it has a line in ALLOWED. What a call writes is rolled back, so all share one set of rows.
"""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import func, insert
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.config.settings import get_settings
from tca_app.core.actor import Actor
from tca_app.core.database.session import transaction
from tca_app.models import Group, GroupMember, ProjectGroup, UserPicture
from tca_app.rest.dependencies import _transaction
from tca_app.server.api import build_api
from tca_app.server.edge import Edge
from tests.factories import (
    PASSWORD,
    bearer,
    environment_of,
    make_admin,
    make_check,
    make_comment,
    make_delivery,
    make_deployment,
    make_freeze,
    make_import,
    make_incident,
    make_invitation,
    make_maintenance,
    make_notification,
    make_project,
    make_subscriber,
    make_token,
    make_trust,
    make_user,
    make_view,
    make_webhook,
)
from tests.test_policies import PUBLIC, routes

# "the person" is whom the user, the token and the notification of a path are of, and has no role in the project.
CALLERS = ("anybody", "the person", "viewer", "deployer", "maintainer", "owner", "administrator")
ROLES = tuple(name for name in CALLERS if name != "the person")
EVERYBODY, MEMBERS, DEPLOYERS = set(CALLERS), set(CALLERS[2:]), set(CALLERS[3:])
MAINTAINERS, OWNERS, ADMINISTRATORS = set(CALLERS[4:]), set(CALLERS[5:]), {"administrator"}
PERSON, PERSON_ALONE = {"the person", "administrator"}, {"the person"}
CALLS = [(method, path) for method, path in routes() if path.startswith("/api/v1/") and (method, path) not in PUBLIC]
# The first line that fits the method and the path counts; `*` stands for the rest of the path.
P, D, W = "/api/v1/projects/{project_id}", "/api/v1/deployments/{deployment_id}", "/api/v1/webhooks/{webhook_id}"
ALLOWED: list[tuple[str, str, set[str]]] = [
    ("GET", P, MEMBERS),
    ("PUT PATCH", P, MAINTAINERS),
    ("DELETE", P, OWNERS),
    ("POST", f"{P}/restore", OWNERS),
    ("POST", f"{P}/transfer", OWNERS),
    ("GET", f"{P}/environments", MEMBERS),
    ("GET", f"{P}/environments/export.csv", MEMBERS),
    ("GET", f"{P}/freezes", MEMBERS),
    ("GET", f"{P}/freezes/export.csv", MEMBERS),
    ("GET", f"{P}/deployments", MEMBERS),
    ("POST PATCH", f"{P}/deployments*", DEPLOYERS),
    ("DELETE", f"{P}/members/{{user_id}}", MAINTAINERS),
    ("GET POST PUT PATCH DELETE", f"{P}/*", MAINTAINERS),
    ("POST", f"{D}/comments", MEMBERS),
    ("PATCH", f"{D}/comments/*", {"viewer"}),  # the author
    ("DELETE", f"{D}/comments/*", MAINTAINERS | {"viewer"}),
    ("GET", f"{D}/rollback", DEPLOYERS),
    ("GET", f"{D}*", MEMBERS),
    ("POST", f"{D}/approve", MAINTAINERS),
    ("POST", f"{D}/refuse", MAINTAINERS),
    ("POST PATCH", f"{D}*", DEPLOYERS),
    ("GET", "/api/v1/deployments*", EVERYBODY),
    ("POST", "/api/v1/webhooks", MAINTAINERS),
    ("GET", "/api/v1/webhooks", ADMINISTRATORS),
    ("GET", "/api/v1/webhooks/export.csv", ADMINISTRATORS),
    ("GET POST PATCH DELETE", f"{W}*", MAINTAINERS),
    ("GET", "/api/v1/health/checks", EVERYBODY),
    ("GET", "/api/v1/health/checks/export.csv", EVERYBODY),
    ("GET", "/api/v1/health/checks*", MEMBERS),
    ("PATCH", "/api/v1/health/checks*", MAINTAINERS),
    ("GET", "/api/v1/incidents", EVERYBODY),
    ("GET", "/api/v1/incidents/export.csv", EVERYBODY),
    ("GET", "/api/v1/incidents/{incident_id}", MEMBERS),
    ("POST PATCH", "/api/v1/incidents*", DEPLOYERS),
    ("GET", "/api/v1/maintenance-windows", EVERYBODY),
    ("GET", "/api/v1/maintenance-windows/export.csv", EVERYBODY),
    ("GET", "/api/v1/maintenance-windows/{window_id}", MEMBERS),
    ("POST PATCH", "/api/v1/maintenance-windows*", MAINTAINERS),
    ("POST", "/api/v1/invitations", MAINTAINERS),
    ("GET POST DELETE", "/api/v1/invitations*", ADMINISTRATORS),
    ("GET", "/api/v1/groups", EVERYBODY),
    ("GET", "/api/v1/groups/export.csv", EVERYBODY),
    ("GET POST PATCH DELETE", "/api/v1/groups*", ADMINISTRATORS),
    ("GET POST PUT PATCH DELETE", "/api/v1/instance*", ADMINISTRATORS),
    ("GET DELETE", "/api/v1/status-subscribers*", ADMINISTRATORS),
    ("GET POST DELETE", "/api/v1/jobs*", ADMINISTRATORS),
    ("GET", "/api/v1/admin/*", ADMINISTRATORS),
    ("DELETE", "/api/v1/tokens/{token_id}", PERSON),
    ("POST", "/api/v1/tokens/{token_id}/rotate", PERSON_ALONE),
    ("GET POST", "/api/v1/tokens", EVERYBODY),
    ("GET", "/api/v1/tokens/export.csv", EVERYBODY),
    ("POST", "/api/v1/notifications/{notification_id}/read", PERSON_ALONE),
    ("GET POST PATCH", "/api/v1/notifications*", EVERYBODY),
    ("GET POST", "/api/v1/projects", EVERYBODY),
    ("GET", "/api/v1/projects/export.csv", EVERYBODY),
    ("GET", "/api/v1/users/export.csv", ADMINISTRATORS),
    ("GET", "/api/v1/activity*", EVERYBODY),
    ("GET", "/api/v1/stats", EVERYBODY),
    ("GET", "/api/v1/metrics/dora*", EVERYBODY),
    ("GET POST", "/api/v1/views", EVERYBODY),
    ("GET POST", "/api/v1/imports", EVERYBODY),
    ("GET", "/api/v1/imports/template.csv", EVERYBODY),
    ("GET POST DELETE", "/api/v1/imports*", PERSON_ALONE),
    ("GET PATCH DELETE", "/api/v1/views*", PERSON_ALONE),
    ("GET", "/api/v1/users/directory", EVERYBODY),
    ("GET PUT DELETE", "/api/v1/users/me*", EVERYBODY),
    ("GET", "/api/v1/users/{user_id}/picture", EVERYBODY),
    ("DELETE", "/api/v1/users/{user_id}/picture", PERSON),
    ("GET PUT PATCH", "/api/v1/users/{user_id}*", PERSON),
    ("POST", "/api/v1/users/{user_id}/erase", PERSON),
    ("GET POST DELETE", "/api/v1/users*", ADMINISTRATORS),
]
LOGO = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
ACCOUNT = {"email": "new@example.com", "username": "newcomer", "password": PASSWORD}


def allowed_to_make(method: str, path: str) -> set[str]:
    for methods, pattern, who in ALLOWED:
        if method in methods.split() and (path == pattern or (pattern.endswith("*") and path.startswith(pattern[:-1]))):
            return who
    raise AssertionError(f"who may call {method} {path}? Add a line to ALLOWED")


def around(expected: set[str]) -> tuple[str, ...]:
    """The lowest role that is expected, and the one below it: each role may do what those below it may."""
    lowest = next(number for number, name in enumerate(ROLES) if name in expected)
    return ROLES[max(lowest - 1, 0) : lowest + 1]


# Bodies by the end of the path; the first that fits counts. "$name" is the id of that record.
BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("PATCH", "/{deployment_id}"): {"status": "succeeded"},
    ("PATCH", "/{external_id}"): {"status": "succeeded"},
    ("PATCH", "/{check_id}"): {"weight": 2},
    ("PATCH", "/{comment_id}"): {"body": "x"},
    ("POST", "/comments"): {"body": "x"},
    ("PATCH", "/{incident_id}"): {"severity": "minor"},
    ("PATCH", "/{window_id}"): {"title": "Upgrade of PostgreSQL"},
    ("PATCH", "/instance"): {"app_name": "Harbour"},
    ("PUT", "/instance/logo"): {"content": LOGO},
    ("PUT", "/users/me/picture"): {"content": LOGO},
    ("PATCH", "/preferences"): {"preferences": [{"kind": "member_added", "channel": "mail", "is_on": False}]},
    ("PATCH", "/ci-trusts/{trust_id}"): {"name": "Nightly"},
    ("PATCH", "/environments/{environment_id}"): {"rank": 3},
    ("PATCH", "{project_id}/groups/{group_id}"): {"role": "deployer"},
    ("PATCH", "/groups/{group_id}"): {"name": "Day watch"},
    ("PATCH", "/members/{user_id}"): {"role": "deployer"},
    ("PATCH", "/views/{view_id}"): {"is_pinned": True},
    ("POST", "/imports/{import_id}/start"): {"existing": "skip"},
    ("POST", "/v1/imports"): {"kind": "projects", "content": "bmFtZQpBbm90aGVyCg==", "dry_run": True},
    ("POST", "/v1/views"): {"list": "projects", "name": "Mine"},
    ("PATCH", "/slack"): {"url": "https://hooks.slack.com/services/T0000/B0000/webhook-token"},
    ("PUT PATCH", "/users/{user_id}"): {"full_name": "Somebody"},
    ("PATCH", "/webhooks/{webhook_id}"): {"description": "x"},
    ("PUT", "/repository"): {"repository_id": 1},
    ("PUT PATCH", "/projects/{project_id}"): {"description": "x"},
    ("PUT", "/dashboard"): {"cards": ["users"], "panels": ["deploying_now"], "hidden": []},
    ("POST", "/logs"): {"first_seq": 1, "lines": ["x"]},
    ("POST", "/approve"): {"freeze_reason": ""},
    ("POST", "/refuse"): {"reason": "x"},
    ("POST", "/rollback"): {"description": ""},
    ("POST", "/v1/groups"): {"name": "Night watch"},
    ("POST", "/{group_id}/members"): {"user_id": "$colleague_id"},
    ("POST", "/notes"): {"note": "x"},
    ("POST", "/v1/incidents"): {"title": "Slow", "message": "We look at it.", "project_id": "$project_id"},
    ("POST", "/v1/maintenance-windows"): {
        "title": "Upgrade",
        "project_id": "$project_id",
        "check_ids": "$check_ids",
        "starts_at": "2099-01-01T00:00:00Z",
        "ends_at": "2099-01-02T00:00:00Z",
    },
    ("POST", "/v1/invitations"): {"emails": ["guest@example.com"], "project_id": "$project_id", "role": "viewer"},
    ("POST", "/v1/projects"): {"name": "Mine"},
    ("POST", "/ci-trusts"): {"name": "x", "issuer": "https://ci.example.com", "claims": {"repository": "acme/ledger"}},
    ("POST", "/deployments"): {"environment": "staging", "version": "1.0.0"},
    ("POST", "/environments"): {"name": "canary"},
    ("POST", "/freezes"): {"starts_at": "2026-01-01T00:00:00Z", "ends_at": "2099-01-01T00:00:00Z", "why": "Christmas"},
    ("POST", "{project_id}/groups"): {"group_id": "$other_group_id", "role": "viewer"},
    ("POST", "{project_id}/members"): {"user_id": "$user_id", "role": "viewer"},
    ("POST", "/tokens"): {"name": "CI"},
    ("POST", "/transfer"): {"user_id": "$colleague_id"},
    ("POST", "/v1/users"): ACCOUNT,
    ("POST", "/v1/webhooks"): {"url": "https://hooks.example.com/in", "project_id": "$project_id"},
    ("POST", "/rotate"): {},
}


class RolledBack(Exception):
    """Ends a transaction whose result was seen."""


async def _rolled_back() -> AsyncIterator[AsyncSession]:
    try:
        async with transaction() as session:
            yield session
            raise RolledBack
    except RolledBack:
        pass


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = build_api()
    app.dependency_overrides[_transaction] = _rolled_back
    edge = Edge(app, None, get_settings(), "")  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(edge), base_url="http://localhost:8000") as made:
        yield made


async def make_rows(person: Actor, owner: Actor, team: dict[Actor, str]) -> dict[str, Any]:
    """One record of each kind, by the name of its id in a path."""
    colleague = await make_user("colleague")
    project_id = await make_project(owner, "Ledger", team | {colleague: "viewer"})
    hook = await make_webhook(owner, project_id=project_id)
    check_id = await make_check(project_id)
    async with transaction() as session:
        group = insert(Group).values(name="Platform").returning(Group.id)
        group_id = (await session.execute(group)).scalar_one()
        other_group = insert(Group).values(name="Night").returning(Group.id)
        other_group_id = (await session.execute(other_group)).scalar_one()
        await session.execute(insert(GroupMember).values(group_id=group_id, user_id=person.user_id))
        await session.execute(insert(ProjectGroup).values(group_id=group_id, project_id=project_id, role="viewer"))
        await session.execute(insert(UserPicture).values(user_id=person.user_id, hash="x", content=b"x"))
    await make_freeze(project_id)
    deployment_id = await make_deployment(project_id, status="in_progress", external_id="own")
    viewer = next(who for who, role in team.items() if role == "viewer")
    return {
        "project_id": project_id,
        "user_id": person.user_id,
        "group_id": group_id,
        "webhook_id": hook.id,
        "delivery_id": await make_delivery(hook.id),
        "check_id": check_id,
        "check_ids": [check_id],
        "incident_id": await make_incident(check_id),
        "deployment_id": deployment_id,
        "comment_id": await make_comment(viewer, deployment_id),
        "window_id": await make_maintenance(project_id, check_id),
        "external_id": "own",
        "environment_id": await environment_of(project_id),
        "trust_id": await make_trust(owner, project_id),
        "invitation_id": await make_invitation(owner),
        "notification_id": await make_notification(person),
        "token_id": (await make_token(person))[0],
        "project_token_id": (await make_token(owner, project_id))[0],
        "deleted_id": await make_project(owner, "Old", team, deleted_at=func.now()),
        "other_group_id": other_group_id,
        "colleague_id": colleague.user_id,
        "view_id": await make_view(person),
        "subscriber_id": await make_subscriber(),
        "import_id": await make_import(person),
        "job_id": 1,
        "freeze_id": 1,
    }


def ids_for(method: str, path: str, ids: dict[str, Any]) -> dict[str, Any]:
    """The records that a path is about where it is not about the usual ones."""
    if path.endswith("/projects/{project_id}/restore"):
        return ids | {"project_id": ids["deleted_id"]}
    if "/projects/{project_id}/tokens/" in path:
        return ids | {"token_id": ids["project_token_id"]}
    if "/projects/{project_id}/members/" in path:
        return ids | {"user_id": ids["colleague_id"]}
    return ids


async def test_each_call_is_for_its_lowest_role_and_those_above(client: httpx.AsyncClient) -> None:
    people = [await make_user(name.replace("the ", "")) for name in CALLERS[:-1]]
    admin = await make_admin()
    _, person, viewer, deployer, maintainer, owner = people
    ids = await make_rows(person, owner, {viewer: "viewer", deployer: "deployer", maintainer: "maintainer"})
    headers = {name: await bearer(who) for name, who in zip(CALLERS, (*people, admin), strict=True)}
    wrong = {}
    for method, path in CALLS:
        own = ids_for(method, path, ids)
        expected = allowed_to_make(method, path)
        callers = around(expected) if names_a_project(path) else ("anybody", "the person", "administrator")
        statuses = {}
        for name in callers:
            body = body_of(method, path, own) if method in ("POST", "PUT", "PATCH") else None
            answer = await client.request(method, path.format(**own), headers=headers[name], json=body)
            assert answer.status_code in SEEN, (method, path, answer.text)
            statuses[name] = answer.status_code
        if let_in(statuses) != expected & set(callers):
            wrong[f"{method} {path}"] = statuses
    assert wrong == {}


# What is allowed may still be refused for the state of the record (409), or find nothing there (404).
SEEN = (200, 201, 202, 204, 403, 404, 409)


def let_in(statuses: dict[str, int]) -> set[str]:
    """Who got past the policy. A 404 counts for that where others get a 403, because it comes after."""
    passed = {name for name, status in statuses.items() if status not in (403, 404)}
    if passed or 403 not in statuses.values():
        return passed
    last = max(CALLERS.index(name) for name, status in statuses.items() if status == 403)
    return {name for name in statuses if CALLERS.index(name) > last}


def names_a_project(path: str) -> bool:
    """Whether the record belongs to the project, in the path or in the body."""
    kinds = ("projects/", "deployments/", "webhooks", "health/", "incidents/", "maintenance-windows/", "invitations")
    return path.startswith(tuple(f"/api/v1/{kind}" for kind in kinds))


def body_of(method: str, path: str, ids: dict[str, Any]) -> dict[str, Any] | None:
    """A body that the schema takes."""
    for (methods, end), body in BODIES.items():
        if method in methods.split() and path.endswith(end):
            return {name: ids.get(str(value).removeprefix("$"), value) for name, value in body.items()}
    return None

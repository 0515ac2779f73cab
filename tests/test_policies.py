"""Every route has a policy: each is called without a session, and only the listed ones answer."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from tca_app.models import Project, User, Webhook
from tests.factories import (
    environment_of,
    make_admin,
    make_check,
    make_comment,
    make_delivery,
    make_deployment,
    make_factor,
    make_identity,
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
    row_of,
    signed_in,
)
from tests.rest_api import document, rest_api

# Open to everybody, each for a reason: they sign in, or reveal only that the console is there.
PUBLIC = {
    ("POST", "/api/auth/login"),
    ("POST", "/api/auth/token"),
    ("POST", "/api/auth/session"),
    ("DELETE", "/api/auth/session"),
    ("POST", "/api/auth/setup"),
    ("POST", "/api/auth/refresh"),
    ("POST", "/api/auth/token-exchange"),  # with the ID token of a CI job
    ("POST", "/api/auth/login/second-factor"),  # the challenge is what the right password was given
    ("POST", "/api/auth/session/second-factor"),
    ("POST", "/api/auth/session/second-factor/passkey"),
    ("POST", "/api/auth/session/passkey/options"),  # a random challenge
    ("POST", "/api/auth/session/passkey"),
    ("POST", "/api/auth/password/forgot"),  # answers alike for every address
    ("POST", "/api/auth/password/reset"),  # with the token of the link
    ("POST", "/api/auth/email/confirm"),  # the same
    ("POST", "/api/auth/password/change"),  # with the cookie and the current password
    ("POST", "/api/auth/invitations/lookup"),  # the same
    ("POST", "/api/auth/invitations/accept"),  # the same
    ("POST", "/api/auth/invitations/join"),  # the same, and the cookie of the invited person
    ("GET", "/api/auth/oauth/{provider}/start"),  # both lead to a page in every case
    ("GET", "/api/auth/oauth/{provider}/callback"),
    ("POST", "/api/auth/oauth/{provider}/invitation"),  # the token of the link is the permission
    ("POST", "/api/hooks/github/{project_id}"),  # signed with the project's own key
    ("GET", "/api"),
    ("GET", "/api/v1/instance/logo"),  # the sign-in page shows it
    ("GET", "/status/public"),
    ("GET", "/status/public.json"),
    ("GET", "/status/feed.xml"),
    ("GET", "/status/badge.svg"),
    ("POST", "/status/public/subscribe"),  # a mail to the address has the link that counts
    ("GET", "/status/public/confirm"),
    ("POST", "/status/public/confirm"),  # the token of the link is the permission
    ("GET", "/status/public/unsubscribe"),
    ("POST", "/status/public/unsubscribe"),  # the same
    ("GET", "/health"),
    ("GET", "/health/live"),
    ("GET", "/health/ready"),
}

# Parameters of the calls, by the last part of their path.
BODIES: dict[str, dict[str, Any]] = {
    "ci-trusts": {"name": "x", "issuer": "https://ci.example.com", "claims": {"repository": "acme/ledger"}},
    "comments": {"body": "x"},
    "{comment_id}": {"body": "x"},
    "confirm": {"code": "123456"},
    "deployments": {"environment": "production", "version": "1.0.0"},
    "freezes": {"starts_at": "2026-01-01T00:00:00Z", "ends_at": "2099-01-01T00:00:00Z", "why": "Christmas"},
    "logs": {"first_seq": 1, "lines": ["x"]},
    "refuse": {"reason": "x"},
    "rollback": {"description": ""},
    "approve": {"freeze_reason": ""},
    "notes": {"note": "x"},
    "repository": {"repository_id": 1},
    "slack": {"topics": ["health"]},
    "rotate": {"overlap_hours": 1},
    "start": {"existing": "skip"},
}


def routes() -> list[tuple[str, str]]:
    return sorted((method.upper(), path) for path, calls in document()["paths"].items() for method in calls)


def api_routes(router: Any) -> Iterator[APIRoute]:
    """Every route, those of included routers too."""
    for route in router.routes:
        if isinstance(route, APIRoute):
            yield route
        elif (included := getattr(route, "original_router", None)) is not None:
            yield from api_routes(included)


def test_every_route_stands_in_the_document() -> None:
    """What is hidden from the document is hidden from the tests that walk it."""
    found = list(api_routes(rest_api().router))
    assert len(found) >= len({path for _, path in routes()})
    assert [route.path for route in found if not route.include_in_schema] == []


@pytest.mark.parametrize(("method", "path"), [route for route in routes() if route not in PUBLIC])
async def test_nobody_gets_nothing(api: httpx.AsyncClient, method: str, path: str) -> None:
    admin = await make_admin()
    project_id = await make_project(admin)
    before = (await row_of(User, admin.user_id), await row_of(Project, project_id))
    names = (
        "trust_id",
        "session_id",
        "notification_id",
        "job_id",
        "webhook_id",
        "delivery_id",
        "deployment_id",
        "environment_id",
    )
    ids = dict.fromkeys(
        (*names, "freeze_id", "check_id", "incident_id", "external_id", "token_id", "invitation_id", "factor_id"), 1
    )
    ids |= {"window_id": 1, "group_id": 1, "identity_id": 1, "view_id": 1, "comment_id": 1, "subscriber_id": 1}
    ids["import_id"] = 1
    url = path.format(user_id=admin.user_id, project_id=project_id, **ids)
    answer = await api.request(method, url, json={} if method in ("POST", "PUT", "PATCH") else None)
    assert answer.status_code == 401, answer.text
    assert answer.headers["www-authenticate"] == "Bearer"
    assert (await row_of(User, admin.user_id), await row_of(Project, project_id)) == before


@pytest.mark.parametrize(("method", "path"), [route for route in routes() if route not in PUBLIC and "{" in route[1]])
async def test_what_belongs_to_others_does_not_exist(api: httpx.AsyncClient, method: str, path: str) -> None:
    """The same call with the ids of someone else's rows, as a member who has nothing to do with them."""
    admin, _ = await signed_in(await make_admin())
    _, stranger = await signed_in(await make_user())
    project_id = await make_project(admin)
    hook = await make_webhook(admin, project_id=project_id)
    mine = ((User, admin.user_id), (Project, project_id), (Webhook, hook.id))
    before = [await row_of(*row) for row in mine]
    ids: dict[str, Any] = {
        "session_id": admin.session_id,
        "notification_id": await make_notification(admin),
        "job_id": 1,
    }
    ids |= {"webhook_id": hook.id, "delivery_id": await make_delivery(hook.id)}
    ids |= {"deployment_id": await make_deployment(project_id, external_id="own"), "freeze_id": 1}
    ids["external_id"] = "own"
    ids["comment_id"] = await make_comment(admin, ids["deployment_id"])
    ids["trust_id"] = await make_trust(admin, project_id)
    ids["factor_id"] = await make_factor(admin)
    ids["group_id"] = 1
    ids |= {"environment_id": await environment_of(project_id)}
    ids["identity_id"] = await make_identity(admin)
    ids["check_id"] = await make_check(project_id)
    ids["view_id"] = await make_view(admin)
    ids["subscriber_id"] = await make_subscriber()
    ids["import_id"] = await make_import(admin)
    of_project = "/projects/{project_id}/tokens" in path
    ids["token_id"], _ = await make_token(admin, project_id if of_project else None)
    ids["invitation_id"] = await make_invitation(admin)
    ids["incident_id"] = await make_incident(ids["check_id"])
    ids["window_id"] = await make_maintenance(project_id, ids["check_id"])
    url = path.format(user_id=admin.user_id, project_id=project_id, **ids)
    bodies = {"members": {"user_id": admin.user_id, "role": "viewer"}, "transfer": {"user_id": admin.user_id}}
    bodies |= BODIES
    body = {"role": "viewer"} if path.endswith("members/{user_id}") else bodies.get(path.rsplit("/", 1)[-1])
    body = {"group_id": 1} if path.endswith("}/groups") else {"role": "viewer"} if "}/groups/" in path else body
    body = {"user_id": admin.user_id} if path.endswith("{group_id}/members") else body
    body = body or ({"description": "Mallory"} if "/webhooks/" in path else None)
    body = {"status": "succeeded"} if path.endswith(("/{deployment_id}", "/{external_id}")) else body
    body = {"weight": 2} if path.endswith("/{check_id}") else body
    body = {"title": "Mallory"} if path.endswith(("/{incident_id}", "/{window_id}")) else body
    body = body or {"full_name": "Mallory"} if "/users/" in path else body or {"name": "Mallory"}
    answer = await api.request(method, url, headers=stranger, json=body if method in ("POST", "PUT", "PATCH") else None)
    # What only administrators have at all is refused; elsewhere whatever is someone else's does not exist.
    of_admins = path.startswith(("/api/v1/jobs/", "/api/v1/groups/", "/api/v1/status-subscribers/"))
    refused = of_admins or (path.startswith("/api/v1/users/") and method != "GET")
    expected = (403, 404) if refused else (404,)
    assert answer.status_code in expected, answer.text
    assert [await row_of(*row) for row in mine] == before

"""Every route has a policy: each is called without a session, and only the listed ones answer."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg
import pytest
from fastapi.routing import APIRoute

from tca_app.models import Project, User, Webhook
from tests.conftest import empty_tables
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


# It is made once: a call that is refused leaves it as it was, which each test looks at.
@dataclass
class Others:
    """Rows of an administrator, by the names of the parameters in paths, and the header of a stranger to them."""

    ids: dict[str, Any]
    token_of_project: int
    stranger: dict[str, str]

    async def rows(self) -> list[dict[str, Any]]:
        mine = ((User, self.ids["user_id"]), (Project, self.ids["project_id"]), (Webhook, self.ids["webhook_id"]))
        return [await row_of(*row) for row in mine]


@pytest.fixture(autouse=True)
def _empty_tables() -> None:
    """Not after every test."""


@pytest.fixture(scope="module")
async def others(_cleaner: psycopg.Connection) -> AsyncIterator[Others]:
    yield await _make_others()
    empty_tables(_cleaner)


async def _make_others() -> Others:
    admin, _ = await signed_in(await make_admin())
    _, stranger = await signed_in(await make_user())
    project_id = await make_project(admin)
    hook = await make_webhook(admin, project_id=project_id)
    deployment_id, check_id = await make_deployment(project_id, external_id="own"), await make_check(project_id)
    ids = {
        "user_id": admin.user_id,
        "project_id": project_id,
        "session_id": admin.session_id,
        "notification_id": await make_notification(admin),
        "job_id": 1,
        "webhook_id": hook.id,
        "delivery_id": await make_delivery(hook.id),
        "deployment_id": deployment_id,
        "freeze_id": 1,
        "external_id": "own",
        "comment_id": await make_comment(admin, deployment_id),
        "trust_id": await make_trust(admin, project_id),
        "factor_id": await make_factor(admin),
        "group_id": 1,
        "environment_id": await environment_of(project_id),
        "identity_id": await make_identity(admin),
        "check_id": check_id,
        "view_id": await make_view(admin),
        "subscriber_id": await make_subscriber(),
        "import_id": await make_import(admin),
        "token_id": (await make_token(admin))[0],
        "invitation_id": await make_invitation(admin),
        "incident_id": await make_incident(check_id),
        "window_id": await make_maintenance(project_id, check_id),
    }
    return Others(ids, (await make_token(admin, project_id))[0], stranger)


@pytest.mark.parametrize(("method", "path"), [route for route in routes() if route not in PUBLIC])
async def test_nobody_gets_nothing(api: httpx.AsyncClient, others: Others, method: str, path: str) -> None:
    before = await others.rows()
    answer = await api.request(
        method, path.format(**others.ids), json={} if method in ("POST", "PUT", "PATCH") else None
    )
    assert answer.status_code == 401, answer.text
    assert answer.headers["www-authenticate"] == "Bearer"
    assert await others.rows() == before


@pytest.mark.parametrize(("method", "path"), [route for route in routes() if route not in PUBLIC and "{" in route[1]])
async def test_what_belongs_to_others_does_not_exist(
    api: httpx.AsyncClient, others: Others, method: str, path: str
) -> None:
    """The same call with the ids of someone else's rows, as a member who has nothing to do with them."""
    before, user_id = await others.rows(), others.ids["user_id"]
    of_project = {"token_id": others.token_of_project} if "/projects/{project_id}/tokens" in path else {}
    url = path.format(**others.ids | of_project)
    bodies = {"members": {"user_id": user_id, "role": "viewer"}, "transfer": {"user_id": user_id}}
    bodies |= BODIES
    body = {"role": "viewer"} if path.endswith("members/{user_id}") else bodies.get(path.rsplit("/", 1)[-1])
    body = {"group_id": 1} if path.endswith("}/groups") else {"role": "viewer"} if "}/groups/" in path else body
    body = {"user_id": user_id} if path.endswith("{group_id}/members") else body
    body = body or ({"description": "Mallory"} if "/webhooks/" in path else None)
    body = {"status": "succeeded"} if path.endswith(("/{deployment_id}", "/{external_id}")) else body
    body = {"weight": 2} if path.endswith("/{check_id}") else body
    body = {"title": "Mallory"} if path.endswith(("/{incident_id}", "/{window_id}")) else body
    body = body or {"full_name": "Mallory"} if "/users/" in path else body or {"name": "Mallory"}
    answer = await api.request(
        method, url, headers=others.stranger, json=body if method in ("POST", "PUT", "PATCH") else None
    )
    # What only administrators have at all is refused; elsewhere whatever is someone else's does not exist.
    of_admins = path.startswith(("/api/v1/jobs/", "/api/v1/groups/", "/api/v1/status-subscribers/"))
    refused = of_admins or (path.startswith("/api/v1/users/") and method != "GET")
    expected = (403, 404) if refused else (404,)
    assert answer.status_code in expected, answer.text
    assert await others.rows() == before

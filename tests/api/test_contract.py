"""The OpenAPI document against the running server, as an admin, as a member and as nobody (row IN-1)."""

import itertools
import os
from collections.abc import AsyncIterator

import httpx
import hypothesis.strategies as st
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings

from tca_app.api import build_api
from tests.factories import PASSWORD, make_admin, make_deployment, make_project, make_user

EXAMPLES = int(os.environ.get("CONTRACT_EXAMPLES", "20"))
_text = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=20)

schemathesis.openapi.format("email", st.builds("{}@{}.example.com".format, _text, _text))
schemathesis.openapi.format("new-password", st.builds("Gr33n-{}-Boat-{}".format, _text, _text))
_keys = itertools.count()
schema = schemathesis.openapi.from_dict(build_api().openapi())
# What is too large for its field may be too large for a body first.
schema.config.checks.negative_data_rejection.expected_statuses += ["413"]


class People:
    """An admin and a member with projects; signs them in again when a call has ended their session."""

    def __init__(self, server_url: str) -> None:
        self.client = httpx.Client(base_url=server_url)
        self.headers: dict[str, dict[str, str]] = {"nobody": {}}

    def header_of(self, role: str) -> dict[str, str]:
        known = self.headers.get(role)
        if known is None or (known and self.client.get("/api/auth/verify", headers=known).status_code == 401):
            login = {"username": f"contract{role}", "password": PASSWORD}
            token = self.client.post("/api/auth/login", json=login).raise_for_status().json()["access_token"]
            known = self.headers[role] = {"Authorization": f"Bearer {token}"}
        return known


@pytest.fixture
async def people(server_url: str) -> AsyncIterator[People]:
    admin = await make_admin("contractadmin")
    member = await make_user("contractmember")
    project_id = await make_project(admin, "Contract one", team={member: "maintainer"})
    await make_deployment(project_id, status="succeeded")
    await make_deployment(project_id, status="pending_approval")
    await make_project(member, "Contract two")
    found = People(server_url)
    yield found
    found.client.close()


@pytest.mark.parametrize("role", ["admin", "member", "nobody"])
@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_the_server_does_what_its_document_says(
    case: schemathesis.Case, role: str, server_url: str, people: People
) -> None:
    if "idempotency-key" in (case.headers or {}):
        case.headers["idempotency-key"] = f"contract-{next(_keys)}"  # another body under one key is refused, rightly
    case.call_and_validate(base_url=server_url, headers=people.header_of(role))

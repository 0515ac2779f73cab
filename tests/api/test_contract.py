"""Checks the OpenAPI document against the running server, as an admin, as a member and without a session."""

import itertools
import os
import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import httpx
import hypothesis.strategies as st
import psycopg
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from tca_app.core.schema import MAX_ID
from tests.conftest import empty_tables
from tests.factories import (
    PASSWORD,
    environment_of,
    make_admin,
    make_check,
    make_delivery,
    make_deployment,
    make_incident,
    make_maintenance,
    make_notification,
    make_project,
    make_token,
    make_trust,
    make_user,
    make_webhook,
)
from tests.rest_api import document

# `make contract` runs the long form: 100 examples, and the limits of every field, some sixty calls an operation.
IS_LONG = "CONTRACT_EXAMPLES" in os.environ
EXAMPLES = int(os.environ.get("CONTRACT_EXAMPLES", "6"))
_text = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=20)

schemathesis.openapi.format("email", st.builds("{}@{}.example.com".format, _text, _text))
schemathesis.openapi.format("http-url", st.builds("https://{}_1.example.com:8443/{}?q".format, _text, _text))
schemathesis.openapi.format("new-password", st.builds("Gr33n-{}-Boat-{}".format, _text, _text))
schemathesis.openapi.format("ip-network", st.ip_addresses().map(str))
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_keys = itertools.count()
_guarded: set[str] = set()  # operations that were seen to answer this person and nobody without a session
schema = schemathesis.openapi.from_dict(deepcopy(document()))
# Calls that refuse, rightly, a made-up token, password, code, passkey or address.
_NEED_A_SECRET = {
    "POST /api/auth/factors/passkeys",
    "POST /api/auth/reauthenticate",
    "POST /api/auth/reauthenticate/code",
    "POST /api/auth/reauthenticate/passkey",
    "POST /api/auth/password/reset",
    "POST /api/auth/token-exchange",
    "POST /api/auth/email/confirm",
    "POST /api/auth/invitations/lookup",
    "POST /api/auth/invitations/accept",
    "POST /api/auth/invitations/join",
    "POST /api/auth/oauth/{provider}/invitation",
    "POST /status/public/confirm",
    "POST /status/public/subscribe",
}
# Calls that refuse, rightly, a time zone, an image or a file that is none, maintenance in the past, and a view of the
# members of no project.
_NEED_WHAT_EXISTS = {
    "PATCH /api/v1/instance",
    "PUT /api/v1/instance/logo",
    "PUT /api/v1/users/me/picture",
    "POST /api/v1/imports",
    "POST /api/v1/maintenance-windows",
    "POST /api/v1/views",
}
_MAY_REFUSE = _NEED_A_SECRET | _NEED_WHAT_EXISTS
# What is too large for its field may be too large for a body or a URL first; so are fifty long values of a filter.
schema.config.checks.negative_data_rejection.expected_statuses += ["413", "414"]
schema.config.checks.positive_data_acceptance.expected_statuses += ["414"]


class People:
    """An admin and a member with projects; signs them in again when a call has ended their session."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        self.headers: dict[str, dict[str, str]] = {"nobody": {}}
        self.ids: dict[str, int] = {}
        self.may_differ = False

    def header_of(self, role: str) -> dict[str, str]:
        if role not in self.headers:
            login = {"username": f"contract{role}", "password": PASSWORD}
            token = self.client.post("/api/auth/login", json=login).raise_for_status().json()["access_token"]
            self.headers[role] = {"Authorization": f"Bearer {token}"}
        return self.headers[role]

    def forget(self, role: str) -> bool:
        """Whether there was a session that a call may have ended."""
        return role != "nobody" and self.headers.pop(role, None) is not None

    def lead_to_rows(self, path_parameters: dict[str, Any]) -> None:
        """Put what is there in place of every other number: with made up ones nearly all answers are 404."""
        for name, value in path_parameters.items():
            if name == "project_id":
                is_valid = len(str(value)) <= 100 and _SLUG.fullmatch(str(value)) is not None
                is_chosen = is_valid and len(str(value)) % 2 == 0
            else:
                is_chosen = str(value).isdecimal() and 1 <= int(value) <= MAX_ID and int(value) % 2 == 0
            if name in self.ids and is_chosen:
                path_parameters[name] = self.ids[name]


@pytest.fixture(scope="module")
def client(server_url: str) -> Iterator[httpx.Client]:
    """One for all tests, because a new one takes as much CPU as a test."""
    with httpx.Client(base_url=server_url) as found:
        yield found


@pytest.fixture(scope="module")
def _kept(_cleaner: psycopg.Connection) -> Iterator[list[People]]:
    """The people of the tests before, until one of them may have changed a row."""
    kept: list[People] = []
    yield kept
    empty_tables(_cleaner)


@pytest.fixture(autouse=True)
def _empty_tables(_cleaner: psycopg.Connection, _kept: list[People]) -> Iterator[None]:
    """Not after every test: to fill the tables again takes as long as a test."""
    yield
    if any(people.may_differ for people in _kept):
        empty_tables(_cleaner)
        _kept.clear()


@pytest.fixture
async def people(client: httpx.Client, _kept: list[People]) -> People:
    if not _kept:
        _kept.append(await _make_people(client))
    return _kept[0]


async def _make_people(client: httpx.Client) -> People:
    admin = await make_admin("contractadmin")
    member = await make_user("contractmember")
    project_id = await make_project(admin, "Contract one", team={member: "maintainer"})
    await make_deployment(project_id, status="succeeded")
    deployment_id = await make_deployment(project_id, status="pending_approval")
    await make_project(member, "Contract two")
    webhook_id = (await make_webhook(admin)).id
    check_id = await make_check(project_id)
    found = People(client)
    found.ids = {
        "user_id": member.user_id,
        "project_id": project_id,
        "environment_id": await environment_of(project_id),
        "deployment_id": deployment_id,
        "notification_id": await make_notification(member),
        "webhook_id": webhook_id,
        "delivery_id": await make_delivery(webhook_id),
        "check_id": check_id,
        "token_id": (await make_token(member, project_id))[0],
        "incident_id": await make_incident(check_id),
        "window_id": await make_maintenance(project_id, check_id),
        "trust_id": await make_trust(admin, project_id),
    }
    return found


def _given(examples: int, *phases: Phase) -> settings:
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        phases=phases,
        suppress_health_check=list(HealthCheck),
    )


# The role is a parameter each time, if only of one value: without any, schemathesis gives all operations the same id,
# and xdist would run one of them.
@pytest.mark.parametrize("role", ["admin"])
@schema.parametrize()
@_given(EXAMPLES, *([Phase.explicit] if IS_LONG else []), Phase.generate)  # explicit: the limits of every field
def test_the_server_does_what_its_document_says(
    case: schemathesis.Case, role: str, server_url: str, people: People
) -> None:
    _call(case, server_url, people, role)


@pytest.mark.parametrize("role", ["member"])
@schema.parametrize()
@_given(EXAMPLES, Phase.generate)
def test_a_member_is_answered_as_the_document_says(
    case: schemathesis.Case, role: str, server_url: str, people: People
) -> None:
    _call(case, server_url, people, role)


@pytest.mark.parametrize("role", ["nobody"])
@schema.parametrize()
@_given(max(1, EXAMPLES // 3), Phase.generate)  # most are refused before anybody looks at what they give
def test_a_stranger_is_answered_as_the_document_says(
    case: schemathesis.Case, role: str, server_url: str, people: People
) -> None:
    _call(case, server_url, people, role)


def _call(case: schemathesis.Case, server_url: str, people: People, role: str) -> None:
    if "idempotency-key" in (case.headers or {}):
        case.headers["idempotency-key"] = f"contract-{next(_keys)}"  # another body under one key is refused, rightly
    people.lead_to_rows(case.path_parameters)
    if str((case.query or {}).get("wait", "")).isdecimal() and 0 < int(case.query["wait"]) <= 60:
        case.query["wait"] = 0  # what holds back the response has tests of its own
    response = case.call(server_url, headers=people.header_of(role))
    if response.status_code == 401 and people.forget(role):
        response = case.call(server_url, headers=people.header_of(role))
    # A refused call changes nothing, except that wrong passwords and codes are counted.
    is_counted = role != "nobody" and "/api/auth/" in case.operation.label
    people.may_differ |= case.method != "GET" and (is_counted or response.status_code < 300)
    leave_out = [ignored_auth] if case.operation.label in _guarded else []  # is a property of the operation
    if (case.path_parameters and case.method != "GET") or case.operation.label in _MAY_REFUSE:
        # A row may refuse what its document allows: by its version, or a password that is not the one.
        leave_out.append(positive_data_acceptance)
    headers = people.header_of(role)
    sent = {"base_url": server_url, "headers": headers}
    case.validate_response(response, headers=headers, excluded_checks=leave_out, transport_kwargs=sent)
    if headers and response.status_code < 300:
        _guarded.add(case.operation.label)

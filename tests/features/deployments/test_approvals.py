"""Protected environments, freeze windows and rollbacks: who decides, and who is notified."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from tca_app.core.actor import Actor
from tca_app.core.database.session import reading, transaction
from tca_app.models import Environment, Notification
from tests.factories import (
    bearer,
    deployment_events,
    do_jobs,
    environment_of,
    make_admin,
    make_deployment,
    make_freeze,
    make_project,
    make_user,
)

_inbox = Notification.__table__.c
NEW = {"environment": "production", "version": "2.0.0"}


class Team:
    """A project with a protected production environment, and the people who work on it."""

    def __init__(self, owner: Actor, maintainer: Actor, deployer: Actor, project_id: int) -> None:
        self.owner, self.maintainer, self.deployer, self.project_id = owner, maintainer, deployer, project_id
        self.url = f"/api/v1/projects/{project_id}/deployments"


@pytest.fixture
async def team() -> Team:
    owner, maintainer, deployer = await make_user("olga"), await make_user("mia"), await make_user("dan")
    project_id = await make_project(owner, "Billing", team={maintainer: "maintainer", deployer: "deployer"})
    async with transaction() as session:
        production = (Environment.project_id == project_id) & (Environment.name == "production")
        await session.execute(update(Environment).where(production).values(is_protected=True))
    return Team(owner, maintainer, deployer, project_id)


async def inbox(person: Actor) -> list[tuple[str, str, str, str]]:
    await do_jobs()
    async with reading() as session:
        rows = select(Notification.kind, Notification.title, Notification.body, Notification.link)
        mine = rows.where(Notification.user_id == person.user_id).order_by(Notification.id)
        return [tuple(row) for row in await session.execute(mine)]


async def unread(person: Actor) -> list[str]:
    async with reading() as session:
        mine = select(_inbox.kind).where(_inbox.user_id == person.user_id, _inbox.read_at.is_(None))
        return list((await session.execute(mine)).scalars())


async def test_a_deployer_asks_and_a_maintainer_approves(api: httpx.AsyncClient, team: Team) -> None:
    asked = (await api.post(team.url, headers=await bearer(team.deployer), json=NEW)).json()
    url = f"/api/v1/deployments/{asked['id']}"
    assert (asked["status"], asked["queued_at"]) == ("pending_approval", None)
    notification = ("deployment_approval_requested", "Dan requested approval to deploy Billing 2.0.0 to production", "")
    assert [line[:3] for line in await inbox(team.maintainer)] == [notification]
    assert await inbox(team.deployer) == []
    own = await api.post(f"{url}/approve", headers=await bearer(team.deployer), json={})
    assert own.status_code == 403
    approved = (await api.post(f"{url}/approve", headers=await bearer(team.maintainer), json={})).json()
    assert (approved["status"], approved["decided_by"]["id"]) == ("queued", team.maintainer.user_id)
    link = f"/deployments/{asked['id']}"
    assert await inbox(team.deployer) == [("deployment_approved", "Mia approved Billing 2.0.0 to production", "", link)]
    assert await unread(team.maintainer) == []
    assert await unread(team.owner) == ["deployment_approval_requested"]  # nobody but the one who decided has read it
    again = await api.post(f"{url}/refuse", headers=await bearer(team.owner), json={"reason": "No"})
    assert (again.status_code, again.json()["code"]) == (409, "illegal_step")
    assert await deployment_events() == [
        ("deployment_approval_requested", "pending_approval"),
        ("deployment_approved", None),
        ("deployment_queued", "queued"),
    ]


async def test_a_refusal_says_why(api: httpx.AsyncClient, team: Team) -> None:
    asked = (await api.post(team.url, headers=await bearer(team.deployer), json=NEW)).json()
    url, maintainer = f"/api/v1/deployments/{asked['id']}", await bearer(team.maintainer)
    assert (await api.post(f"{url}/refuse", headers=maintainer, json={"reason": "  "})).status_code == 422
    refused = (await api.post(f"{url}/refuse", headers=maintainer, json={"reason": "Not on a Friday"})).json()
    assert (refused["status"], refused["reason"]) == ("cancelled", "Not on a Friday")
    assert [line[2] for line in await inbox(team.deployer)] == ["Not on a Friday"]
    for report in ({"status": "in_progress"}, {"status": "cancelled"}):
        late = await api.patch(url, headers=await bearer(team.deployer), json=report)
        assert (late.status_code, late.json()["code"]) == (409, "approval_refused")
        assert late.json()["detail"] == "This deployment was refused: Not on a Friday"
    again = await api.post(f"{url}/approve", headers=maintainer, json={})
    assert (again.status_code, again.json()["code"]) == (409, "approval_refused")


async def test_maintainers_do_not_ask_and_other_environments_are_open(api: httpx.AsyncClient, team: Team) -> None:
    own = await api.post(team.url, headers=await bearer(team.maintainer), json=NEW)
    open_ = await api.post(team.url, headers=await bearer(team.deployer), json=NEW | {"environment": "staging"})
    assert (own.json()["status"], open_.json()["status"]) == ("queued", "queued")


async def test_a_freeze_refuses_new_ones_and_says_why(api: httpx.AsyncClient, team: Team) -> None:
    await make_freeze(team.project_id, environment_id=await environment_of(team.project_id))
    await make_freeze(team.project_id, ends_at=datetime.now(UTC) - timedelta(minutes=1))
    owner = await bearer(team.owner)
    refused = await api.post(team.url, headers=owner, json=NEW)
    assert (refused.status_code, refused.json()["code"]) == (409, "environment_frozen")
    assert "Christmas" in refused.json()["detail"]
    assert (await api.post(team.url, headers=owner, json=NEW | {"environment": "staging"})).status_code == 201
    assert (await api.post(team.url, headers=owner, json=NEW | {"freeze_reason": "Me"})).status_code == 403


async def test_a_superuser_passes_a_freeze_with_a_reason(api: httpx.AsyncClient, team: Team) -> None:
    await make_freeze(team.project_id)
    admin = await bearer(await make_admin("ada"))
    error = (await api.post(team.url, headers=admin, json=NEW)).json()["errors"]
    assert error == [{"pointer": "/freeze_reason", "detail": "Enter a reason for overriding the freeze."}]
    passed = await api.post(team.url, headers=admin, json=NEW | {"freeze_reason": "Security fix"})
    assert (passed.status_code, passed.json()["freeze_reason"]) == (201, "Security fix")
    assert [name for name, _ in await deployment_events()] == ["freeze_passed", "deployment_queued"]
    assert [line[:3] for line in await inbox(team.maintainer)] == [
        ("freeze_passed", "Ada overrode the freeze for Billing 2.0.0 to production", "Security fix")
    ]


async def test_what_waited_is_not_approved_into_a_freeze(api: httpx.AsyncClient, team: Team) -> None:
    waiting = await make_deployment(team.project_id, status="pending_approval")
    await make_freeze(team.project_id)
    url = f"/api/v1/deployments/{waiting}/approve"
    assert (await api.post(url, headers=await bearer(team.owner), json={})).json()["code"] == "environment_frozen"
    admin = await bearer(await make_admin())
    assert (await api.post(url, headers=admin, json={"freeze_reason": "Security fix"})).status_code == 200
    names = ["deployment_approved", "freeze_passed", "deployment_queued"]
    assert [name for name, _ in await deployment_events()] == names


async def test_a_rollback_deploys_what_ran_before(api: httpx.AsyncClient, team: Team) -> None:
    old = await make_deployment(team.project_id, status="succeeded", version="1.0.0", commit_sha="aaaaaaa")
    await make_deployment(team.project_id, "staging", status="succeeded", version="1.5.0")
    await make_deployment(team.project_id, status="failed", version="1.9.0")
    bad = await make_deployment(team.project_id, status="succeeded", version="2.0.0")
    url = f"/api/v1/deployments/{bad}/rollback"
    made = await api.post(url, headers=await bearer(team.maintainer), json={})
    assert made.status_code == 201
    found = made.json()
    assert (found["version"], found["commit_sha"], found["rollback_of_id"]) == ("1.0.0", "aaaaaaa", bad)
    names = ["deployment_rolled_back", "deployment_queued", "deployment_requested"]
    assert [name for name, _ in await deployment_events()] == names
    asked = await api.post(url, headers=await bearer(team.deployer), json={"to_id": old})
    assert asked.json()["status"] == "pending_approval"
    assert (await deployment_events())[-1] == ("deployment_approval_requested", "pending_approval")
    await api.post(f"/api/v1/deployments/{asked.json()['id']}/approve", headers=await bearer(team.owner), json={})
    assert (await deployment_events())[-1] == ("deployment_requested", None)  # only now may CI begin
    assert (await api.post(url, headers=await bearer(team.owner), json={"to_id": bad + 100})).status_code == 409
    first = await api.post(f"/api/v1/deployments/{old}/rollback", headers=await bearer(team.owner), json={})
    assert first.json()["code"] == "nothing_to_go_back_to"
    going = await make_deployment(team.project_id, status="in_progress")
    early = await api.post(f"/api/v1/deployments/{going}/rollback", headers=await bearer(team.owner), json={})
    assert early.json()["code"] == "already_in_progress"


async def test_a_rollback_says_in_advance_from_which_version_to_which(api: httpx.AsyncClient, team: Team) -> None:
    old = await make_deployment(team.project_id, status="succeeded", version="1.2.0")
    bad = await make_deployment(team.project_id, status="failed", version="1.4.0")
    url = f"/api/v1/deployments/{bad}/rollback"
    plan = (await api.get(url, headers=await bearer(team.maintainer))).json()
    assert (plan["from_version"], plan["to"]["version"], plan["to"]["id"]) == ("1.4.0", "1.2.0", old)
    assert plan["needs_approval"] is False
    assert (await api.get(url, headers=await bearer(team.deployer))).json()["needs_approval"] is True
    assert await deployment_events() == []
    first = await api.get(f"/api/v1/deployments/{old}/rollback", headers=await bearer(team.owner))
    assert (first.status_code, first.json()["code"]) == (409, "nothing_to_go_back_to")


async def test_a_failure_notifies_the_maintainers(
    api: httpx.AsyncClient, team: Team, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one whose script reports it too: it acts in their name, they did not see it."""
    going = await make_deployment(team.project_id, status="in_progress")
    report = {"status": "failed", "reason": "Exit code 1"}
    await api.patch(f"/api/v1/deployments/{going}", headers=await bearer(team.maintainer), json=report)
    line = (
        "deployment_failed",
        "The deployment of Billing 1.0.0 to production failed",
        "Exit code 1",
        f"/deployments/{going}",
    )
    assert (await inbox(team.maintainer), await inbox(team.owner)) == ([line], [line])
    assert await inbox(team.deployer) == []

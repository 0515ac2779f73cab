"""The event log over REST: filters, and who may read what."""

import csv
import io
import json
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from tca_app.core.actor import Actor
from tca_app.core.database.csv_lines import cell
from tca_app.core.database.session import transaction
from tca_app.core.events.log import CATALOGUE, emit
from tca_app.features.activity import service as activity
from tca_app.features.activity.facets import count_activity
from tca_app.features.activity.schemas import ActivityQuery
from tca_app.features.deployments import approvals, service as deployments
from tca_app.features.deployments.schemas import Approval, DeploymentCreate, DeploymentStep, Refusal, Rollback
from tca_app.features.projects import service as projects
from tca_app.features.projects.events import ProjectUpdated
from tca_app.features.projects.schemas import ProjectCreate, ProjectUpdate
from tca_app.features.users import service as users
from tca_app.features.users.schemas import UserUpdate
from tca_app.models import Environment
from tests.factories import make_admin, make_project, make_user, run, signed_in
from tests.ui.harness import sign_in

URL = "/api/v1/activity"


async def seen(actor: Actor, **query: Any) -> list[str]:
    events, _ = await run(activity.list_activity, actor, ActivityQuery(**query))
    return [event.summary for event in events]


async def test_each_sees_what_concerns_them_and_an_admin_all() -> None:
    ana, bo, admin = await make_user("ana"), await make_user("bo1"), await make_admin("root")
    billing = await make_project(ana, "Billing")
    await run(projects.update_project, ana, billing, ProjectUpdate(description="x"))
    await run(users.update_user, admin, bo.user_id, UserUpdate(full_name="Bo Berg"))
    assert await seen(ana) == ["Ana changed Billing"]
    assert await seen(bo) == ["Root changed the user Bo Berg"]
    assert await seen(admin) == ["Root changed the user Bo Berg", "Ana changed Billing"]
    await run(users.update_user, bo, bo.user_id, UserUpdate(full_name="Bo"))
    assert (await seen(bo))[0] == "Bo1 changed their account"
    stranger = await make_user()
    assert await seen(stranger) == []
    assert await seen(stranger, project_id=billing) == []
    assert await seen(stranger, search="Billing") == []


async def test_a_member_who_is_taken_out_sees_the_project_no_more() -> None:
    ana, bo = await make_user("ana"), await make_user("bo1")
    team = await make_project(ana, "Team", {bo: "viewer"})
    await run(projects.update_project, ana, team, ProjectUpdate(description="x"))
    assert await seen(bo) == ["Ana changed Team"]
    await run(projects.delete_project, ana, team)
    assert await seen(bo) == []


async def test_only_an_admin_learns_the_address() -> None:
    ana, admin = await make_user("ana"), await make_admin()
    await run(projects.create_project, ana, ProjectCreate(name="Billing"))
    for reader, known in ((ana, False), (admin, True)):
        [event], _ = await run(activity.list_activity, reader, ActivityQuery())
        assert (event.ip is not None) is known
        assert (event.request_id is not None) is known


async def test_the_cursor_neither_skips_nor_repeats_while_events_come(api: httpx.AsyncClient) -> None:
    admin, header = await signed_in(await make_admin())
    for number in range(25):
        await run(emit, admin, ProjectUpdated(subject_id=number + 1, subject_name=str(number)))
    found: list[int] = []
    url = f"{URL}?limit=10&type=project_updated"
    while url:
        answer = await api.get(url, headers=header)
        found += [event["subject_id"] for event in answer.json()]
        url = answer.links.get("next", {}).get("url", "")
        await run(emit, admin, ProjectUpdated(subject_id=99, subject_name="late"))
    assert found == list(range(25, 0, -1))


async def test_filters_narrow_it_down() -> None:
    ana, admin = await make_user("ana"), await make_admin("root")
    billing = await run(projects.create_project, ana, ProjectCreate(name="Billing"))
    await run(projects.update_project, admin, billing.id, ProjectUpdate(name="Zahlung"))
    assert await seen(admin, type="project_created") == ["Ana created Billing"]
    assert await seen(admin, actor_id=admin.user_id) == ["Root changed Zahlung"]
    assert await seen(admin, about_id=ana.user_id) == ["Ana created Billing"]
    assert await seen(admin, project_id=billing.id, search="zahl") == ["Root changed Zahlung"]
    assert await seen(admin, subject_type="user") == []
    assert len(await seen(admin, since="2020-01-01")) == 2
    assert await seen(admin, until="2020-01-01") == []
    assert len(await seen(admin, since="2020-01-01T00:00:00+02:00", until="2099-01-01T00:00:00Z")) == 2
    assert await seen(admin, until="2020-01-01T00:00:00Z") == []


@pytest.mark.parametrize(
    "query",
    [
        "cursor=x",
        "cursor=0",
        "limit=101",
        "since=yesterday",
        "since=7",
        "since=2020-01-01T00:00:00",
        "until=2020-13-01",
        "until=9999-12-31",
        "until=9999-12-31T23:59:59-12:00",
        "type=A-B",
        "x=1",
    ],
)
async def test_a_wrong_question_is_refused(api: httpx.AsyncClient, query: str) -> None:
    _, header = await signed_in(await make_user())
    assert (await api.get(f"{URL}?{query}", headers=header)).status_code == 422


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\n=1"])
def test_no_cell_is_a_formula(text: str) -> None:
    assert cell(text) == f"'{text}"


async def test_the_file_has_what_the_feed_has(api: httpx.AsyncClient) -> None:
    admin, header = await signed_in(await make_admin())
    for number in range(130):
        await run(emit, admin, ProjectUpdated(subject_id=number + 1, subject_name=f"=cmd{number}", after={"name": "ü"}))
    answer = await api.get(f"{URL}/export?type=project_updated", headers=header)
    assert answer.headers["content-disposition"].endswith('.csv"')
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == 130
    assert rows[0]["subject_name"] == "'=cmd129"
    assert json.loads(rows[0]["after"]) == {"name": "ü"}
    listed = await api.get(f"{URL}/export?type=project_updated&format=json", headers=header)
    assert len(listed.json()) == 130
    assert (await api.get(f"{URL}/export?type=nothing&format=json", headers=header)).json() == []


async def test_a_browser_may_ask_for_the_file_with_its_cookie(api: httpx.AsyncClient) -> None:
    cookie = await sign_in(await make_user())
    assert (await api.get(f"{URL}/export", headers={"cookie": f"sid={cookie}"})).status_code == 200
    assert (await api.get(f"{URL}/export", headers={"cookie": "sid=nobody"})).status_code == 401
    assert (await api.get(f"{URL}/export")).status_code == 401
    assert (await api.get(URL, headers={"cookie": f"sid={cookie}"})).status_code == 401


async def test_a_reader_sees_one_line_for_each_step_of_a_deployment() -> None:
    owner, deployer = await make_user("olga"), await make_user("dirk")
    shop = await make_project(owner, "Shop", {deployer: "deployer"})

    async def deploy(version: str, environment: str = "staging") -> int:
        data = DeploymentCreate(environment=environment, version=version)
        return (await run(deployments.create_deployment, deployer, shop, data, source="ui")).id

    async def lines(**query: Any) -> list[str]:
        asked = ActivityQuery(subject_type=["deployment"], **query)
        events, _ = await run(activity.list_activity, owner, asked, for_reader=True)
        return [event.type.removeprefix("deployment_") for event in reversed(events)]

    async with transaction() as session:
        await session.execute(update(Environment).where(Environment.name == "production").values(is_protected=True))
    first = await deploy("1.0.0")
    await run(deployments.step_deployment, deployer, first, DeploymentStep(status="in_progress"))
    await run(deployments.step_deployment, deployer, first, DeploymentStep(status="succeeded"))
    assert await lines(subject_id=first) == ["queued", "started", "succeeded"]
    asked = await deploy("1.0.0", "production")
    await run(approvals.approve_deployment, owner, asked, Approval())
    assert await lines(subject_id=asked) == ["approval_requested", "approved"]
    refused = await deploy("1.1.0", "production")
    await run(approvals.refuse_deployment, owner, refused, Refusal(reason="Not on a Friday"))
    assert await lines(subject_id=refused) == ["approval_requested", "refused"]
    later = await deploy("1.2.0")
    for status in ("in_progress", "succeeded"):
        await run(deployments.step_deployment, deployer, later, DeploymentStep(status=status))
    back = await run(approvals.roll_back, owner, later, Rollback())
    assert await lines(subject_id=back.id) == ["rolled_back"]
    assert await lines(type=["deployment_requested"]) == ["requested"] * 4, "a chosen type shows all"
    types = await run(count_activity, owner, ActivityQuery(), "type")
    assert "deployment_requested" in {facet.value for facet in types.values}


def test_what_users_do_to_their_own_account_names_them_once() -> None:
    titles = [event.own_title for event in CATALOGUE.values() if event.own_title]
    assert len(titles) > 10
    assert all("{actor}" in title and "{subject}" not in title for title in titles)

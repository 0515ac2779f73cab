"""Saved views over REST: own ones for the person alone, shared ones by administrators, with known parameters only."""

import asyncio

import httpx
import pytest

from tca_app.core.actor import Actor
from tca_app.core.database.session import reading, transaction
from tca_app.core.errors import Conflict
from tca_app.features.views import service
from tca_app.features.views.schemas import ViewCreate
from tests.factories import bearer, make_admin, make_project, make_user, make_view, make_webhook

VIEWS = "/api/v1/views"
OWN = {"list": "projects", "name": "Paused", "query": "status=paused&sort=-name"}


async def names(api: httpx.AsyncClient, header: dict[str, str], **query: str) -> list[str]:
    return [view["name"] for view in (await api.get(VIEWS, headers=header, params=query)).json()]


async def test_an_own_view_is_saved_renamed_pinned_and_deleted(api: httpx.AsyncClient) -> None:
    header, other = await bearer(await make_user()), await bearer(await make_user())
    made = (await api.post(VIEWS, headers=header, json=OWN)).json()
    assert (made["query"], made["is_shared"], made["is_pinned"]) == ("sort=-name&status=paused", False, False)
    path = f"{VIEWS}/{made['id']}"
    changed = (await api.patch(path, headers=header, json={"name": "On hold", "is_pinned": True})).json()
    assert (changed["name"], changed["is_pinned"]) == ("On hold", True)
    changed = (await api.patch(path, headers=header, json={"query": "status=active&colour=red"})).json()
    assert (changed["query"], changed["name"]) == ("status=active", "On hold")
    assert (await names(api, header), await names(api, other)) == (["On hold"], [])
    assert (await api.delete(path, headers=other)).status_code == 404
    assert (await api.delete(path, headers=header)).status_code == 204
    assert (await api.get(path, headers=header)).status_code == 404


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("password=x&status=paused&page=7&size=50", "status=paused"),
        ("sort=hashed_password&status=everything&mine=maybe", ""),
        ("q=%3Cscript%3E&owner=7&owner=x", "q=%3Cscript%3E&owner=7"),
        ("#status=paused", ""),
        ("&".join(["a=1"] * 60), ""),
    ],
)
async def test_only_what_the_list_knows_is_stored(api: httpx.AsyncClient, query: str, expected: str) -> None:
    answer = await api.post(VIEWS, headers=await bearer(await make_user()), json=OWN | {"query": query})
    assert answer.json()["query"] == expected


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("projects", "q=bill&sort=name&status=paused"),
        ("deployments", "status=failed&environment=production&by=7&since=2026-05-04"),
        ("environments", "q=bill&drift=behind&group=3"),
        ("activity", "type=project_created&actor=7&project=3&until=2026-05-04"),
        ("users", "sort=email&role=admin"),
        ("invitations", "sort=email&state=pending&state=expired"),
        ("tokens", "sort=expires_at&state=expired"),
        ("jobs", "state=waiting&queue=email_queue"),
        ("groups", "q=x&sort=-member_count&person=7"),
        ("dora", "tier=staging&weeks=52&by=group"),
        ("incidents", "sort=-duration&severity=critical&component=7&acknowledged=no&since=2026-05-04"),
        ("maintenance", "sort=-ends_at&state=active&state=scheduled&by=7"),
        ("checks", "sort=-latency&state=failing&kind=part&project=3"),
    ],
)
async def test_each_list_knows_its_own_parameters(api: httpx.AsyncClient, name: str, query: str) -> None:
    view = {"list": name, "name": "Mine", "query": f"{query}&colour=red&page=2"}
    answer = await api.post(VIEWS, headers=await bearer(await make_admin()), json=view)
    assert answer.json()["query"] == query


async def test_a_parameter_that_the_list_has_lost_is_dropped_when_it_is_read(api: httpx.AsyncClient) -> None:
    ana = await make_user()
    view_id = await make_view(ana, query="status=paused&colour=red")
    assert (await api.get(f"{VIEWS}/{view_id}", headers=await bearer(ana))).json()["query"] == "status=paused"


@pytest.mark.parametrize(
    "wrong", [{"list": "sessions"}, {"name": "x" * 61}, {"name": " "}, {"query": "q=" + "x" * 2000}, {"user_id": 1}]
)
async def test_bad_input_is_refused(api: httpx.AsyncClient, wrong: dict[str, object]) -> None:
    answer = await api.post(VIEWS, headers=await bearer(await make_user()), json=OWN | wrong)
    assert answer.status_code == 422


async def test_administrators_share_views_and_others_only_open_them(api: httpx.AsyncClient) -> None:
    admin, member = await bearer(await make_admin()), await bearer(await make_user())
    shared = OWN | {"is_shared": True}
    assert (await api.post(VIEWS, headers=member, json=shared)).status_code == 403
    path = f"{VIEWS}/{(await api.post(VIEWS, headers=admin, json=shared)).json()['id']}"
    assert (await api.get(path, headers=member)).json()["is_shared"] is True
    assert (await api.patch(path, headers=member, json={"name": "Mine"})).status_code == 403
    assert (await api.patch(path, headers=member, json={"query": "sort=name"})).status_code == 403
    assert (await api.delete(path, headers=member)).status_code == 403
    assert (await api.delete(path, headers=admin)).status_code == 204


async def test_views_of_a_list_of_administrators_are_for_them_alone(api: httpx.AsyncClient) -> None:
    admin, member = await make_admin(), await make_user()
    await make_view(None, list="users", name="Shared")
    await make_view(member, list="users", name="From before")
    await make_view(member, list="invitations", name="From before")
    assert await names(api, await bearer(admin), list="users") == ["Shared"]
    header = await bearer(member)
    assert await names(api, header) == []
    assert (await api.post(VIEWS, headers=header, json=OWN | {"list": "users"})).status_code == 403


async def test_views_of_a_project_are_for_those_who_see_it(api: httpx.AsyncClient) -> None:
    admin, owner, viewer, stranger = await make_admin(), await make_user(), await make_user(), await make_user()
    project_id = await make_project(owner, team={viewer: "viewer"})
    hook, instance_hook = await make_webhook(owner, project_id=project_id), await make_webhook(admin)
    members = {"list": "members", "name": "Owners", "query": "role=owner&tab=members", "project_id": project_id}
    deliveries = {"list": "deliveries", "name": "Failed", "query": "status=failed", "webhook_id": hook.id}
    of_instance = deliveries | {"name": "Instance", "webhook_id": instance_hook.id}

    async def save(who: Actor, view: dict[str, object]) -> int:
        return (await api.post(VIEWS, headers=await bearer(who), json=view)).status_code

    assert [await save(who, members) for who in (stranger, viewer, owner)] == [404, 201, 201]
    assert [await save(who, deliveries) for who in (stranger, viewer, owner)] == [404, 403, 201]
    assert [await save(who, of_instance) for who in (owner, admin)] == [404, 201]
    of_project = {"list": "webhooks", "name": "By URL", "query": "sort=url", "project_id": project_id}
    assert [await save(who, of_project) for who in (stranger, viewer, owner)] == [404, 403, 201]
    all_webhooks = {"list": "webhooks", "name": "All", "query": "sort=url", "is_shared": True}
    assert [await save(who, all_webhooks) for who in (owner, admin)] == [403, 201]
    assert await save(owner, all_webhooks | {"is_shared": False}) == 403
    assert await save(admin, members | {"is_shared": True, "name": "Shared"}) == 201
    for who, expected in (
        (owner, ["By URL", "Failed", "Owners", "Shared"]),
        (viewer, ["Owners", "Shared"]),
        (stranger, []),
        (admin, ["All", "Instance", "Shared"]),
    ):
        assert await names(api, await bearer(who)) == expected
    (view,) = (await api.get(VIEWS, headers=await bearer(owner), params={"list": "deliveries"})).json()
    assert (view["project_id"], view["webhook_id"], view["query"]) == (project_id, hook.id, "status=failed")
    assert (await api.delete(f"/api/v1/projects/{project_id}", headers=await bearer(owner))).status_code == 204
    assert await names(api, await bearer(owner)) == []


async def test_views_of_tokens_are_ones_own_or_those_of_a_project(api: httpx.AsyncClient) -> None:
    owner, viewer, stranger = await make_user(), await make_user(), await make_user()
    project_id = await make_project(owner, team={viewer: "viewer"})
    mine = {"list": "own_tokens", "name": "Mine", "query": "state=active&sort=-name&person=1&tab=tokens"}
    of_project = mine | {"name": "CI", "project_id": project_id}
    for who, expected in ((owner, [201, 201]), (viewer, [201, 403]), (stranger, [201, 404])):
        header = await bearer(who)
        answers = [await api.post(VIEWS, headers=header, json=view) for view in (mine, of_project)]
        assert [answer.status_code for answer in answers] == expected
        assert answers[0].json()["query"] == "sort=-name&state=active"


@pytest.mark.parametrize(
    "record", [{"list": "members"}, {"list": "deliveries"}, {"project_id": 1}, {"list": "members", "webhook_id": 1}]
)
async def test_a_list_needs_its_record_and_no_other(api: httpx.AsyncClient, record: dict[str, object]) -> None:
    answer = await api.post(VIEWS, headers=await bearer(await make_user()), json=OWN | record)
    assert answer.status_code == 422, answer.text


async def test_a_name_is_used_once_for_each_list_and_person(api: httpx.AsyncClient) -> None:
    admin, header = await bearer(await make_admin()), await bearer(await make_user())
    for who, more in ((header, {}), (admin, {}), (admin, {"is_shared": True})):
        assert (await api.post(VIEWS, headers=who, json=OWN | more)).status_code == 201
        assert (await api.post(VIEWS, headers=who, json=OWN | more)).status_code == 409


async def test_parallel_saves_do_not_exceed_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MAX_VIEWS", 3)
    ana = await make_user()

    async def save(number: int) -> bool:
        try:
            async with transaction() as session:
                await service.create_view(session, ana, ViewCreate(list="projects", name=f"View {number}"))
        except Conflict:
            return False
        return True

    assert sum(await asyncio.gather(*(save(number) for number in range(8)))) == 3
    async with reading() as session:
        assert len(await service.list_views(session, ana)) == 3

"""Lists of groups, webhooks and deliveries: their filters, orders and files, for those who may see the list."""

import csv
import io
from typing import Any, get_args

import httpx
import pytest
from sqlalchemy import insert, update

from tca_app.core.actor import Actor
from tca_app.core.database.session import transaction
from tca_app.features.groups.listing import count_groups
from tca_app.features.groups.schemas import GroupFilter, GroupSort
from tca_app.features.webhooks.deliveries import count_deliveries
from tca_app.features.webhooks.schemas import DeliveryFilter, DeliverySort, WebhookSort
from tca_app.models import Group, GroupMember, ProjectGroup, Webhook, WebhookDelivery
from tests.factories import bearer, make_admin, make_project, make_user, make_webhook, run


async def rows_of(api: httpx.AsyncClient, who: Actor, path: str) -> list[dict[str, str]]:
    answer = await api.get(f"/api/v1/{path}", headers=await bearer(who))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"].startswith("attachment")
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


@pytest.fixture
async def groups() -> tuple[Actor, Actor, int]:
    """An administrator, a person in two groups, and a project with one of them."""
    admin, ana = await make_admin("root"), await make_user("ana")
    project_id = await make_project(ana, "Ledger")
    async with transaction() as session:
        named = [{"name": name, "description": "=x"} for name in ("Beta", "alpha", "Gamma")]
        ids = list((await session.execute(insert(Group).returning(Group.id), named)).scalars())
        await session.execute(insert(GroupMember), [{"group_id": one, "user_id": ana.user_id} for one in ids[:2]])
        await session.execute(insert(GroupMember).values(group_id=ids[0], user_id=admin.user_id))
        await session.execute(insert(ProjectGroup).values(group_id=ids[1], project_id=project_id, role="viewer"))
    return admin, ana, project_id


async def test_groups_are_sorted_and_filtered_and_the_file_is_the_same(
    api: httpx.AsyncClient, groups: tuple[Actor, Actor, int]
) -> None:
    admin, ana, project_id = groups

    async def names(query: str) -> list[str]:
        listed: list[dict[str, Any]] = (await api.get(f"/api/v1/groups?{query}", headers=await bearer(admin))).json()
        found = [row["name"] for row in listed]
        assert [row["name"] for row in await rows_of(api, admin, f"groups/export.csv?{query}")] == found
        return found

    assert await names("") == ["alpha", "Beta", "Gamma"]
    for sort in get_args(GroupSort)[::2]:
        assert await names(f"sort={sort}") == (await names(f"sort=-{sort}"))[::-1], sort
    assert await names("sort=-member_count") == ["Beta", "alpha", "Gamma"]
    assert await names(f"user_id={admin.user_id}") == ["Beta"]
    assert await names(f"user_id={ana.user_id}&project_id={project_id}") == ["alpha"]
    assert await names("search=gam") == ["Gamma"]
    assert (await rows_of(api, admin, "groups/export.csv"))[0]["description"] == "'=x"
    counted = await run(count_groups, admin, GroupFilter(project_id=[project_id]), "user_id")
    assert [(facet.label, facet.count) for facet in counted.values] == [("Ana", 1)]
    counted = await run(count_groups, admin, GroupFilter(user_id=[ana.user_id]), "project_id")
    assert [(facet.label, facet.count) for facet in counted.values] == [("Ledger", 1)]


async def test_only_administrators_learn_who_is_in_which_group(
    api: httpx.AsyncClient, groups: tuple[Actor, Actor, int]
) -> None:
    admin, ana, project_id = groups
    header = await bearer(ana)
    assert len((await api.get("/api/v1/groups?sort=-name", headers=header)).json()) == 3
    for query in (f"user_id={admin.user_id}", f"project_id={project_id}"):
        for path in ("groups", "groups/export.csv"):
            assert (await api.get(f"/api/v1/{path}?{query}", headers=header)).status_code == 403


async def test_deliveries_are_filtered_and_the_file_has_nothing_of_what_was_sent(api: httpx.AsyncClient) -> None:
    ana = await make_user("ana")
    hook = await make_webhook(ana, project_id=await make_project(ana))
    sent = {"webhook_id": hook.id, "url": "x", "request_headers": {"x": "canary"}, "request_body": '"canary"'}
    rows = [
        sent | {"message_id": f"msg_{at}", "attempt": 1, "event_type": kind, "status": status, "error": error}
        for at, (kind, status, error) in enumerate(
            (("ping", "succeeded", ""), ("ping", "failed", "=HTTP 500"), ("project_updated", "failed", "timeout"))
        )
    ]
    rows = [row | {"response_code": 500 if "500" in str(row["error"]) else None} for row in rows]
    async with transaction() as session:
        await session.execute(insert(WebhookDelivery), rows)

    async def messages(query: str) -> list[str]:
        url = f"webhooks/{hook.id}/deliveries"
        listed = (await api.get(f"/api/v1/{url}?{query}", headers=await bearer(ana))).json()
        found = [row["message_id"] for row in listed]
        assert [row["message_id"] for row in await rows_of(api, ana, f"{url}/export.csv?{query}")] == found
        return found

    assert await messages("") == ["msg_2", "msg_1", "msg_0"]
    assert await messages("status=failed&status=retrying") == ["msg_2", "msg_1"]
    assert await messages("event_type=ping&status=failed&since=2026-01-01") == ["msg_1"]
    assert await messages("search=TIMEOUT") == ["msg_2"]
    assert await messages("until=2026-01-01") == []
    for sort in get_args(DeliverySort)[::2]:
        if sort != "response_code":
            assert await messages(f"sort={sort}") == (await messages(f"sort=-{sort}"))[::-1], sort
    assert await messages("sort=event_type") == ["msg_0", "msg_1", "msg_2"]
    assert await messages("sort=-status") == ["msg_0", "msg_2", "msg_1"]
    # Attempts without a response are last in both directions.
    assert (await messages("sort=response_code"))[0] == (await messages("sort=-response_code"))[0] == "msg_1"
    text = (await api.get(f"/api/v1/webhooks/{hook.id}/deliveries/export.csv", headers=await bearer(ana))).text
    assert "canary" not in text
    assert '"\'=HTTP 500"' in text
    counted = await run(count_deliveries, ana, hook.id, DeliveryFilter(status=["failed"]), "event_type")
    assert {(facet.value, facet.count) for facet in counted.values} == {("ping", 1), ("project_updated", 1)}
    stranger = await bearer(await make_user())
    assert (await api.get(f"/api/v1/webhooks/{hook.id}/deliveries/export.csv", headers=stranger)).status_code == 404


async def test_webhooks_are_sorted_and_filtered_and_the_file_is_the_same(api: httpx.AsyncClient) -> None:
    ana = await make_user("ana")
    project_id = await make_project(ana)
    hooks = [
        await make_webhook(ana, f"https://{host}.example.com/", project_id, *types)
        for host, types in (("c", ("member_added",)), ("a", ()), ("b", ("project_updated", "project_created")))
    ]
    first, second, third = [hook.id for hook in hooks]
    sent = {"webhook_id": second, "url": "x", "request_headers": {}, "request_body": "{}", "attempt": 1, "error": ""}
    async with transaction() as session:
        values = sent | {"message_id": "msg", "event_type": "ping", "status": "failed"}
        await session.execute(insert(WebhookDelivery).values(values))
        await session.execute(update(Webhook).where(Webhook.id == third).values(is_active=False, description="=Bot"))

    async def ids(query: str) -> list[int]:
        path = f"webhooks?project_id={project_id}&{query}"
        listed: list[dict[str, Any]] = (await api.get(f"/api/v1/{path}", headers=await bearer(ana))).json()
        found = [row["id"] for row in listed]
        lines = await rows_of(api, ana, path.replace("webhooks?", "webhooks/export.csv?"))
        assert [int(row["id"]) for row in lines] == found
        return found

    assert await ids("") == [first, second, third]
    for sort in get_args(WebhookSort)[::2]:
        if sort not in ("events", "last_at"):  # all events, and no delivery, are last in both directions
            assert await ids(f"sort={sort}") == (await ids(f"sort=-{sort}"))[::-1], sort
    assert await ids("sort=url") == [second, third, first]
    assert await ids("sort=-events") == [third, first, second]
    assert (await ids("sort=last_at"))[0] == (await ids("sort=-last_at"))[0] == second
    assert await ids("is_active=false") == [third]
    assert await ids("last_status=failed&last_status=retrying") == [second]
    assert await ids("search=BOT") == [third]
    text = (await api.get(f"/api/v1/webhooks/export.csv?project_id={project_id}", headers=await bearer(ana))).text
    assert '"\'=Bot"' in text


async def test_the_file_of_webhooks_has_no_secret(api: httpx.AsyncClient) -> None:
    ana, viewer = await make_user("ana"), await make_user()
    project_id = await make_project(ana, team={viewer: "viewer"})
    hook = await make_webhook(ana, "https://hooks.example.com/in", project_id)
    path = f"webhooks/export.csv?project_id={project_id}"
    (row,) = await rows_of(api, ana, path)
    assert (row["id"], row["url"]) == (str(hook.id), "https://hooks.example.com/in")
    assert str(hook.secret) not in str(row)
    assert not [name for name in row if "secret" in name]
    assert (await api.get(f"/api/v1/{path}", headers=await bearer(viewer))).status_code == 403
    assert (await api.get("/api/v1/webhooks/export.csv", headers=await bearer(ana))).status_code == 403


async def test_the_projects_of_a_user_are_a_file_for_them_and_for_administrators(api: httpx.AsyncClient) -> None:
    admin, ana, bob = await make_admin("root"), await make_user("ana"), await make_user("bob")
    await make_project(ana, "Ledger")
    await make_project(bob, "Billing", {ana: "viewer"}, status="paused")
    path = f"users/{ana.user_id}/projects/export.csv"
    for who in (ana, admin):
        listed = [(row["name"], row["role"], row["status"]) for row in await rows_of(api, who, f"{path}?sort=role")]
        assert listed == [("Billing", "viewer", "paused"), ("Ledger", "owner", "active")]
    assert (await api.get(f"/api/v1/{path}", headers=await bearer(bob))).status_code == 404

"""Comments on deployments over REST: who may write, edit and delete them, and what is kept of them."""

from typing import Any

import httpx
import pytest
from sqlalchemy import select, text

from tca_app.core.actor import Actor
from tca_app.core.database.session import reading, transaction
from tca_app.features.deployments.comments import service
from tca_app.models import DeploymentComment, LoggedEvent
from tests.factories import bearer, make_admin, make_comment, make_deployment, make_project, make_token, make_user


async def team() -> tuple[Actor, Actor, Actor, int]:
    """The owner, a maintainer, a viewer, and a deployment of their project."""
    owner, maintainer, viewer = await make_user(), await make_user(), await make_user()
    project_id = await make_project(owner, "Ledger", {maintainer: "maintainer", viewer: "viewer"})
    return owner, maintainer, viewer, await make_deployment(project_id)


def path(deployment_id: int, comment_id: int | str = "") -> str:
    return f"/api/v1/deployments/{deployment_id}/comments{f'/{comment_id}' if comment_id else ''}"


async def bodies(api: httpx.AsyncClient, who: Actor, deployment_id: int, **query: Any) -> list[str]:
    answer = await api.get(path(deployment_id), headers=await bearer(who), params=query)
    return [comment["body"] for comment in answer.json()]


async def test_a_viewer_comments_edits_and_deletes_their_own(api: httpx.AsyncClient) -> None:
    owner, _, viewer, deployment_id = await team()
    header = await bearer(viewer)
    made = await api.post(path(deployment_id), headers=header, json={"body": " The check\nfails. "})
    assert made.status_code == 201
    comment = made.json()
    assert (comment["body"], comment["author"]["id"], comment["edited_at"]) == (
        "The check\nfails.",
        viewer.user_id,
        None,
    )
    assert (comment["may_edit"], comment["may_delete"]) == (True, True)
    changed = await api.patch(path(deployment_id, comment["id"]), headers=header, json={"body": "It passes now."})
    assert changed.json()["edited_at"] is not None
    assert await bodies(api, owner, deployment_id) == ["It passes now."]
    assert (await api.delete(path(deployment_id, comment["id"]), headers=header)).status_code == 204
    assert await bodies(api, owner, deployment_id) == []


async def test_maintainers_delete_comments_of_others_and_edit_none(api: httpx.AsyncClient) -> None:
    owner, maintainer, viewer, deployment_id = await team()
    comment_id = await make_comment(owner, deployment_id)
    url = path(deployment_id, comment_id)
    for who, edit, delete in ((viewer, 403, 403), (maintainer, 403, 204)):
        header = await bearer(who)
        assert (await api.patch(url, headers=header, json={"body": "x"})).status_code == edit
        assert (await api.delete(url, headers=header)).status_code == delete
    assert (await api.delete(url, headers=await bearer(owner))).status_code == 404


async def test_a_comment_is_found_at_its_own_deployment_only(api: httpx.AsyncClient) -> None:
    owner = await make_user()
    first, second = await make_deployment(await make_project(owner)), await make_deployment(await make_project(owner))
    comment_id = await make_comment(owner, first)
    header = await bearer(owner)
    assert (await api.patch(path(second, comment_id), headers=header, json={"body": "x"})).status_code == 404
    assert (await api.delete(path(second, comment_id), headers=header)).status_code == 404
    assert await bodies(api, owner, first) == ["Looks good."]


@pytest.mark.parametrize("wrong", ["", "  \n ", "x" * 4001, "a\x00b", "a\u202eb", None, 7])
async def test_text_is_bounded_and_plain(api: httpx.AsyncClient, wrong: object) -> None:
    owner, _, _, deployment_id = await team()
    answer = await api.post(path(deployment_id), headers=await bearer(owner), json={"body": wrong})
    assert answer.status_code == 422


async def test_the_list_is_read_in_parts_newest_first(api: httpx.AsyncClient) -> None:
    owner, _, viewer, deployment_id = await team()
    for number in range(5):
        await make_comment(owner, deployment_id, f"{number}")
    header = await bearer(viewer)
    first = await api.get(path(deployment_id), headers=header, params={"limit": 2})
    assert [comment["body"] for comment in first.json()] == ["4", "3"]
    second = await api.get(first.headers["link"].partition(">")[0][1:], headers=header)
    assert [comment["body"] for comment in second.json()] == ["2", "1"]
    assert "link" not in (await api.get(path(deployment_id), headers=header, params={"limit": 5})).headers


async def test_a_deployment_has_a_bounded_number_of_comments(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MAX_COMMENTS", 1)
    owner, _, _, deployment_id = await team()
    await make_comment(owner, deployment_id)
    answer = await api.post(path(deployment_id), headers=await bearer(owner), json={"body": "x"})
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_comments")


async def test_comments_and_notified_people_are_limited_per_minute(api: httpx.AsyncClient) -> None:
    owner, _, _, deployment_id = await team()
    header = await bearer(owner)
    seen = {(await api.post(path(deployment_id), headers=header, json={"body": "x"})).status_code for _ in range(61)}
    assert seen == {201, 429}


async def test_a_repeated_call_adds_one_comment_and_returns_none_that_was_deleted(api: httpx.AsyncClient) -> None:
    owner, _, _, deployment_id = await team()
    header = await bearer(owner) | {"Idempotency-Key": "once"}
    made = [await api.post(path(deployment_id), headers=header, json={"body": "x"}) for _ in range(2)]
    assert made[0].json() == made[1].json()
    await api.delete(path(deployment_id, made[0].json()["id"]), headers=header)
    assert (await api.post(path(deployment_id), headers=header, json={"body": "x"})).status_code == 404


async def test_a_token_comments_with_the_scope_write_only(api: httpx.AsyncClient) -> None:
    owner, _, _, deployment_id = await team()
    for scopes, expected in ((["read"], 403), (["deploy"], 403), (["read", "write"], 201)):
        _, header = await make_token(owner, scopes=scopes)
        answer = await api.post(path(deployment_id), headers=header, json={"body": "From CI"})
        assert answer.status_code == expected, scopes


async def test_events_name_the_comment_and_never_its_text(api: httpx.AsyncClient) -> None:
    owner, maintainer, _, deployment_id = await team()
    header = await bearer(owner)
    comment_id = (await api.post(path(deployment_id), headers=header, json={"body": "the-secret-text"})).json()["id"]
    await api.patch(path(deployment_id, comment_id), headers=header, json={"body": "the-secret-text"})  # no change
    await api.patch(
        path(deployment_id, comment_id), headers=header, json={"body": f"the-secret-text @{owner.username}"}
    )
    await api.delete(path(deployment_id, comment_id), headers=await bearer(maintainer))
    async with reading() as session:
        rows = await session.execute(
            select(LoggedEvent.type, LoggedEvent.data, LoggedEvent.actor_id)
            .where(LoggedEvent.subject_type == "deployment", LoggedEvent.subject_id == deployment_id)
            .order_by(LoggedEvent.id)
        )
        events = rows.all()
        tables = await session.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        for table in list(tables):
            dump = await session.scalar(text(f"SELECT string_agg(CAST(line AS text), ' ') FROM {table} AS line"))
            assert "the-secret-text" not in (dump or ""), table
    assert [row.type for row in events] == [
        "deployment_commented",
        "deployment_comment_edited",
        "deployment_comment_deleted",
    ]
    assert all(row.data["comment_id"] == comment_id for row in events)
    assert (events[2].data["author_id"], events[2].actor_id) == (owner.user_id, maintainer.user_id)


async def test_in_the_trash_there_are_no_comments(api: httpx.AsyncClient) -> None:
    owner, _, _, deployment_id = await team()
    comment_id = await make_comment(owner, deployment_id)
    async with transaction() as session:
        await session.execute(text("UPDATE projects SET deleted_at = now()"))
    header = await bearer(await make_admin())
    for method, url in (("GET", path(deployment_id)), ("DELETE", path(deployment_id, comment_id))):
        assert (await api.request(method, url, headers=header)).status_code == 404
    async with reading() as session:
        assert (await session.scalars(select(DeploymentComment.id))).all() == [comment_id]

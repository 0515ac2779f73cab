"""Mentions: who can be mentioned, whom the autocompletion offers, and who is notified."""

import httpx
import pytest
from sqlalchemy import delete, select

from tca_app.core.database.session import reading, transaction
from tca_app.core.errors import Invalid
from tca_app.features.deployments.comments import service
from tca_app.features.deployments.comments.mentions import names_in
from tca_app.features.deployments.comments.schemas import CommentUpdate
from tca_app.models import Notification, ProjectMember
from tests.factories import (
    bearer,
    do_jobs,
    make_admin,
    make_comment,
    make_deployment,
    make_project,
    make_token,
    make_user,
    run,
)


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ("@ana please look", ["ana"]),
        ("@Ana, (@bob) and @ANA.", ["Ana", "bob"]),
        ("ana@example.com and https://example.com/@ana", []),
        ("@ana@example.com, a/@ana, @al, @ana_lopez", []),
        ("@@ana", []),
        ("\n@ana\n", ["ana"]),
        ("@" * 4000, []),
    ],
)
def test_a_mention_begins_a_word(body: str, names: list[str]) -> None:
    assert names_in(body) == names


def test_a_comment_mentions_few_people() -> None:
    with pytest.raises(Invalid):
        names_in(" ".join(f"@person{number}" for number in range(21)))


async def inbox() -> list[tuple[int, str, str]]:
    """What the events so far notified people of: whom, the title and the link."""
    await do_jobs()
    async with reading() as session:
        rows = select(Notification.user_id, Notification.title, Notification.link).order_by(Notification.id)
        return [(row[0], row[1], row[2]) for row in await session.execute(rows)]


async def test_people_who_may_see_the_project_are_notified_once() -> None:
    ana, bob, carl, admin = (
        await make_user("ana"),
        await make_user("bob"),
        await make_user("carl"),
        await make_admin("root"),
    )
    deployment_id = await make_deployment(await make_project(ana, "Ledger", {bob: "viewer"}))
    body = "@BOB, @carl, @root, @ana and @nobody"
    comment_id = await make_comment(ana, deployment_id, body)
    link, title = f"/deployments/{deployment_id}#comment-{comment_id}", "Ana mentioned you in a comment on Ledger 1.0.0"
    assert {(who, of) for who, _, of in await inbox()} == {(bob.user_id, link), (admin.user_id, link)}
    assert (await inbox())[0][1].startswith(title)
    for again in (f"{body}!", f"{body} again"):
        await run(service.update_comment, ana, deployment_id, comment_id, CommentUpdate(body=again))
    assert len(await inbox()) == 2
    read = await run(service.get_comment, bob, comment_id)
    assert [(mention.username, mention.person.id) for mention in read.mentions] == [
        ("ana", ana.user_id),
        ("BOB", bob.user_id),
        ("root", admin.user_id),
    ]
    assert carl.user_id not in {mention.person.id for mention in read.mentions}


async def test_who_left_the_project_meanwhile_is_not_notified() -> None:
    ana, bob = await make_user("ana"), await make_user("bob")
    deployment_id = await make_deployment(await make_project(ana, "Ledger", {bob: "viewer"}))
    await make_comment(ana, deployment_id, "@bob")
    async with transaction() as session:
        await session.execute(delete(ProjectMember).where(ProjectMember.user_id == bob.user_id))
    assert await inbox() == []


async def offered(api: httpx.AsyncClient, header: dict[str, str], deployment_id: int, search: str = "") -> list[str]:
    answer = await api.get(f"/api/v1/deployments/{deployment_id}/people", headers=header, params={"search": search})
    assert answer.status_code == 200, answer.text
    return [person["username"] for person in answer.json()]


async def test_the_autocompletion_offers_the_team_and_who_took_part(api: httpx.AsyncClient) -> None:
    ana, bob, gone = (
        await make_user("ana", full_name="Ana López"),
        await make_user("bob"),
        await make_user("anders", is_active=False),
    )
    admin, stranger = await make_admin("anton"), await make_user("anita")
    deployment_id = await make_deployment(await make_project(ana, team={bob: "viewer", gone: "viewer"}))
    header = await bearer(bob)
    assert await offered(api, header, deployment_id) == ["ana", "bob"]
    assert await offered(api, header, deployment_id, "an") == ["ana"]
    assert await offered(api, header, deployment_id, "lop") == ["ana"]
    assert await offered(api, header, deployment_id, "LÓP") == ["ana"]
    assert await offered(api, header, deployment_id, "na") == []
    await make_comment(admin, deployment_id)
    assert await offered(api, header, deployment_id, "an") == ["ana", "anton"]
    url = f"/api/v1/deployments/{deployment_id}/people"
    assert (await api.get(url, headers=await bearer(stranger))).status_code == 404


@pytest.mark.parametrize(("scopes", "expected"), [(["read"], 403), (["read", "write"], 200)])
async def test_a_token_of_a_project_that_only_reads_gets_no_names_of_people(
    api: httpx.AsyncClient, scopes: list[str], expected: int
) -> None:
    ana = await make_user()
    project_id = await make_project(ana)
    deployment_id = await make_deployment(project_id)
    _, header = await make_token(ana, project_id, scopes=scopes)
    answer = await api.get(f"/api/v1/deployments/{deployment_id}/people", headers=header)
    assert answer.status_code == expected

"""The comments on the page of a deployment, without a browser."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from reflex.istate.manager.memory import StateManagerMemory

from tca_app.core.actor import Actor
from tca_app.features.deployments.comments.ui import state as comments_state
from tca_app.features.deployments.comments.ui.rows import parts_of
from tca_app.features.deployments.comments.ui.state import CommentsState, EditedCommentState, NewCommentState
from tests.factories import make_comment, make_deployment, make_project, make_user
from tests.ui.harness import Console, Tab, console_on, shown, sign_in


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    async with console_on(StateManagerMemory()) as running:
        yield running


async def open_page(console: Console, actor: Actor, deployment_id: int) -> Tab:
    tab = Tab(console, f"{actor.username} {deployment_id}", await sign_in(actor), f"/deployments/{deployment_id}")
    await tab.hydrate()
    return tab


def text_of(row: dict[str, Any]) -> str:
    return "".join(part["text"] for part in row["parts"])


async def test_a_comment_is_written_edited_and_deleted(console: Console) -> None:
    ana, bob = await make_user("ana"), await make_user("bob")
    deployment_id = await make_deployment(await make_project(ana, team={bob: "viewer"}))
    tab = await open_page(console, bob, deployment_id)
    await tab.send(CommentsState.load)
    nonce = shown(await tab.send(NewCommentState.load), NewCommentState, "form_nonce")
    empty = await tab.send(NewCommentState.save, form={"nonce": nonce, "body": " "})
    assert shown(empty, NewCommentState, "form_errors") == {"body": "This contains characters that are not allowed."}
    updates = await tab.send(NewCommentState.save, form={"nonce": nonce, "body": "@ana it fails"})
    (row,) = shown(updates, CommentsState, "comments")
    assert [(part["kind"], part["about"]) for part in row["parts"]] == [("mention", "Ana"), ("text", "")]
    assert shown(updates, NewCommentState, "form_values") == {"body": ""}
    assert shown(updates, NewCommentState, "form_ended").startswith("saved ")
    again = await tab.send(NewCommentState.save, form={"nonce": nonce, "body": "@ana it fails"})
    assert shown(again, CommentsState, "comments") is None

    updates = await tab.send(EditedCommentState.open_edit, deployment_id=deployment_id, comment_id=row["id"])
    nonce = shown(updates, EditedCommentState, "form_nonce")
    empty = await tab.send(EditedCommentState.save, form={"nonce": nonce, "edited_body": ""})
    assert shown(empty, EditedCommentState, "form_errors") == {"edited_body": "Required."}
    updates = await tab.send(EditedCommentState.save, form={"nonce": nonce, "edited_body": "It passes."})
    (row,) = shown(updates, CommentsState, "comments")
    assert (text_of(row), row["edited_at"] != "") == ("It passes.", True)
    await tab.send(CommentsState.ask_delete, deployment_id=deployment_id, comment_id=row["id"])
    assert shown(await tab.send(CommentsState.delete, _form={}), CommentsState, "comments") == []


async def test_others_may_not_edit_and_the_page_offers_what_is_allowed(console: Console) -> None:
    ana, bob = await make_user("ana"), await make_user("bob")
    deployment_id = await make_deployment(await make_project(ana, team={bob: "viewer"}))
    own, other = await make_comment(bob, deployment_id), await make_comment(ana, deployment_id)
    for who, expected in ((ana, [(False, True), (True, True)]), (bob, [(True, True), (False, False)])):
        tab = await open_page(console, who, deployment_id)
        rows = shown(await tab.send(CommentsState.load), CommentsState, "comments")
        assert [row["id"] for row in rows] == [own, other]
        assert [(row["may_edit"], row["may_delete"]) for row in rows] == expected
    updates = await tab.send(EditedCommentState.open_edit, deployment_id=deployment_id, comment_id=other)
    assert shown(updates, EditedCommentState, "form_mode") is None
    await tab.send(CommentsState.ask_delete, deployment_id=deployment_id, comment_id=other)
    updates = await tab.send(CommentsState.delete, _form={})
    assert "permission" in shown(updates, CommentsState, "remove_error").lower()


async def test_a_form_that_is_open_stays_until_its_draft_is_discarded(console: Console) -> None:
    ana = await make_user()
    deployment_id = await make_deployment(await make_project(ana))
    tab = await open_page(console, ana, deployment_id)
    nonce = shown(await tab.send(NewCommentState.load), NewCommentState, "form_nonce")
    assert nonce
    assert shown(await tab.send(NewCommentState.load), NewCommentState, "form_nonce") is None
    draft = {"mode": "create", "id": str(deployment_id), "key": "a" * 32, "value.body": "typed before"}
    updates = await tab.send(NewCommentState.resume_form, draft=draft)
    assert shown(updates, NewCommentState, "form_values") == {"body": "typed before"}
    updates = await tab.send(NewCommentState.discard_draft)
    assert shown(updates, NewCommentState, "form_values") == {"body": ""}
    assert shown(updates, NewCommentState, "form_nonce") not in (None, nonce)


async def test_a_stranger_sees_none(console: Console) -> None:
    ana, stranger = await make_user("ana"), await make_user("eve")
    deployment_id = await make_deployment(await make_project(ana))
    comment_id = await make_comment(ana, deployment_id)
    tab = await open_page(console, stranger, deployment_id)
    assert not shown(await tab.send(CommentsState.load), CommentsState, "comments")
    nonce = shown(await tab.send(NewCommentState.load), NewCommentState, "form_nonce")
    updates = await tab.send(NewCommentState.save, form={"nonce": nonce, "body": "hello"})
    assert shown(updates, NewCommentState, "form_error") != ""
    updates = await tab.send(EditedCommentState.open_edit, deployment_id=deployment_id, comment_id=comment_id)
    assert shown(updates, EditedCommentState, "form_values") is None


async def test_earlier_comments_are_shown_on_demand(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comments_state, "STEP", 2)
    ana = await make_user()
    deployment_id = await make_deployment(await make_project(ana))
    for number in range(3):
        await make_comment(ana, deployment_id, f"{number}")
    tab = await open_page(console, ana, deployment_id)
    updates = await tab.send(CommentsState.load)
    assert [text_of(row) for row in shown(updates, CommentsState, "comments")] == ["1", "2"]
    assert shown(updates, CommentsState, "has_more") is True
    updates = await tab.send(CommentsState.show_earlier)
    assert [text_of(row) for row in shown(updates, CommentsState, "comments")] == ["0", "1", "2"]
    assert shown(updates, CommentsState, "has_more") is False


@pytest.mark.parametrize(
    ("body", "links"),
    [
        (
            "See https://ci.example.com/7. Or (http://x.example/a?b=1#c)",
            ["https://ci.example.com/7", "http://x.example/a?b=1#c"],
        ),
        ("javascript:alert(1) and data:text/html,x and //x.example", []),
        ("https://user:secret@x.example https://", []),
        ("<b>https://x.example/</b>", ["https://x.example/"]),
        ("https://x.example/@ana", ["https://x.example/@ana"]),
    ],
)
def test_only_web_addresses_become_links_and_no_text_is_lost(body: str, links: list[str]) -> None:
    parts = parts_of(body, {"ana": "Ana"})
    assert [part["about"] for part in parts if part["kind"] == "link"] == links
    assert "".join(part["text"] for part in parts) == body

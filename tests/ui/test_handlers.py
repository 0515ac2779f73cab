"""Arguments of a handler are checked before it runs, and its errors reach the person as one sentence."""

from typing import Any

import pytest

from tca_app.core.errors import BadRequest
from tca_app.ui.arguments import MAX_TEXT, NOT_UNDERSTOOD, refuse_wild
from tca_app.ui.handlers import handler
from tca_app.ui.session import SessionState
from tests.factories import make_user
from tests.ui.harness import Console, Notes, Tab, shown, sign_in

GOOD = {"note_id": 1, "text": "x"}


@pytest.fixture
async def tab(console: Console) -> Tab:
    opened = Tab(console, "t1", await sign_in(await make_user()))
    await opened.hydrate()
    return opened


async def test_good_arguments_arrive(tab: Tab) -> None:
    assert shown(await tab.send(Notes.rename, **GOOD), Notes, "acts") == ["1:x:False"]


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"note_id": 1},
        GOOD | {"extra": 1},
        GOOD | {"text": {"a": 1}},
        GOOD | {"text": ["x"]},
        GOOD | {"text": None},
        GOOD | {"text": 7},
        GOOD | {"note_id": "one"},
        GOOD | {"note_id": True},
        GOOD | {"note_id": 1.5},
        GOOD | {"note_id": 2**63},
        GOOD | {"flag": "yes"},
        GOOD | {"flag": 1},
        GOOD | {"text": "x" * (MAX_TEXT + 1)},
        GOOD | {"text": "a\x00b"},
        GOOD | {"text": "a\ud800b"},
        GOOD | {"self": 1},
    ],
)
async def test_bad_arguments_are_refused_politely(tab: Tab, payload: dict[str, Any]) -> None:
    updates = await tab.send(Notes.rename, **payload)
    assert shown(updates, Notes, "acts") is None
    assert shown(updates, SessionState, "toasts")[0]["kind"] == "error"
    assert not tab.console.errors


async def test_an_unexpected_error_shows_the_request_id_and_nothing_of_itself(tab: Tab) -> None:
    [toast] = shown(await tab.send(Notes.fail), SessionState, "toasts")
    assert "inner detail" not in toast["text"]
    assert "Quote " in toast["text"]


async def test_undo_sends_what_the_toast_carries_once(tab: Tab) -> None:
    [toast] = shown(await tab.send(Notes.remove), SessionState, "toasts")
    assert toast["undo"] is True
    assert shown(await tab.send(SessionState.undo, toast_id=toast["id"]), Notes, "acts") == ["restored 7"]
    assert shown(await tab.send(SessionState.undo, toast_id=toast["id"]), Notes, "acts") is None


def test_a_handler_without_a_known_permission_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="no such permission"):
        handler("everything")


def test_a_handler_that_would_block_every_other_session_cannot_be_written() -> None:
    def slow(self: Any) -> None: ...

    with pytest.raises(TypeError, match="must be async"):
        handler("public")(slow)


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), [[[[[[[["deep"]]]]]]]], list(range(3000)), {"k\x00": 1}, {"a": {"b": "\x00"}}],
    ids=["nan", "inf", "deep", "long", "key", "nested"],
)
def test_wild_values_are_refused(value: Any) -> None:
    with pytest.raises(BadRequest):
        refuse_wild(value)


def test_the_refusal_names_no_internals() -> None:
    assert "pydantic" not in NOT_UNDERSTOOD

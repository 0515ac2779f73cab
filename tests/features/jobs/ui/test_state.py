"""The page of jobs, without a browser."""

from collections.abc import AsyncIterator

import pytest
from reflex.istate.manager.memory import StateManagerMemory

from tca_app.core.actor import Actor
from tca_app.features.jobs.ui.queues_state import QueuesState, lag_in_words
from tca_app.features.jobs.ui.state import JobsState
from tca_app.ui.session import SessionState
from tests.factories import do_jobs, make_admin, make_user, run
from tests.features.jobs.test_jobs import BROKEN, enqueue
from tests.ui.harness import Console, Tab, console_on, shown, sign_in


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    async with console_on(StateManagerMemory()) as running:
        yield running


@pytest.fixture(autouse=True)
async def dead() -> None:
    BROKEN[:] = ["no paper"]
    for number in (1, 2, 3):
        await run(enqueue, "fragile", number=number)
    await do_jobs()


async def _opened(console: Console, actor: Actor) -> Tab:
    tab = Tab(console, "jobs", await sign_in(actor), "/status/jobs")
    await tab.hydrate()
    return tab


async def test_the_dead_are_shown_and_tried_again(console: Console) -> None:
    tab = await _opened(console, await make_admin())
    updates = await tab.send(JobsState.load)
    rows = shown(updates, JobsState, "rows")
    assert [row["reason"] for row in rows] == [f"no paper {n}" for n in (3, 2, 1)]
    BROKEN.clear()
    updates = await tab.send(JobsState.ask_rows, action="retry", ids=[rows[0]["id"], rows[1]["id"], 10**9])
    (toast,) = shown(updates, SessionState, "toasts")
    assert toast["text"] == "2 jobs retried, 1 no longer dead"
    assert [row["id"] for row in shown(updates, JobsState, "rows")] == [rows[2]["id"]]


async def test_the_queues_have_an_order_of_their_own(console: Console) -> None:
    tab = await _opened(console, await make_admin())
    for query, sort in (("", ""), ("?sort_queues=-dead&sort=kind", "sort=-dead"), ("?sort_queues=x", "")):
        tab.path = f"/status/jobs{query}"
        await tab.send(QueuesState.load)
        kept = await tab.hydrate()
        names = [queue["name"] for queue in shown(kept, QueuesState, "queues")]
        assert (names[0], names[-1]) == (("Email", "Analytics") if sort else ("Analytics", "Webhook"))
        assert shown(kept, QueuesState, "sort_query") == sort
    email = next(queue for queue in shown(kept, QueuesState, "queues") if queue["name"] == "Email")
    assert (email["dead"], email["is_late"]) == (3, False)


async def test_discarding_asks_first(console: Console) -> None:
    tab = await _opened(console, await make_admin())
    (first, *_) = shown(await tab.send(JobsState.load), JobsState, "rows")
    asked = await tab.send(JobsState.ask_rows, action="discard", ids=[first["id"]])
    assert shown(asked, JobsState, "bulk_title") == "Discard 1 job?"
    assert shown(await tab.send(JobsState.cancel_bulk), JobsState, "is_bulk_open") is False
    assert not shown(await tab.send(JobsState.run_bulk), JobsState, "rows")
    await tab.send(JobsState.ask_rows, action="discard", ids=[first["id"]])
    updates = await tab.send(JobsState.run_bulk)
    assert len(shown(updates, JobsState, "rows")) == 2


async def test_the_filter_of_queues_counts_dead_jobs(console: Console) -> None:
    tab = await _opened(console, await make_admin())
    updates = await tab.send(JobsState.show_filter, key="queue", is_open=True)
    counts = {option["value"]: option["count"] for option in shown(updates, JobsState, "options")}
    assert (counts["email_queue"], counts["health_queue"]) == ("3", "0")


async def test_the_filter_of_states_counts_all_states_and_dead_is_the_default(console: Console) -> None:
    tab = await _opened(console, await make_admin())
    updates = await tab.send(JobsState.load) + await tab.send(JobsState.show_filter, key="state", is_open=True)
    options = {option["value"]: (option["count"], option["is_on"]) for option in shown(updates, JobsState, "options")}
    assert (list(options), options["dead"]) == (["dead", "retrying", "waiting", "running"], ("3", True))
    assert not any(is_on for value, (_, is_on) in options.items() if value != "dead")
    assert not shown(updates, JobsState, "chips")


async def test_other_states_are_not_retried(console: Console) -> None:
    tab = Tab(console, "waiting", await sign_in(await make_admin()), "/status/jobs?state=waiting")
    await tab.hydrate()
    updates = await tab.send(JobsState.load)
    assert [chip["text"] for chip in shown(updates, JobsState, "chips")] == ["State: Waiting"]
    assert shown(updates, JobsState, "takes_bulk") is not True


async def test_members_are_shown_nothing(console: Console) -> None:
    tab = await _opened(console, await make_user())
    assert shown(await tab.send(JobsState.load), JobsState, "rows") is None
    assert shown(await tab.send(QueuesState.load), QueuesState, "queues") is None


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "none"), (12, "12 s"), (119, "119 s"), (600, "10 min"), (7300, "2 h")]
)
def test_lag_is_given_in_words(seconds: float, words: str) -> None:
    assert lag_in_words(seconds) == words

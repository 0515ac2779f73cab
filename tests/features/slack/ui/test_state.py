"""Slack in the settings of a project, without a browser."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from reflex.istate.manager.memory import StateManagerMemory

from tca_app.core.actor import Actor
from tca_app.features.slack import service as slack
from tca_app.features.slack.schemas import SlackUpdate
from tca_app.features.slack.ui.state import SlackState
from tests.factories import make_project, make_user, run
from tests.ui.harness import Console, Tab, console_on, shown, sign_in

URL = "https://hooks.slack.com/services/T0/B0/canarycanary"
ON = {"deployments": "on", "health": "on"}


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    async with console_on(StateManagerMemory()) as running:
        yield running


async def settings_of(console: Console, actor: Actor, project_id: int) -> Tab:
    path = f"/projects/{project_id}?tab=settings"
    tab = Tab(console, f"{actor.username} {path}", await sign_in(actor), path)
    await tab.hydrate()
    return tab


async def submit(tab: Tab, project_id: int, **fields: str) -> list[Any]:
    nonce = shown(await tab.send(SlackState.open_edit, project_id=project_id), SlackState, "form_nonce")
    return await tab.send(SlackState.save, form={"nonce": nonce, **fields})


async def test_it_is_connected_and_the_url_stands_in_no_state(console: Console) -> None:
    owner = await make_user()
    project_id = await make_project(owner)
    tab = await settings_of(console, owner, project_id)
    updates = await tab.send(SlackState.load)
    assert shown(updates, SlackState, "is_shown") is True
    assert not shown(updates, SlackState, "is_connected")
    updates = await submit(tab, project_id, webhook_url=URL, **ON)
    assert shown(updates, SlackState, "is_connected") is True
    assert shown(updates, SlackState, "topics") == "Deployments, Health"
    assert "canary" not in str([update.delta for update in updates])
    updates = await submit(tab, project_id, webhook_url="", freezes="on")
    assert shown(updates, SlackState, "topics") == "Freezes"


@pytest.mark.parametrize(
    ("url", "ticks", "field", "words"),
    [
        ("", ON, "webhook_url", "Required."),
        ("https://example.com/x", ON, "webhook_url", "hooks.slack.com"),
        ("nonsense", ON, "webhook_url", "https://"),
        (URL, {}, "deployments", "Choose at least one"),
    ],
)
async def test_a_refusal_stands_at_its_field_and_the_dialog_stays(
    console: Console, url: str, ticks: dict[str, str], field: str, words: str
) -> None:
    owner = await make_user()
    project_id = await make_project(owner)
    tab = await settings_of(console, owner, project_id)
    await tab.send(SlackState.load)
    updates = await submit(tab, project_id, webhook_url=url, **ticks)
    assert words in shown(updates, SlackState, "form_errors")[field]
    assert not shown(updates, SlackState, "is_connected")


async def test_it_is_removed_after_a_confirmation(console: Console) -> None:
    owner = await make_user()
    project_id = await make_project(owner)
    await run(slack.update_channel, owner, project_id, SlackUpdate(url=URL))
    tab = await settings_of(console, owner, project_id)
    assert shown(await tab.send(SlackState.load), SlackState, "is_connected") is True
    await tab.send(SlackState.remove, _form={})
    assert (await run(slack.read_channel, owner, project_id)).is_connected
    await tab.send(SlackState.ask_remove, project_id=project_id)
    updates = await tab.send(SlackState.remove, _form={})
    assert shown(updates, SlackState, "is_connected") is False
    assert not (await run(slack.read_channel, owner, project_id)).is_connected


async def test_the_result_of_a_message_appears(console: Console) -> None:
    owner = await make_user()
    project_id = await make_project(owner)
    await run(slack.update_channel, owner, project_id, SlackUpdate(url=URL))
    tab = await settings_of(console, owner, project_id)
    await tab.send(SlackState.load)
    await run(slack.note_result, project_id, "hooks.slack.com answered 404")
    assert shown(await tab.send(SlackState.refresh), SlackState, "error") == "hooks.slack.com answered 404"
    await run(slack.note_result, project_id, "")
    updates = await tab.send(SlackState.refresh)
    assert shown(updates, SlackState, "error") == ""
    assert shown(updates, SlackState, "sent_at")


async def test_a_deployer_is_shown_nothing_of_it(console: Console) -> None:
    deployer = await make_user()
    project_id = await make_project(await make_user(), team={deployer: "deployer"})
    tab = await settings_of(console, deployer, project_id)
    assert not shown(await tab.send(SlackState.load), SlackState, "is_shown")
    await submit(tab, project_id, webhook_url=URL, **ON)
    assert not shown(await tab.send(SlackState.refresh), SlackState, "is_shown")


async def test_what_was_asked_for_on_another_project_changes_nothing(console: Console) -> None:
    owner = await make_user()
    one, two = await make_project(owner), await make_project(owner)
    for project_id in (one, two):
        await run(slack.update_channel, owner, project_id, SlackUpdate(url=URL))
    tab = await settings_of(console, owner, one)
    await tab.send(SlackState.load)
    await tab.send(SlackState.ask_remove, project_id=one)
    tab.path = f"/projects/{two}?tab=settings"
    await tab.send(SlackState.remove, _form={})
    await tab.send(SlackState.load)
    await tab.send(SlackState.remove, _form={})
    for project_id in (one, two):
        assert (await run(slack.read_channel, owner, project_id)).is_connected

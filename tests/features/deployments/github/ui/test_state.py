"""The GitHub webhook in the settings of a project, without a browser."""

from collections.abc import AsyncIterator

import pytest
from reflex.istate.manager.memory import StateManagerMemory

from tca_app.core.actor import Actor
from tca_app.features.deployments.errors import AnotherRepository
from tca_app.features.deployments.github import secret
from tca_app.features.deployments.github.payloads import Repository
from tca_app.features.deployments.github.ui.state import HookState
from tests.factories import make_project, make_user, run
from tests.ui.harness import Console, Tab, console_on, shown, sign_in


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    async with console_on(StateManagerMemory()) as running:
        yield running


async def open_page(console: Console, actor: Actor, path: str) -> Tab:
    tab = Tab(console, f"{actor.username} {path}", await sign_in(actor), path)
    await tab.hydrate()
    return tab


async def test_a_new_secret_is_shown_until_one_goes_on(console: Console) -> None:
    owner = await make_user()
    project_id = await make_project(owner)
    tab = await open_page(console, owner, f"/projects/{project_id}?tab=settings")
    assert f"/api/hooks/github/{project_id}" in shown(await tab.send(HookState.load), HookState, "address")
    await tab.send(HookState.ask, project_id=project_id, action="rotate")
    updates = await tab.send(HookState.confirm, _form={})
    (event,) = [event for update in updates for event in update.events or [] if event.name == "_set_value"]
    assert len(event.payload["value"]) > 40
    assert event.payload["value"] not in str([update.delta for update in updates])
    assert shown(await tab.send(HookState.load), HookState, "is_fresh") is False


async def test_a_deployer_is_shown_nothing_of_the_webhook(console: Console) -> None:
    deployer = await make_user()
    project_id = await make_project(await make_user(), team={deployer: "deployer"})
    tab = await open_page(console, deployer, f"/projects/{project_id}?tab=settings")
    assert not shown(await tab.send(HookState.load), HookState, "address")
    await tab.send(HookState.ask, project_id=project_id, action="rotate")
    updates = await tab.send(HookState.confirm, _form={})
    assert "permission" in shown(updates, HookState, "asking_error")


async def refuse_another_repository(owner: Actor, project_id: int) -> None:
    """The webhook is for tca/billing, and a delivery of tca/ledger came."""
    await run(secret.rotate_hook, owner, project_id)
    await run(secret.require_repository, project_id, Repository(id=5, full_name="tca/billing"))
    with pytest.raises(AnotherRepository):
        await run(secret.require_repository, project_id, Repository(id=6, full_name="tca/ledger"))


async def test_a_refused_repository_is_shown_and_accepted(console: Console) -> None:
    owner = await make_user()
    project_id = await make_project(owner)
    await refuse_another_repository(owner, project_id)
    tab = await open_page(console, owner, f"/projects/{project_id}?tab=settings")
    updates = await tab.send(HookState.load)
    assert [shown(updates, HookState, name) for name in ("repository", "refused")] == ["tca/billing", "tca/ledger"]
    await tab.send(HookState.ask, project_id=project_id, action="accept")
    updates = await tab.send(HookState.confirm, _form={})
    assert [shown(updates, HookState, name) for name in ("repository", "refused")] == ["tca/ledger", ""]
    again = await tab.send(HookState.ask, project_id=project_id, action="accept")
    assert shown(again, HookState, "asking") is None  # nothing is refused any more


async def test_a_secret_that_is_still_shown_survives_the_acceptance_of_a_repository(console: Console) -> None:
    owner = await make_user()
    project_id = await make_project(owner)
    await refuse_another_repository(owner, project_id)
    tab = await open_page(console, owner, f"/projects/{project_id}?tab=settings")
    await tab.send(HookState.load)
    await tab.send(HookState.ask, project_id=project_id, action="rotate")
    assert shown(await tab.send(HookState.confirm, _form={}), HookState, "is_fresh") is True
    await tab.send(HookState.ask, project_id=project_id, action="accept")
    updates = await tab.send(HookState.confirm, _form={})
    assert shown(updates, HookState, "repository") == "tca/ledger"
    assert [event for update in updates for event in update.events or [] if event.name == "_set_value"] == []
    assert shown(updates, HookState, "is_fresh") is None  # unchanged
